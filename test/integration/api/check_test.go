// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// TestCheckAgreesWithTheAPIServer compares our validation of a spec with that of the API server for
// the pod: we refuse exactly what it refuses. Image names are left out, since the API server does
// not validate them.
func TestCheckAgreesWithTheAPIServer(t *testing.T) {
	ns := cluster.Namespace(t)
	settings := performer.Settings{TEEs: render.DefaultTEEs()}
	for i, tt := range []struct {
		name, fields string
		refused      bool
	}{
		{"nothing", ``, false},
		{"an annotation in upper case", `"podAnnotations":{"Example.COM/Key":"any text!"}`, false},
		{"an odd variable", `"config":{"environment":{"1 a-b.c":"x"}}`, false},
		{"devices", `"resources":{"requests":{"example.com/x":"1"},"limits":{"example.com/x":"1"}}`, false},
		{"devices of which the request is left out", `"resources":{"limits":{"example.com/x":"2"}}`, false},
		{"a long pull secret", `"imagePullSecrets":[{"name":"Any Name"}]`, false},
		{"huge pages", `"resources":{"requests":{"hugepages-2Mi":"4Mi","memory":"1Gi"},"limits":{"hugepages-2Mi":"4Mi","memory":"1Gi"}}`, false},
		{"a variable of no name", `"config":{"environment":{"":"x"}}`, true},
		{"a variable with =", `"config":{"environment":{"a=b":"x"}}`, true},
		{"a label's key", `"podLabels":{"a/b/c":"x"}`, true},
		{"a label's value", `"podLabels":{"a":"-x"}`, true},
		{"an annotation's key", `"podAnnotations":{"a b":"x"}`, true},
		{"a node label's value", `"hardwareRequirements":{"customLabels":{"a":"b c"}}`, true},
		{"a node selector", `"scheduling":{"nodeSelector":{"a b":"x"}}`, true},
		{"a runtime class", `"scheduling":{"runtimeClass":"A"}`, true},
		{"an account", `"config":{"serviceAccountName":"A"}`, true},
		{"a device by half", `"resources":{"limits":{"example.com/x":"500m"}}`, true},
		{"a device without limit", `"resources":{"requests":{"example.com/x":"1"}}`, true},
		{"a device with another limit", `"resources":{"requests":{"example.com/x":"1"},"limits":{"example.com/x":"2"}}`, true},
		{"a negative amount", `"resources":{"requests":{"cpu":"-1"}}`, true},
		{"a request above the limit", `"resources":{"requests":{"memory":"2Gi"},"limits":{"memory":"1Gi"}}`, true},
		{"no resource", `"resources":{"requests":{"gpu":"1"}}`, true},
		{"a key that is none", `"config":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"a b"}}}]}`, true},
		{"a Secret of no name", `"config":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"key":"k"}}}]}`, true},
		{"value and source", `"config":{"env":[{"name":"A","value":"x","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`, true},
		{"a pull secret of no name", `"imagePullSecrets":[{}]`, false},
		{"a volume's name", `"volumes":[{"name":"A","emptyDir":{}}]`, true},
		{"a mount of nothing", `"volumeMounts":[{"name":"v","mountPath":"/v"}]`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i), Namespace: ns.Name, UID: "u"}}
			p.Spec.AVSAddress, p.Spec.Image = "0x1", "repo:1"
			if err := json.Unmarshal([]byte("{"+tt.fields+"}"), &p.Spec); err != nil {
				t.Fatal(err)
			}
			if found := validation.Validate(p, settings.TEEs); tt.refused != (len(found) > 0) {
				t.Errorf("our validation returns %q", found)
			}
			pod := render.FirstPod(p, settings.TEEs)
			_, err := kube.CoreV1().Pods(ns.Name).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			if refused := apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err); refused != tt.refused {
				t.Errorf("the API server returns %v", err)
			}
		})
	}
}
