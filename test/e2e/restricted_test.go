//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// restrictedContexts are the security contexts with which a Performer runs under Pod Security
// restricted. The operator sets the other fields that the level requires by itself.
const restrictedContexts = `{"spec":{"podSecurityContext":{"runAsNonRoot":true},"securityContext":{"capabilities":{"drop":["ALL"]}}}}`

func TestPodSecurityRestricted(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	label := "pod-security.kubernetes.io/enforce=restricted"
	if _, err := cluster.Kubectl(t.Context(), "label", "namespace", ns.Name, label); err != nil {
		t.Fatal(err)
	}

	ns.Create(t, ns.Performer("a"))
	refused := ns.WaitFor(t, "a", "to report that its pod is refused", realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "PodRefused",
		`violates PodSecurity "restricted:latest": unrestricted capabilities`))
	wait.For(t, "an event PodRefused", func(ctx context.Context) error {
		return ns.HasEvent(ctx, "a", corev1.EventTypeWarning, "PodRefused")
	})
	if err := realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "PodRefused", "runAsNonRoot != true")(refused); err != nil {
		t.Error(err)
	}

	ns.Patch(t, "a", restrictedContexts)
	ns.WaitReady(t, "a")
	assertServes(t, ns, "performer-a-0")
}
