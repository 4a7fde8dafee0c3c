// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PerformersPath returns the path at which the API server has the Performers of a namespace.
func PerformersPath(namespace string) string {
	return "/apis/hourglass.eigenlayer.io/v1alpha1/namespaces/" + namespace + "/performers"
}

// Post creates a Performer as a client without our Go types does, with the strict validation of
// kubectl. The spec is JSON.
func (c *Cluster) Post(t testing.TB, namespace, name, spec string) error {
	t.Helper()
	return c.post(t, namespace, name, spec, "")
}

// DryRunPost is Post without an effect.
func (c *Cluster) DryRunPost(t testing.TB, namespace, name, spec string) error {
	t.Helper()
	return c.post(t, namespace, name, spec, metav1.DryRunAll)
}

func (c *Cluster) post(t testing.TB, namespace, name, spec, dryRun string) error {
	t.Helper()
	body := fmt.Sprintf(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":%q},"spec":%s}`, name, spec)
	request := c.Hourglass.HourglassV1alpha1().RESTClient().Post().AbsPath(PerformersPath(namespace)).
		Param("fieldValidation", metav1.FieldValidationStrict).
		SetHeader("Content-Type", "application/json")
	if dryRun != "" {
		request.Param("dryRun", dryRun)
	}
	return request.Body([]byte(body)).Do(t.Context()).Error()
}

// SpecWith returns the smallest valid spec, as JSON, with the given fields added, also JSON.
func SpecWith(t testing.TB, fields string) string {
	t.Helper()
	spec := map[string]any{"avsAddress": "0x1", "image": "repo:1"}
	if err := json.Unmarshal([]byte("{"+fields+"}"), &spec); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// CheckRefusal fails the test unless err holds all parts of want or, if want is empty, is nil.
func CheckRefusal(t testing.TB, err error, want []string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message lacks %q:\n%v", part, err)
		}
	}
}
