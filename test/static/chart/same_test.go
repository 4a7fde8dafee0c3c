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

// TestAllInstallationsAreTheSame compares, field by field, what the ways to install make: deploy/, the file of make
// build-installer, and the chart; and each overlay of manifests/ with the values that stand for it.
func TestAllInstallationsAreTheSame(t *testing.T) {
	t.Parallel()
	deploy := readAll(t, "deploy/*.yaml")

	t.Run("dist/install.yaml", func(t *testing.T) {
		t.Parallel()
		// What make build-installer writes, for another image than the one of deploy/.
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
		// beside is the overlay that it is installed beside, if it is no installation by itself.
		beside string
		// into is the namespace that it is applied to, if it names none.
		into string
	}{
		{name: "default"},
		{name: "namespaced", values: []string{"namespaces={performers}"}},
		{name: "metrics-secure", values: []string{"metrics.secure=true"}},
		{name: "webhooks", values: []string{"webhook.enabled=true"}},
		{name: "cert-manager", values: certManager()},
		{name: "monitoring", beside: "default", values: monitoring},
		{name: "monitoring-secure", beside: "metrics-secure", values: append([]string{"metrics.secure=true"}, monitoring...)},
		{name: "network-policy", beside: "default", values: []string{"networkPolicy.enabled=true"}},
		{name: "network-policy/performers", beside: "default", into: "a", values: []string{"networkPolicy.performers.namespaces={a}"}},
		{name: "policies", beside: "default", values: policies()},
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
			if overlay.into != "" {
				for key, o := range maps.Clone(want) {
					delete(want, key)
					o["metadata"].(map[string]any)["namespace"] = overlay.into
					want[fmt.Sprintf("%s %s/%s", o["kind"], overlay.into, get(o, "metadata.name"))] = o
				}
			}
			if overlay.beside != "" {
				maps.Copy(want, build(overlay.beside))
			}
			// A chart can't make the namespace that its release is recorded in: helm install --create-namespace does.
			delete(want, "Namespace "+namespace)
			eachHelm(t, func(t *testing.T, helm string) {
				compare(t, want, withoutHelm(t, renderChart(t, helm, overlay.values...)))
			})
		})
	}
}

// monitoring and policies are values that turn on all of these.
var monitoring = []string{
	"metrics.serviceMonitor.enabled=true", "metrics.prometheusRule.enabled=true", "metrics.dashboard.enabled=true",
}

func policies() (values []string) {
	for _, policy := range []string{
		"allowedRegistries", "imageDigest", "imageTag", "resourceCeilings", "runtimeClasses", "serviceAccounts",
	} {
		values = append(values, "policies."+policy+".enabled=true")
	}
	return values
}

// withoutHelm takes from what the chart makes what is Helm's alone, after a look at it.
func withoutHelm(t *testing.T, chart objects) objects {
	t.Helper()
	// Only Helm has tests.
	delete(chart, "Pod "+namespace+"/hourglass-operator-test")
	for key, o := range chart {
		metadata := o["metadata"].(map[string]any)
		labels := metadata["labels"].(map[string]any)
		// What Helm's own conventions ask for, beside the labels that all installations have.
		for _, label := range []string{
			"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart",
		} {
			if labels[label] == nil {
				t.Errorf("%s has no label %s", key, label)
			}
			delete(labels, label)
		}
		if key == deployment {
			// What the API server fills in for the others.
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
				t.Errorf("the CRD would go, with all Performers, at helm uninstall: its annotations are %v", annotations)
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
			t.Errorf("%s is too much", key)
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

// TestDifferencesAreSeen makes sure that the comparison is one.
func TestDifferencesAreSeen(t *testing.T) {
	t.Parallel()
	a := map[string]any{"a": []any{map[string]any{"b": 1.0}}, "c": "x"}
	for name, other := range map[string]map[string]any{
		"another value":   {"a": []any{map[string]any{"b": 2.0}}, "c": "x"},
		"one more in it":  {"a": []any{map[string]any{"b": 1.0, "d": 1.0}}, "c": "x"},
		"one more":        {"a": []any{map[string]any{"b": 1.0}}, "c": "x", "d": nil, "e": "y"},
		"one less":        {"a": []any{map[string]any{"b": 1.0}}},
		"a longer list":   {"a": []any{map[string]any{"b": 1.0}, "x"}, "c": "x"},
		"another kind":    {"a": map[string]any{"b": 1.0}, "c": "x"},
		"nothing for all": {},
	} {
		if len(differences("", a, other)) == 0 {
			t.Errorf("%s: no difference", name)
		}
	}
	if found := differences("", a, deepCopy(a)); len(found) > 0 {
		t.Errorf("a copy differs: %v", found)
	}
}
