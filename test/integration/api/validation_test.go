// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestWhatTheAPIRefuses(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	with := func(fields string) string { return `{"avsAddress":"0x1","image":"repo:1",` + fields + `}` }
	env := func(n int) string {
		variables := map[string]string{}
		for i := range n {
			variables[fmt.Sprintf("V%d", i)] = "x"
		}
		text, err := json.Marshal(variables)
		if err != nil {
			t.Fatal(err)
		}
		return with(`"config":{"environment":` + string(text) + `}`)
	}
	tests := []struct {
		name, spec string
		want       []string // all in the message; none: accepted
	}{
		{"the least", `{"avsAddress":"0x1","image":"repo:1"}`, nil},
		{"the specification's example", `{"avsAddress":"0x123...","image":"my-avs:latest","imagePullPolicy":"Never","config":{"grpcPort":8080}}`, nil},
		{"no image", `{"avsAddress":"0x1"}`, []string{"spec.image: Required value"}},
		{"an empty image", `{"avsAddress":"0x1","image":""}`, []string{"spec.image", "at least 1 char"}},
		{"an image with white space", `{"avsAddress":"0x1","image":" repo:1"}`, []string{"spec.image", "white space"}},
		{"no avsAddress", `{"image":"repo:1"}`, []string{"spec.avsAddress: Required value"}},
		{"an empty avsAddress", `{"avsAddress":"","image":"repo:1"}`, []string{"spec.avsAddress", "at least 1 char"}},
		{"an avsAddress that is no label", `{"avsAddress":"a b/` + strings.Repeat("c", 200) + `","image":"repo:1"}`, nil},
		{"an avsAddress that is too long", `{"avsAddress":"` + strings.Repeat("c", 257) + `","image":"repo:1"}`, []string{"spec.avsAddress", "256"}},
		{"port 0", with(`"config":{"grpcPort":0}`), []string{"spec.config.grpcPort", "greater than or equal to 1"}},
		{"port 70000", with(`"config":{"grpcPort":70000}`), []string{"spec.config.grpcPort", "less than or equal to 65535"}},
		{"port 65535", with(`"config":{"grpcPort":65535}`), nil},
		{"a pull policy that is none", with(`"imagePullPolicy":"Sometimes"`), []string{"spec.imagePullPolicy", `"Always"`}},
		{"a quantity that is none", with(`"resources":{"limits":{"cpu":"much"}}`), []string{"spec.resources.limits.cpu"}},
		{"a resource claim", with(`"resources":{"claims":[{"name":"x"}]}`), []string{"spec.resources", "claims are not supported"}},
		{"a negative GPU count", with(`"hardwareRequirements":{"gpuCount":-1}`), []string{"spec.hardwareRequirements.gpuCount"}},
		{"the longest drainSeconds", with(`"upgradeStrategy":{"drainSeconds":86400},"terminationGracePeriodSeconds":86400`), nil},
		{"drainSeconds that is too long", with(`"upgradeStrategy":{"drainSeconds":86401}`), []string{"spec.upgradeStrategy.drainSeconds", "less than or equal to 86400"}},
		{"a negative drainSeconds", with(`"upgradeStrategy":{"drainSeconds":-1}`), []string{"spec.upgradeStrategy.drainSeconds", "greater than or equal to 0"}},
		{"a grace period that is too long", with(`"terminationGracePeriodSeconds":86401`), []string{"spec.terminationGracePeriodSeconds", "less than or equal to 86400"}},
		{"a name twice in environmentFrom",
			with(`"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`),
			[]string{"spec.config.environmentFrom[1]", "Duplicate", "A"}},
		{"a name in environment and environmentFrom",
			with(`"config":{"environment":{"A":"1","B":"2"},"environmentFrom":[{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`),
			[]string{"spec.config", "environment and environmentFrom both set B"}},
		{"different names in environment and environmentFrom",
			with(`"config":{"environment":{"A":"1"},"environmentFrom":[{"name":"B","valueFrom":{"configMapKeyRef":{"name":"s","key":"k","optional":true}}}]}`), nil},
		{"both sources", with(`"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"},"configMapKeyRef":{"name":"s","key":"k"}}}]}`),
			[]string{"spec.config.environmentFrom[0].valueFrom", "exactly one of secretKeyRef and configMapKeyRef"}},
		{"no source", with(`"config":{"environmentFrom":[{"name":"A","valueFrom":{}}]}`),
			[]string{"spec.config.environmentFrom[0].valueFrom", "exactly one of secretKeyRef and configMapKeyRef"}},
		{"a variable's name with =", with(`"config":{"environmentFrom":[{"name":"A=B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`),
			[]string{"spec.config.environmentFrom[0].name", "must not contain '='"}},
		{"256 variables", env(256), nil},
		{"257 variables", env(257), []string{"spec.config.environment", "256"}},
		{"an unknown field", with(`"imgae":"x"`), []string{`unknown field "spec.imgae"`}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			controlplane.CheckRefusal(t, cluster.Post(t, namespace, fmt.Sprintf("p%d", i), tt.spec), tt.want)
		})
	}
}

