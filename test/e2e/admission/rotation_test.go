//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// admissions sends requests for admission at a constant rate until end.
type admissions struct {
	stop   context.CancelFunc
	ended  sync.WaitGroup
	sent   atomic.Int64
	mu     sync.Mutex
	failed []string
}

// perSecond is the number of requests a second, and maxAdmissions their maximum number.
const (
	perSecond     = 50
	maxAdmissions = 50 * 60 * 10
)

// startAdmissions creates Performers in a dry run, for which the API server calls the webhooks and
// stores nothing.
func startAdmissions(t *testing.T, ns *realcluster.Namespace) *admissions {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	a := &admissions{stop: stop}
	t.Cleanup(func() {
		stop()
		a.ended.Wait()
	})
	turns := make(chan struct{})
	a.ended.Go(func() {
		defer close(turns)
		ticker := time.NewTicker(time.Second / perSecond)
		defer ticker.Stop()
		for range maxAdmissions {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			select {
			case <-ctx.Done():
				return
			case turns <- struct{}{}:
			}
		}
	})
	for range 8 {
		a.ended.Go(func() {
			for range turns {
				// A request that has begun is not canceled, since it would count as failed.
				ctx := context.WithoutCancel(ctx)
				p := ns.Performer("load")
				p.GenerateName, p.Name = "load-", ""
				made, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Create(ctx, p, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				a.sent.Add(1)
				switch {
				case err != nil:
					a.fail(err.Error())
				case len(made.Finalizers) == 0:
					a.fail("created without a finalizer: the webhook was skipped")
				}
			}
		})
	}
	return a
}

func (a *admissions) fail(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = append(a.failed, time.Now().Format("15:04:05.000 ")+why)
}

// more waits for a number of further requests.
func (a *admissions) more(t *testing.T, count int64) {
	t.Helper()
	want := a.sent.Load() + count
	wait.For(t, fmt.Sprintf("%d more requests for admission", count), func(context.Context) error {
		if now := a.sent.Load(); now < want {
			return fmt.Errorf("%d are missing", want-now)
		}
		return nil
	})
}

// end ends the load and fails the test if a request failed.
func (a *admissions) end(t *testing.T) {
	t.Helper()
	a.stop()
	a.ended.Wait()
	t.Logf("%d requests for admission, %d failed", a.sent.Load(), len(a.failed))
	for i, why := range a.failed {
		if i == 10 {
			break
		}
		t.Error(why)
	}
}

// servedCertificates returns the certificate that each pod of the operator serves, by the name of
// the pod. addresses are the local addresses of their webhooks.
func servedCertificates(ctx context.Context, addresses map[string]string) (map[string]*x509.Certificate, error) {
	certificates := map[string]*x509.Certificate{}
	for pod, address := range addresses {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test only reads the certificate
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod, err)
		}
		certificates[pod] = conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
		_ = conn.Close()
	}
	return certificates, nil
}

// forward forwards local ports to the webhooks of both pods of the operator, and returns the
// addresses by pod.
func forward(t *testing.T) map[string]string {
	t.Helper()
	var pods []corev1.Pod
	wait.For(t, "two pods of the operator", func(ctx context.Context) (err error) {
		if pods, err = cluster.OperatorPods(ctx); err == nil && len(pods) != 2 {
			err = fmt.Errorf("there are %d pods", len(pods))
		}
		return err
	})
	addresses := map[string]string{}
	for _, pod := range pods {
		addresses[pod.Name] = cluster.Forward(t, realcluster.OperatorNamespace, pod.Name, 9443)
	}
	return addresses
}

// authorities returns the CAs in the validating webhook configuration.
func authorities(ctx context.Context) ([]*x509.Certificate, error) {
	configuration, err := cluster.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for rest := configuration.Webhooks[0].ClientConfig.CABundle; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
	}
}

