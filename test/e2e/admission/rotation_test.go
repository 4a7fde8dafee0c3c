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

// admissions asks for admission at a steady rate until it is ended.
type admissions struct {
	stop   context.CancelFunc
	ended  sync.WaitGroup
	asked  atomic.Int64
	mu     sync.Mutex
	failed []string
}

// perSecond is how many admissions a second there are, and mostAdmissions how many there can be, whatever happens.
const (
	perSecond      = 50
	mostAdmissions = 50 * 60 * 10
)

// startAdmissions creates Performers as a dry run, which asks the webhooks as any creation does and leaves nothing.
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
		for range mostAdmissions {
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
				// Begun, it is brought to its end: one that is cut off would count as failed.
				ctx := context.WithoutCancel(ctx)
				p := ns.Performer("load")
				p.GenerateName, p.Name = "load-", ""
				made, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Create(ctx, p, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				a.asked.Add(1)
				switch {
				case err != nil:
					a.fail(err.Error())
				case len(made.Finalizers) == 0:
					a.fail("made without a finalizer: the webhook was passed over")
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

// more waits until there have been that many more.
func (a *admissions) more(t *testing.T, count int64) {
	t.Helper()
	want := a.asked.Load() + count
	wait.For(t, "more admissions", func(context.Context) error {
		if now := a.asked.Load(); now < want {
			return fmt.Errorf("%d to go", want-now)
		}
		return nil
	})
}

// end ends the load and fails the test for every admission that failed.
func (a *admissions) end(t *testing.T) {
	t.Helper()
	a.stop()
	a.ended.Wait()
	t.Logf("%d admissions, %d failed", a.asked.Load(), len(a.failed))
	for i, why := range a.failed {
		if i == 10 {
			break
		}
		t.Error(why)
	}
}

// shown returns the certificate that each pod of the operator shows now, by the pod's name. addresses are where their
// webhooks are reached from here.
func shown(ctx context.Context, addresses map[string]string) (map[string]*x509.Certificate, error) {
	certificates := map[string]*x509.Certificate{}
	for pod, address := range addresses {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // to look at it is all that is wanted
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod, err)
		}
		certificates[pod] = conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
		_ = conn.Close()
	}
	return certificates, nil
}

// forward makes the webhooks of both pods of the operator reachable.
func forward(t *testing.T) map[string]string {
	t.Helper()
	var pods []corev1.Pod
	wait.For(t, "two pods of the operator", func(ctx context.Context) (err error) {
		if pods, err = cluster.OperatorPods(ctx); err == nil && len(pods) != 2 {
			err = fmt.Errorf("%d pods are there", len(pods))
		}
		return err
	})
	addresses := map[string]string{}
	for _, pod := range pods {
		addresses[pod.Name] = cluster.Forward(t, realcluster.OperatorNamespace, pod.Name, 9443)
	}
	return addresses
}

// authorities are those that the validating configuration trusts.
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

// TestCertificatesChangeUnderLoad has certificates grow old within a minute, the Secret of the authority deleted, and a
// replica ended, while 50 Performers a second are judged. Under Fail each call that fails would fail a creation.
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
	answers(t, ns)
	addresses := forward(t)
	before, err := shown(t.Context(), addresses)
	if err != nil {
		t.Fatal(err)
	}
	setFailurePolicy(t, admissionregistrationv1.Fail)
	load := startAdmissions(t, ns)

	// First the certificate alone.
	wait.For(t, "each replica to show another certificate", func(ctx context.Context) error {
		now, err := shown(ctx, addresses)
		if err != nil {
			return err
		}
		for pod, certificate := range now {
			if certificate.Equal(before[pod]) {
				return fmt.Errorf("pod %s shows the same, until %s", pod, certificate.NotAfter)
			}
		}
		return nil
	})
	load.more(t, perSecond)

	// Then the authority too.
	if _, err := cluster.Kubectl(t.Context(), "delete", "secret", "-n", realcluster.OperatorNamespace, "hourglass-operator-webhook-ca"); err != nil {
		t.Fatal(err)
	}
	var old, fresh *x509.Certificate
	wait.For(t, "another authority to be trusted beside the old one", func(ctx context.Context) error {
		all, err := authorities(ctx)
		if err == nil && len(all) < 2 {
			err = fmt.Errorf("%d are trusted", len(all))
		}
		if err == nil {
			fresh, old = all[0], all[1]
		}
		return err
	})
	wait.For(t, "each replica to show a certificate of it", func(ctx context.Context) error {
		now, err := shown(ctx, addresses)
		if err != nil {
			return err
		}
		for pod, certificate := range now {
			if err := certificate.CheckSignatureFrom(fresh); err != nil {
				return fmt.Errorf("pod %s: %w (of the old one: %v)", pod, err, certificate.CheckSignatureFrom(old) == nil)
			}
		}
		return nil
	})
	load.more(t, perSecond)

	// A replica that is told to end hands its callers over.
	leader, err := cluster.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "pod", leader, "-n", realcluster.OperatorNamespace, "--timeout=60s"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "two replicas again", cluster.OperatorReady)
	load.more(t, perSecond)
	load.end(t)
}

// TestAReplicaIsKilled kills one of two without a warning. What it had in hand is lost; under Ignore nobody notices.
func TestAReplicaIsKilled(t *testing.T) {
	ns := cluster.Namespace(t)
	answers(t, ns)
	load := startAdmissions(t, ns)
	load.more(t, perSecond)
	leader, err := cluster.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "pod", leader, "-n", realcluster.OperatorNamespace, "--grace-period=0", "--force"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "two replicas again", cluster.OperatorReady)
	load.more(t, perSecond)
	// A creation that no webhook has seen is no failure here: it went through.
	load.mu.Lock()
	var failed []string
	for _, why := range load.failed {
		if !strings.Contains(why, "passed over") {
			failed = append(failed, why)
		}
	}
	load.failed = failed
	load.mu.Unlock()
	load.end(t)
	answers(t, ns)
}
