// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestInstallationsMatch compares the objects of all ways to install, field by field: deploy/, the
// file of make build-installer, and the chart. It compares each overlay of manifests/ with the
// chart values that correspond to it.
func TestInstallationsMatch(t *testing.T) {
	t.Parallel()
	deploy := readAll(t, "deploy/*.yaml")

	t.Run("dist/install.yaml", func(t *testing.T) {
		t.Parallel()
		// The output of make build-installer, with another image than that of deploy/.
		const image = "registry.example.org:5000/team/hourglass-operator:v1.2.3"
		want := clone(deploy)
		container(t, want)["image"] = image
		compare(t, want, parse(t, output(t, repository.Path("hack/render.sh"), image)))
	})

	kustomize, err := tool("kustomize")
	if err != nil {
		t.Fatal(err)
	}
	for _, overlay := range []struct {
		name   string
		values []string
		// addedTo is the overlay that this one is installed in addition to. Empty if it is complete
		// by itself.
		addedTo string
		// namespace is the namespace that the overlay is applied to, if its objects have none.
		namespace string
	}{
		{name: "default"},
		{name: "namespaced", values: []string{"namespaces={performers}"}},
		{name: "metrics-secure", values: []string{"metrics.secure=true"}},
		{name: "webhooks", values: []string{"webhook.enabled=true"}},
		{name: "cert-manager", values: certManager()},
		{name: "monitoring", addedTo: "default", values: monitoring},
		{name: "monitoring-secure", addedTo: "metrics-secure", values: append([]string{"metrics.secure=true"}, monitoring...)},
		{name: "network-policy", addedTo: "default", values: []string{"networkPolicy.enabled=true"}},
		{name: "network-policy/performers", addedTo: "default", namespace: "a", values: []string{"networkPolicy.performers.namespaces={a}"}},
		{name: "policies", addedTo: "default", values: policies()},
	} {
		t.Run(overlay.name, func(t *testing.T) {
			t.Parallel()
			build := func(name string) objects {
				return parse(t, output(t, kustomize, "build", repository.Path("manifests", name)))
			}
			want := build(overlay.name)
			if overlay.name == "default" {
				compare(t, deploy, want)
			}
			if overlay.namespace != "" {
				for key, o := range maps.Clone(want) {
					delete(want, key)
					o["metadata"].(map[string]any)["namespace"] = overlay.namespace
					want[fmt.Sprintf("%s %s/%s", o["kind"], overlay.namespace, get(o, "metadata.name"))] = o
				}
			}
			if overlay.addedTo != "" {
				maps.Copy(want, build(overlay.addedTo))
			}
			// A chart can't create the namespace of its release: helm install --create-namespace
			// does.
			delete(want, "Namespace "+namespace)
			eachHelm(t, func(t *testing.T, helm string) {
				compare(t, want, withoutHelm(t, renderChart(t, helm, overlay.values...)))
			})
		})
	}
}

// monitoring are the values that enable all monitoring objects.
var monitoring = []string{
	"metrics.serviceMonitor.enabled=true", "metrics.prometheusRule.enabled=true", "metrics.dashboard.enabled=true",
}

// policies returns the values that enable all admission policies.
func policies() (values []string) {
	for _, policy := range []string{
		"allowedRegistries", "imageDigest", "imageTag", "resourceCeilings", "runtimeClasses", "serviceAccounts",
	} {
		values = append(values, "policies."+policy+".enabled=true")
	}
	return values
}

// withoutHelm checks and removes what only the chart has: the test pod, Helm's labels and
// annotations, and the strategy.
func withoutHelm(t *testing.T, chart objects) objects {
	t.Helper()
	// Only Helm has tests.
	delete(chart, "Pod "+namespace+"/hourglass-operator-test")
	for key, o := range chart {
		metadata := o["metadata"].(map[string]any)
		labels := metadata["labels"].(map[string]any)
		// Labels by Helm's conventions, in addition to those that all installations have.
		for _, label := range []string{
			"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart",
		} {
			if labels[label] == nil {
				t.Errorf("%s has no label %s", key, label)
			}
			delete(labels, label)
		}
		if key == deployment {
			// The chart sets the API server's default.
			spec := o["spec"].(map[string]any)
			byDefault := map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": "25%", "maxUnavailable": "25%"}}
			if !reflect.DeepEqual(spec["strategy"], byDefault) {
				t.Errorf("the strategy is %v, want the default: %v", spec["strategy"], byDefault)
			}
			delete(spec, "strategy")
		}
		if key == crd {
			annotations := metadata["annotations"].(map[string]any)
			if annotations["helm.sh/resource-policy"] != "keep" {
				t.Errorf("helm uninstall would delete the CRD with all Performers: its annotations are %v", annotations)
			}
			delete(annotations, "helm.sh/resource-policy")
		}
	}
	return chart
}

// output returns what a program prints.
func output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return printed
}

// container returns the manager's container.
func container(t *testing.T, all objects) map[string]any {
	t.Helper()
	c, ok := get(all["Deployment "+namespace+"/hourglass-operator-controller-manager"], "spec.template.spec.containers.0").(map[string]any)
	if !ok {
		t.Fatal("no Deployment with a container")
	}
	return c
}

func clone(all objects) objects {
	copied := objects{}
	for key, o := range all {
		copied[key] = deepCopy(map[string]any(o)).(map[string]any)
	}
	return copied
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = deepCopy(value)
		}
		return m
	case []any:
		s := make([]any, len(v))
		for i, value := range v {
			s[i] = deepCopy(value)
		}
		return s
	}
	return v
}

// compare reports each field in which two installations differ.
func compare(t *testing.T, want, got objects) {
	t.Helper()
	if len(want) < 10 {
		t.Fatalf("nothing to compare with: %v", slices.Sorted(maps.Keys(want)))
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] == nil {
			t.Errorf("%s is missing", key)
			continue
		}
		for _, difference := range differences("", map[string]any(want[key]), map[string]any(got[key])) {
			t.Errorf("%s: %s", key, difference)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if want[key] == nil {
			t.Errorf("%s is unexpected", key)
		}
	}
}

// differences returns the fields in which two values differ, with their paths.
func differences(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := maps.Clone(want)
		maps.Copy(keys, got)
		var all []string
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			all = append(all, differences(path+"."+key, want[key], got[key])...)
		}
		return all
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			break
		}
		var all []string
		for i := range want {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
		}
		return all
	}
	if reflect.DeepEqual(want, got) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
}

// TestDifferences tests the comparison itself.
func TestDifferences(t *testing.T) {
	t.Parallel()
	a := map[string]any{"a": []any{map[string]any{"b": 1.0}}, "c": "x"}
	for name, other := range map[string]map[string]any{
		"changed value":           {"a": []any{map[string]any{"b": 2.0}}, "c": "x"},
		"added key in an element": {"a": []any{map[string]any{"b": 1.0, "d": 1.0}}, "c": "x"},
		"added keys":              {"a": []any{map[string]any{"b": 1.0}}, "c": "x", "d": nil, "e": "y"},
		"removed key":             {"a": []any{map[string]any{"b": 1.0}}},
		"added element":           {"a": []any{map[string]any{"b": 1.0}, "x"}, "c": "x"},
		"changed type":            {"a": map[string]any{"b": 1.0}, "c": "x"},
		"empty":                   {},
	} {
		if len(differences("", a, other)) == 0 {
			t.Errorf("%s: no difference found", name)
		}
	}
	if found := differences("", a, deepCopy(a)); len(found) > 0 {
		t.Errorf("a copy differs: %v", found)
	}
}