// TestCertificatesChangeUnderLoad lets certificates expire within a minute, deletes the Secret of
// the CA and deletes a replica, under 50 requests for admission a second. With the failure policy
// Fail, each lost call fails a request.
func TestCertificatesChangeUnderLoad(t *testing.T) {
	ns := cluster.Namespace(t)
	flag := `[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--webhook-certificate-lifetime=1m"}]`
	for _, command := range [][]string{
		{"patch", "deployment", realcluster.OperatorDeployment, "-n", realcluster.OperatorNamespace, "--type=json", "--patch=" + flag},
		{"rollout", "status", "-n", realcluster.OperatorNamespace, "deployment/" + realcluster.OperatorDeployment, "--timeout=120s"},
	} {
		if _, err := cluster.Kubectl(t.Context(), command...); err != nil {
			t.Fatal(err)
		}
	}
	waitForWebhooks(t, ns)
	addresses := forward(t)
	before, err := servedCertificates(t.Context(), addresses)
	if err != nil {
		t.Fatal(err)
	}
	setFailurePolicy(t, admissionregistrationv1.Fail)
	load := startAdmissions(t, ns)

	// First, only the certificate changes.
	wait.For(t, "each replica to serve another certificate", func(ctx context.Context) error {
		now, err := servedCertificates(ctx, addresses)
		if err != nil {
			return err
		}
		for pod, certificate := range now {
			if certificate.Equal(before[pod]) {
				return fmt.Errorf("pod %s serves the same certificate, valid until %s", pod, certificate.NotAfter)
			}
		}
		return nil
	})
	load.more(t, perSecond)

	// Then the CA changes too.
	if _, err := cluster.Kubectl(t.Context(), "delete", "secret", "-n", realcluster.OperatorNamespace, "hourglass-operator-webhook-ca"); err != nil {
		t.Fatal(err)
	}
	var old, fresh *x509.Certificate
	wait.For(t, "a second trusted CA in addition to the old one", func(ctx context.Context) error {
		all, err := authorities(ctx)
		if err == nil && len(all) < 2 {
			err = fmt.Errorf("%d CAs are trusted", len(all))
		}
		if err == nil {
			fresh, old = all[0], all[1]
		}
		return err
	})
	wait.For(t, "each replica to serve a certificate of the new CA", func(ctx context.Context) error {
		now, err := servedCertificates(ctx, addresses)
		if err != nil {
			return err
		}
		for pod, certificate := range now {
			if err := certificate.CheckSignatureFrom(fresh); err != nil {
				return fmt.Errorf("pod %s: %w (issued by the old CA: %v)", pod, err, certificate.CheckSignatureFrom(old) == nil)
			}
		}
		return nil
	})
	load.more(t, perSecond)

	// A replica that is deleted answers its callers before it ends.
	leader, err := cluster.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "pod", leader, "-n", realcluster.OperatorNamespace, "--timeout=60s"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "two ready replicas", cluster.OperatorReady)
	load.more(t, perSecond)
	load.end(t)
}

// TestReplicaKilledUnderLoad kills one of two replicas. The calls that it was processing are lost,
// which fails no request, since the failure policy is Ignore.
func TestReplicaKilledUnderLoad(t *testing.T) {
	ns := cluster.Namespace(t)
	waitForWebhooks(t, ns)
	load := startAdmissions(t, ns)
	load.more(t, perSecond)
	leader, err := cluster.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "pod", leader, "-n", realcluster.OperatorNamespace, "--grace-period=0", "--force"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "two ready replicas", cluster.OperatorReady)
	load.more(t, perSecond)
	// A creation for which the webhook was skipped is no failure here, since it succeeded.
	load.mu.Lock()
	var failed []string
	for _, why := range load.failed {
		if !strings.Contains(why, "skipped") {
			failed = append(failed, why)
		}
	}
	load.failed = failed
	load.mu.Unlock()
	load.end(t)
	waitForWebhooks(t, ns)
}
