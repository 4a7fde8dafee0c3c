// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestEmptyObjectsRestartNothing puts in and takes out what Helm charts render.
func TestEmptyObjectsRestartNothing(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	before := ns.AwaitPod("performer-a-0")
	for _, patch := range []string{
		`{"spec":{"securityContext":{}}}`,
		`{"spec":{"podSecurityContext":{}}}`,
		`{"spec":{"scheduling":{"affinity":{}}}}`,
		`{"spec":{"scheduling":{"affinity":{"nodeAffinity":{},"podAntiAffinity":{}}},"securityContext":{"capabilities":{}}}}`,
		`{"spec":{"config":{"probes":{},"env":[]},"volumes":[],"podLabels":{},"hardwareRequirements":{}}}`,
		`{"spec":{"securityContext":null,"podSecurityContext":null,"scheduling":null,"volumes":null,"podLabels":null,"hardwareRequirements":null}}`,
	} {
		ns.Patch("a", patch)
		p := ns.AwaitReadyOn("a", "performer-a-0")
		if p.Status.LastUpgrade != nil {
			t.Errorf("%s: status %+v", patch, p.Status)
		}
	}
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
}

func TestEnvironmentRefersToLaterNames(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Create("a", func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"ADDR": "http://$(HOST):80", "HOST": "db"}
	})
	env := ns.AwaitPod("performer-a-0").Spec.Containers[0].Env
	want := []corev1.EnvVar{{Name: "HOST", Value: "db"}, {Name: "ADDR", Value: "http://$(HOST):80"}}
	if !slices.Equal(env, want) {
		t.Errorf("got %v, want %v", env, want)
	}
}
