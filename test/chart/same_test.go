// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// TestAllInstallationsAreTheSame compares, field by field, what the three ways to install make by default.
func TestAllInstallationsAreTheSame(t *testing.T) {
	t.Parallel()
	deploy := readAll(t, "deploy/*.yaml")

	t.Run("dist/install.yaml", func(t *testing.T) {
		t.Parallel()
		// What make build-installer writes, for another image than the one of deploy/.
		const image = "registry.example.org:5000/team/hourglass-operator:v1.2.3"
		cmd := exec.Command(filepath.Join(root, "hack/render.sh"), image)
		cmd.Stderr = os.Stderr
		installer, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := clone(deploy)
		container(t, want)["image"] = image
		compare(t, want, parse(t, installer))
	})

	eachHelm(t, func(t *testing.T, helm string) {
		chart := render(t, helm)
		for _, o := range chart {
			metadata := o["metadata"].(map[string]any)
			labels := metadata["labels"].(map[string]any)
			// What Helm's own conventions ask for, beside the labels that deploy/ has.
			for _, label := range []string{
				"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart",
			} {
				if labels[label] == nil {
					t.Errorf("%s has no label %s", o["kind"], label)
				}
				delete(labels, label)
			}
			if o["kind"] == "CustomResourceDefinition" {
				annotations := metadata["annotations"].(map[string]any)
				if annotations["helm.sh/resource-policy"] != "keep" {
					t.Errorf("the CRD would go, with all Performers, at helm uninstall: its annotations are %v", annotations)
				}
				delete(annotations, "helm.sh/resource-policy")
			}
		}
		// Only Helm has tests.
		delete(chart, "Pod "+namespace+"/hourglass-operator-test")

		want := clone(deploy)
		// A chart can't make the namespace that its release is recorded in: helm install --create-namespace does.
		delete(want, "Namespace "+namespace)
		compare(t, want, chart)
	})
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
			t.Errorf("%s is not in deploy/", key)
		}
	}
}

// differences tells where two values differ, with the path of each field.
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