func TestNamesAreCheckedOnlyAtCreation(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	const spec = `{"avsAddress":"0x1","image":"repo:1"}`
	for name, want := range map[string][]string{
		strings.Repeat("a", 53): nil,
		strings.Repeat("a", 54): {"metadata.name must be at most 53 characters"},
		"a.b":                   {"metadata.name must not contain a dot", "use a dash"},
	} {
		controlplane.CheckRefusal(t, cluster.Post(t, namespace, name, spec), want)
	}

	// An object with such a name that got in before the rule was there can still be edited, and
	// lose its finalizer.
	old := withoutRules(t, func() string {
		if err := cluster.Post(t, namespace, "old.name", spec); err != nil {
			t.Fatal(err)
		}
		return "old.name"
	})
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	for _, patch := range []string{
		`{"metadata":{"labels":{"a":"b"},"finalizers":["a/b"]}}`,
		`{"spec":{"image":"repo:2"}}`,
		`{"metadata":{"finalizers":null}}`,
	} {
		if _, err := performers.Patch(t.Context(), old, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Errorf("%s on an older object: %v", patch, err)
		}
	}
}

// withoutRules runs create while the CRD has no rules on the whole object.
func withoutRules(t *testing.T, create func() string) string {
	t.Helper()
	const path = "/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations"
	crd := func(patch string) {
		t.Helper()
		err := kube.Discovery().RESTClient().Patch(types.JSONPatchType).
			AbsPath("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "performers.hourglass.eigenlayer.io").
			Body([]byte(patch)).Do(t.Context()).Error()
		if err != nil {
			t.Fatal(err)
		}
	}
	// The server takes a moment to go by a changed CRD.
	refuses := func() bool {
		err := hourglass.HourglassV1alpha1().RESTClient().Post().AbsPath(controlplane.PerformersPath("default")).
			Param("dryRun", "All").SetHeader("Content-Type", "application/json").
			Body([]byte(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":"a.b"},"spec":{"avsAddress":"0","image":"r"}}`)).
			Do(t.Context()).Error()
		return apierrors.IsInvalid(err)
	}
	crd(`[{"op":"remove","path":"` + path + `"}]`)
	wait.Until(t, "the CRD to have no rules", func() bool { return !refuses() })
	name := create()
	if err := cluster.InstallCRD(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "the CRD to have its rules again", refuses)
	return name
}

func TestDefaults(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	if err := cluster.Post(t, namespace, "p", `{"avsAddress":"0x1","image":"repo:1"}`); err != nil {
		t.Fatal(err)
	}
	p, err := hourglass.HourglassV1alpha1().Performers(namespace).Get(t.Context(), "p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Spec.Config.GRPCPort != 9090 || p.Spec.ImagePullPolicy != "IfNotPresent" || p.Status.ObservedGeneration != -1 {
		t.Errorf("port %d, pull policy %s, observedGeneration %d", p.Spec.Config.GRPCPort, p.Spec.ImagePullPolicy, p.Status.ObservedGeneration)
	}
}

func TestFieldSelectors(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	for name, avs := range map[string]string{"a": "0x1", "b": "0x2"} {
		if err := cluster.Post(t, namespace, name, `{"avsAddress":"`+avs+`","image":"repo:1"}`); err != nil {
			t.Fatal(err)
		}
	}
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	list, err := performers.List(t.Context(), metav1.ListOptions{FieldSelector: "spec.avsAddress=0x2,status.phase!=Running"})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Name != "b" {
		t.Errorf("got %d Performers", len(list.Items))
	}
}
