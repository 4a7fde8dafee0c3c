// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	manageroptions "github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

// TestManagerOptionsMatchObjects parses the rendered arguments and environment with the manager's
// own code, and compares the options with the other objects that the chart renders.
func TestManagerOptionsMatchObjects(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{
		nil,
		singleReplica("operator.env.leaderElection=false", "operator.env.logLevel=debug", "operator.env.logFormat=json"),
		{"metrics.enabled=false", "operator.env.healthCheckPort=9091", "namespaces={a,b}"},
		{"metrics.secure=true", "metrics.certificateSecret=s", "operator.clusterDomain=cluster.example", "development.enabled=true"},
		{"webhook.enabled=true", "operator.env.metricsPort=9090"},
		{"webhook.enabled=true", "operator.env.webhookPort=9444", "fullnameOverride=x"},
		certManager("fullnameOverride=x"),
	} {
		given := strings.Join(values, " ")
		fullname := usualRelease
		if slices.Contains(values, "fullnameOverride=x") {
			fullname = "x"
		}
		all := renderChart(t, helms["helm4"], append([]string{"crd.install=false"}, values...)...)
		checkManager(t, given, namespace, fullname, all)
	}
}

// checkManager checks that the options in the manager's Deployment match the other objects of the
// installation: container ports, Lease, webhook configurations and permissions.
func checkManager(t *testing.T, given, namespace, fullname string, all objects) {
	t.Helper()
	deployment := all["Deployment "+namespace+"/"+fullname+"-controller-manager"]
	options := options(t, deployment, podSpec)
	ports := map[string]string{}
	for i := 0; get(deployment, fmt.Sprintf(container0+"ports.%d", i)) != nil; i++ {
		name := get(deployment, fmt.Sprintf(container0+"ports.%d.name", i))
		ports[fmt.Sprint(name)] = fmt.Sprint(get(deployment, fmt.Sprintf(container0+"ports.%d.containerPort", i)))
	}
	wantPorts := map[string]string{"health": strings.TrimPrefix(options.HealthProbeBindAddress, ":")}
	if options.MetricsBindAddress != "0" {
		wantPorts["metrics"] = strings.TrimPrefix(options.MetricsBindAddress, ":")
	}
	if options.EnableWebhooks {
		wantPorts["webhooks"] = fmt.Sprint(options.WebhookPort)
	}
	if fmt.Sprint(ports) != fmt.Sprint(wantPorts) {
		t.Errorf("%s: the container's ports are %v, want those that the manager listens on: %v", given, ports, wantPorts)
	}

	lease := get(all["Role "+namespace+"/"+fullname+"-leader-election"], "rules.1.resourceNames.0")
	if options.LeaderElection.Enabled != (lease != nil) || lease != nil && lease != options.LeaderElection.ResourceName {
		t.Errorf("%s: the manager uses the Lease %s (leader election: %t), and has permissions on %v",
			given, options.LeaderElection.ResourceName, options.LeaderElection.Enabled, lease)
	}
	if !options.EnableWebhooks {
		return
	}
	for _, key := range []string{
		"Service " + namespace + "/" + options.WebhookService,
		"ValidatingWebhookConfiguration " + options.WebhookConfiguration,
		"MutatingWebhookConfiguration " + options.WebhookConfiguration,
	} {
		if all[key] == nil {
			t.Errorf("%s: the manager uses %s, which does not exist", given, key)
		}
	}
	secret := get(all["Role "+namespace+"/"+fullname+"-webhook-ca"], "rules.1.resourceNames.0")
	trusts := get(all["ClusterRole "+fullname+"-webhook-trust"], "rules.0.resourceNames.0")
	if options.CertDir != "" {
		if secret != nil || trusts != nil {
			t.Errorf("%s: the manager does not manage certificates, but has permissions on %v and %v", given, secret, trusts)
		}
		return
	}
	if secret != options.WebhookCASecret {
		t.Errorf("%s: the manager stores its CA in Secret %s, but has permissions on %v", given, options.WebhookCASecret, secret)
	}
	if trusts != options.WebhookConfiguration {
		t.Errorf("%s: the manager injects its CA into %s, but has permissions on %v", given, options.WebhookConfiguration, trusts)
	}
}

// environment returns a lookup of the environment variables of the container in the pod spec at a
// path of an object.
func environment(o object, path string) func(string) (string, bool) {
	return func(variable string) (string, bool) {
		for i := 0; ; i++ {
			name := get(o, fmt.Sprintf("%scontainers.0.env.%d.name", path, i))
			if name == nil {
				return "", false
			}
			if name == variable {
				value, ok := get(o, fmt.Sprintf("%scontainers.0.env.%d.value", path, i)).(string)
				return value, ok
			}
		}
	}
}

// TestReservedFlagsExist checks the lists of the flags and variables that operator.extraArgs and
// operator.extraEnv must not set, because other values do.
func TestReservedFlagsExist(t *testing.T) {
	t.Parallel()
	template := string(read(t, "deploy/charts/hourglass-operator/templates/_validate.tpl"))
	for list, prefix := range map[string]string{"flags": "--", "variables": ""} {
		_, text, _ := strings.Cut(template, `{{- define "hourglass-operator.`+list+`" -}}`)
		text, _, found := strings.Cut(text, "{{- end -}}")
		var owners map[string]string
		if err := yaml.Unmarshal([]byte(text), &owners); err != nil || !found || len(owners) == 0 {
			t.Fatalf("_validate.tpl has no list of %s: %v", list, err)
		}
		for name := range owners {
			if !regexp.MustCompile(`(?m)^ +(-\w, )?` + prefix + name + `\b`).MatchString(manageroptions.Help()) {
				t.Errorf("manager --help does not list %s%s", prefix, name)
			}
		}
	}
}
