// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestReleaseNames checks the names of objects for releases with other names and in other
// namespaces, and that each object that another one refers to exists.
func TestReleaseNames(t *testing.T) {
	t.Parallel()
	for _, release := range []struct{ name, namespace, fullname string }{
		{"hourglass-operator", namespace, "hourglass-operator"},
		{"my-hourglass-operator", namespace, "my-hourglass-operator"},
		{"prod", namespace, "prod-hourglass-operator"},
		{strings.Repeat("x", 53), namespace, strings.Repeat("x", 43)},
		// The name contains the text that the chart replaces in the copies of manifests/.
		{"hourglass-system", "other", "hourglass-system-hourglass-operator"},
		{"hourglass-operator-b", "hourglass-operator-system", "hourglass-operator-b"},
	} {
		for kind, values := range map[string][]string{
			"self-managed": {"webhook.enabled=true", "metrics.secure=true"},
			"cert-manager": certManager("namespaces={a,b}"),
		} {
			eachHelm(t, func(t *testing.T, helm string) {
				values := slices.Concat(values, monitoring, policies(), []string{"crd.install=false", "networkPolicy.enabled=true"})
				rendered, refusal := helmTemplate(t, helm, release.name, append(sets(values), "--namespace", release.namespace)...)
				if refusal != "" {
					t.Fatalf("%s: %s", release.name, refusal)
				}
				given := release.name + ", " + kind
				checkManager(t, given, release.namespace, release.fullname, rendered)
				for key, o := range rendered {
					name := fmt.Sprint(get(o, "metadata.name"))
					if !strings.HasPrefix(name, release.fullname) {
						t.Errorf("%s: the name of %s does not start with %s", given, key, release.fullname)
					}
					if len(name) > 63 {
						t.Errorf("%s: the name of %s has %d characters, want at most 63", given, key, len(name))
					}
					if in := get(o, "metadata.namespace"); in != nil && !slices.Contains([]any{release.namespace, "a", "b"}, in) {
						t.Errorf("%s: %s is in an unexpected namespace", given, key)
					}
					for _, reference := range references(o) {
						if rendered[reference] == nil {
							t.Errorf("%s: %s refers to %s, which does not exist", given, key, reference)
						}
					}
					for _, selector := range []string{"spec.matchConstraints", "webhooks.0"} {
						excluded := get(o, selector+".namespaceSelector.matchExpressions.0")
						if get(o, selector) != nil && fmt.Sprint(excluded) != fmt.Sprintf("map[key:kubernetes.io/metadata.name operator:NotIn values:[%s]]", release.namespace) {
							t.Errorf("%s: the namespace selector of %s excludes %v, want the operator's namespace", given, key, excluded)
						}
					}
				}
			})
		}
	}
}

// TestNumericNames checks that names that consist of digits are rendered as strings.
func TestNumericNames(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		if _, refusal := helmTemplate(t, helm, "1234"); !strings.Contains(refusal, "fullnameOverride: Services can't have names that begin with 1234-hourglass-operator: set a prefix of lower-case letters, digits and - that begins with a letter") {
			t.Errorf("a name that no Service can have is rejected with %q", refusal)
		}
		const digits = "serviceAccount.name=12,scheduling.priorityClassName=13,metrics.certificateSecret=14,imagePullSecrets[0].name=15," +
			"operator.image.repository=16,operator.image.tag=17,commonLabels.a=18,namespaces={19}"
		for given, values := range map[string][]string{
			digits: {"webhook.enabled=true"},
			digits + ",webhook.certificate.secretName=10": certManager(),
		} {
			values = slices.Concat(values, monitoring, policies(), []string{"fullnameOverride=x", "crd.install=false", "metrics.secure=true"})
			rendered, refusal := helmTemplate(t, helm, "1234", append(sets(values), "--set-string", given, "--namespace", "12345")...)
			if refusal != "" {
				t.Fatal(refusal)
			}
			for key, o := range rendered {
				for _, path := range []string{
					"metadata.name", "metadata.namespace", "metadata.labels.[app.kubernetes.io/instance]", "metadata.labels.a",
					"subjects.0.name", "subjects.0.namespace", "spec.secretName", "webhooks.0.clientConfig.service.namespace",
					"webhooks.0.namespaceSelector.matchExpressions.0.values.0", "spec.matchConstraints.namespaceSelector.matchExpressions.0.values.0",
					podSpec + "serviceAccountName", podSpec + "priorityClassName", podSpec + "volumes.0.secret.secretName",
					podSpec + "volumes.1.secret.secretName", podSpec + "imagePullSecrets.0.name", container0 + "image",
				} {
					if value := get(o, path); value != nil && reflect.TypeOf(value).Kind() != reflect.String {
						t.Errorf("%s: %s is %v, want a string", key, path, value)
					}
				}
			}
		}
	})
}

// references returns the keys of the objects that an object refers to.
func references(o object) (keys []string) {
	in := get(o, "metadata.namespace")
	add := func(kind any, namespace, name any) {
		switch {
		case name == nil:
		case namespace == nil:
			keys = append(keys, fmt.Sprintf("%v %v", kind, name))
		default:
			keys = append(keys, fmt.Sprintf("%v %v/%v", kind, namespace, name))
		}
	}
	if kind := get(o, "roleRef.kind"); kind == "Role" {
		add(kind, in, get(o, "roleRef.name"))
	} else if kind != nil {
		add(kind, nil, get(o, "roleRef.name"))
	}
	add(get(o, "subjects.0.kind"), get(o, "subjects.0.namespace"), get(o, "subjects.0.name"))
	add("Service", get(o, "webhooks.0.clientConfig.service.namespace"), get(o, "webhooks.0.clientConfig.service.name"))
	if from, ok := get(o, "metadata.annotations.[cert-manager.io/inject-ca-from]").(string); ok {
		keys = append(keys, "Certificate "+from)
	}
	switch o["kind"] {
	case "Certificate":
		add("Issuer", in, get(o, "spec.issuerRef.name"))
		if dns, ok := get(o, "spec.dnsNames.0").(string); ok {
			service, rest, _ := strings.Cut(dns, ".")
			add("Service", strings.TrimSuffix(rest, ".svc"), service)
		}
	case "ValidatingAdmissionPolicyBinding":
		add("ValidatingAdmissionPolicy", nil, get(o, "spec.policyName"))
		add(o["kind"], nil, get(o, "spec.paramRef.name"))
	case "Deployment":
		add("ServiceAccount", in, get(o, podSpec+"serviceAccountName"))
	}
	return keys
}
