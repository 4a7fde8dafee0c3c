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

// startCertManager runs cert-manager outside of the cluster until the end of the test. The programs
// of cert-manager are not part of its module, so test/harness/certmanager starts its controllers.
func startCertManager(t *testing.T) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "certmanager")
	module := cluster.MustRun(t, "go", "-C", "test/harness/certmanager", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager")
	cluster.MustRun(t, "go", "-C", "test/harness/certmanager", "build", "-o", program, ".")
	crds, err := filepath.Glob(filepath.Join(strings.TrimSpace(module), "deploy/crds/cert-manager.io_*.yaml"))
	if err != nil || len(crds) == 0 {
		t.Fatalf("the module of cert-manager has no CRDs: %v", err)
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

// TestCertManager applies the overlay for cert-manager. cert-manager issues the certificate, gives
// its CA to the API server, and issues another certificate after the first one was deleted.
func TestCertManager(t *testing.T) {
	ns := cluster.Namespace(t)
	startCertManager(t)
	t.Cleanup(func() {
		// Restore the webhooks without cert-manager. The configurations are recreated, since the
		// leader keeps only CAs of its own in them.
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
	wait.For(t, "the API server to trust the CA of cert-manager", func(ctx context.Context) error {
		configuration, err := cluster.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
		// cert-manager adds its CA to the trusted ones.
		if err == nil && (len(first["ca.crt"]) == 0 || !bytes.Contains(configuration.Webhooks[0].ClientConfig.CABundle, first["ca.crt"])) {
			err = fmt.Errorf("the trusted CAs are %q, the CA of the certificate is %q", configuration.Webhooks[0].ClientConfig.CABundle, first["ca.crt"])
		}
		return err
	})
	waitForWebhooks(t, ns)

	cluster.MustRun(t, "kubectl", "delete", "secret", "-n", realcluster.OperatorNamespace, secretName)
	wait.For(t, "another certificate", func(ctx context.Context) error {
		second, err := secret(ctx)
		if err == nil && bytes.Equal(second["tls.crt"], first["tls.crt"]) {
			err = fmt.Errorf("the Secret still has the first certificate")
		}
		return err
	})
	// Both certificates are from the trusted CA, so it doesn't matter which one a replica uses.
	waitForWebhooks(t, ns)
}

// secretName is the name of the Secret with the certificate of cert-manager.
const secretName = "hourglass-operator-webhook-certificate"
