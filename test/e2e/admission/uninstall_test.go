//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

// what is there of webhooks besides the operator itself.
var webhookObjects = []string{
	"mutatingwebhookconfiguration/hourglass-operator-webhook", "validatingwebhookconfiguration/hourglass-operator-webhook",
	"clusterrole/hourglass-operator-webhook-trust", "clusterrolebinding/hourglass-operator-webhook-trust",
	"service/hourglass-operator-webhook-service", "role/hourglass-operator-webhook-ca", "rolebinding/hourglass-operator-webhook-ca",
	"secret/hourglass-operator-webhook-ca",
}

func assertNoWebhooks(t *testing.T) {
	t.Helper()
	for _, object := range webhookObjects {
		found, err := cluster.Kubectl(t.Context(), "get", object, "-n", framework.OperatorNamespace, "--ignore-not-found", "-o", "name")
		if err != nil || found != "" {
			t.Errorf("left: %s %v", found, err)
		}
	}
}

// TestWebhooksAreTurnedOffAndUninstalled is the last: first the webhooks go, then, turned on again, the whole operator.
func TestWebhooksAreTurnedOffAndUninstalled(t *testing.T) {
	ns := cluster.Namespace(t)
	answers(t, ns)
	before := ns.CreateReady(t, ns.Performer("a"))
	for _, command := range [][]string{
		{"delete", "-f", "deploy/webhooks/webhooks.yaml"},
		{"apply", "-f", "deploy/"},
		{"rollout", "status", "-n", framework.OperatorNamespace, "deployment/" + framework.OperatorDeployment, "--timeout=120s"},
		{"delete", "secret", "-n", framework.OperatorNamespace, "hourglass-operator-webhook-ca"},
	} {
		if _, err := cluster.Kubectl(t.Context(), command...); err != nil {
			t.Fatal(err)
		}
	}
	assertNoWebhooks(t)
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(mistaken, "b")); err != nil {
		t.Errorf("with the webhooks off: %v", err)
	}
	if now := ns.WaitReady(t, "a"); now.Status.PodName != before.Status.PodName || now.Status.PodOrdinal != before.Status.PodOrdinal {
		t.Errorf("the performer runs in %s, before in %s", now.Status.PodName, before.Status.PodName)
	}

	if _, err := cluster.Kubectl(t.Context(), "apply", "-f", "deploy/webhooks/"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Undeploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	assertNoWebhooks(t)
	left, err := cluster.Kubectl(t.Context(), "get", "clusterroles,clusterrolebindings,crds,mutatingwebhookconfigurations,validatingwebhookconfigurations", "-o", "name")
	if err != nil || strings.Contains(left, "hourglass") {
		t.Errorf("left in the cluster: %s %v", left, err)
	}
}
