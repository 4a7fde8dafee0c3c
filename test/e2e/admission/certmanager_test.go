//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// startCertManager runs cert-manager beside the cluster until the test's end. Its programs are no part of its module;
// test/harness/certmanager starts its controllers.
func startCertManager(t *testing.T) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "certmanager")
	module := cluster.MustRun(t, "go", "-C", "test/harness/certmanager", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager")
	cluster.MustRun(t, "go", "-C", "test/harness/certmanager", "build", "-o", program, ".")
	crds, err := filepath.Glob(filepath.Join(strings.TrimSpace(module), "deploy/crds/cert-manager.io_*.yaml"))
	if err != nil || len(crds) == 0 {
		t.Fatalf("cert-manager's module has no CRDs: %v", err)
	}
	files := "--filename=" + strings.Join(crds, ",")
	cluster.MustRun(t, "kubectl", "apply", "--server-side", files)
	t.Cleanup(func() {
		if _, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "delete", files); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	cluster.MustRun(t, "kubectl", "wait", "--for=condition=Established", "--timeout=60s", files)
	cluster.Background(t, regexp.MustCompile(`(Starting workers)`), program)
}

// TestCertManager has the overlay for cert-manager with cert-manager, which makes the certificate, gives the API server
// its authority, and makes another one where it got lost.
func TestCertManager(t *testing.T) {
	ns := cluster.Namespace(t)
	startCertManager(t)
	t.Cleanup(func() {
		// As it was: the configurations anew, for the leader only trusts those before that were its own.
		ctx := context.WithoutCancel(t.Context())
		for _, command := range [][]string{
			{"delete", "-n", realcluster.OperatorNamespace, "certificates,issuers", "--all"},
			{"delete", "secret", "-n", realcluster.OperatorNamespace, secretName, "hourglass-operator-webhook-authority"},
			{"delete", "-f", "deploy/webhooks/webhooks.yaml"},
			{"delete", "-n", realcluster.OperatorNamespace, "deployment/" + realcluster.OperatorDeployment},
			{"apply", "-f", "deploy/webhooks/"},
			{"rollout", "status", "-n", realcluster.OperatorNamespace, "deployment/" + realcluster.OperatorDeployment, "--timeout=120s"},
		} {
			if _, err := cluster.Kubectl(ctx, command...); err != nil {
				t.Errorf("cleaning up: %v", err)
			}
		}
	})
	cluster.MustRun(t, "kubectl", "apply", "-k", "manifests/cert-manager")
	cluster.MustRun(t, "kubectl", "rollout", "status", "-n", realcluster.OperatorNamespace, "deployment/"+realcluster.OperatorDeployment, "--timeout=180s")
	secret := func(ctx context.Context) (map[string][]byte, error) {
		found, err := cluster.Kube.CoreV1().Secrets(realcluster.OperatorNamespace).Get(ctx, secretName, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return found.Data, nil
	}
	first, err := secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the API server to trust cert-manager's authority", func(ctx context.Context) error {
		configuration, err := cluster.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
		// It adds its own to those that are trusted.
		if err == nil && (len(first["ca.crt"]) == 0 || !bytes.Contains(configuration.Webhooks[0].ClientConfig.CABundle, first["ca.crt"])) {
			err = fmt.Errorf("it trusts %q, and the certificate is of %q", configuration.Webhooks[0].ClientConfig.CABundle, first["ca.crt"])
		}
		return err
	})
	answers(t, ns)

	cluster.MustRun(t, "kubectl", "delete", "secret", "-n", realcluster.OperatorNamespace, secretName)
	wait.For(t, "another certificate", func(ctx context.Context) error {
		second, err := secret(ctx)
		if err == nil && bytes.Equal(second["tls.crt"], first["tls.crt"]) {
			err = fmt.Errorf("it is the one from before")
		}
		return err
	})
	// Whichever of the two a replica shows, both are of the authority that is trusted.
	answers(t, ns)
}

// secretName is that of the Secret with the certificate of cert-manager.
const secretName = "hourglass-operator-webhook-certificate"
