//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// withAccount is a Performer that all policies accept, except for the one on service accounts.
const withAccount = `
apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata: {name: newer}
spec:
  avsAddress: "0x0123456789abcdef0123456789abcdef01234567"
  image: ghcr.io/team/avs@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  config: {serviceAccountName: admin}
  resources: {limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}}
`

// TestPoliciesWithTheOperator installs all admission policies with kubectl. The operator must still
// manage a Performer that is older than the policies. test/integration tests what each policy
// refuses.
func TestPoliciesWithTheOperator(t *testing.T) {
	ns := cluster.Namespace(t)
	// It is older than the policies and violates most of them.
	ns.CreateReady(t, ns.Performer("older"))
	if _, err := cluster.Kubectl(t.Context(), "apply", "-k", "manifests/policies"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "delete", "-k", "manifests/policies", "--ignore-not-found")
		if err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})

	// Kubernetes checks the expressions against the types in the CRD.
	wait.For(t, "the type check of the policies", func(ctx context.Context) error {
		policies, err := cluster.Kube.AdmissionregistrationV1().ValidatingAdmissionPolicies().
			List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=hourglass-operator"})
		if err != nil {
			return err
		}
		if len(policies.Items) != 6 {
			return fmt.Errorf("there are %d policies, want 6", len(policies.Items))
		}
		for _, policy := range policies.Items {
			checked := policy.Status.TypeChecking
			if policy.Status.ObservedGeneration != policy.Generation || checked == nil {
				return fmt.Errorf("%s is not checked yet", policy.Name)
			}
			if len(checked.ExpressionWarnings) > 0 {
				return fmt.Errorf("%s: %v", policy.Name, checked.ExpressionWarnings)
			}
		}
		return nil
	})

	const refusal = `performers.hourglass.eigenlayer.io "newer" is forbidden: ` +
		"ValidatingAdmissionPolicy 'hourglass-operator-service-accounts' with binding 'hourglass-operator-service-accounts' denied request: " +
		`spec.config.serviceAccountName: service account "admin" is not allowed: expected none`
	wait.For(t, "the policy to refuse Performer newer", func(ctx context.Context) error {
		_, err := cluster.Apply(ctx, ns.Name, withAccount)
		if err == nil {
			// A policy is enforced about a second after it was created.
			_, err = cluster.Kubectl(ctx, "delete", "performer", "newer", "-n", ns.Name)
			return errors.Join(errors.New("Performer newer was accepted"), err)
		}
		if !strings.Contains(err.Error(), refusal) {
			return err
		}
		return nil
	})

	// The operator still manages the older one: it creates a pod, updates the status and removes
	// the finalizer.
	ns.Patch(t, "older", `{"spec":{"version":"2"}}`)
	ns.WaitFor(t, "older", "to be ready on its second pod", realcluster.ReadyOn(1))
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "older", "-n", ns.Name, "--wait=false"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "Performer older to be gone", ns.Gone("older"))

	if _, err := cluster.Kubectl(t.Context(), "delete", "-k", "manifests/policies"); err != nil {
		t.Fatal(err)
	}
	left, err := cluster.Kubectl(t.Context(), "get", "validatingadmissionpolicies,validatingadmissionpolicybindings", "-o", "name")
	if err != nil || strings.Contains(left, "hourglass") {
		t.Errorf("objects left in the cluster: %s %v", left, err)
	}
}
