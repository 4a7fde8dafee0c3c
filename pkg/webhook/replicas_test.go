// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"crypto/x509"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// replicas are the certificate managers of several replicas in one cluster, with one clock. A test
// syncs them and refreshes their caches by hand.
type replicas struct {
	*testing.T
	client *fake.Clientset
	all    []*CertificateManager
	now    time.Time
}

const (
	home    = "hourglass-system"
	secret  = "ca"
	service = "webhooks"
	config  = "hourglass"
)

func newReplicas(t *testing.T, count int) *replicas {
	t.Helper()
	reference := admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: home, Name: service}}
	elsewhere := admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: home, Name: "other"}, CABundle: []byte("theirs")}
	r := &replicas{T: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), client: fake.NewClientset(
		&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: config}, Webhooks: []admissionregistrationv1.ValidatingWebhook{
			{Name: "a.example.com", ClientConfig: reference, TimeoutSeconds: new(int32(7))},
			{Name: "b.example.com", ClientConfig: elsewhere},
		}},
		&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: config}, Webhooks: []admissionregistrationv1.MutatingWebhook{
			{Name: "a.example.com", ClientConfig: reference},
		}},
	)}
	for range count {
		r.add()
	}
	return r
}

// add starts another replica.
func (r *replicas) add() *CertificateManager {
	r.Helper()
	m, err := NewCertificateManager(CertificateConfig{
		Client: r.client, Namespace: home, Secret: secret, Service: service, Configuration: config,
		ClusterDomain: "cluster.local", Lifetime: 24 * time.Hour,
	})
	if err != nil {
		r.Fatal(err)
	}
	m.now = func() time.Time { return r.now }
	r.all = append(r.all, m)
	return m
}

// refresh fills a replica's caches with the objects in the cluster.
func (r *replicas) refresh(m *CertificateManager) {
	r.Helper()
	var secrets, validating, mutating []any
	if s, err := r.client.CoreV1().Secrets(home).Get(r.Context(), secret, metav1.GetOptions{}); err == nil {
		secrets = append(secrets, s)
	}
	if c, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{}); err == nil {
		validating = append(validating, c)
	}
	if c, err := r.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{}); err == nil {
		mutating = append(mutating, c)
	}
	for _, err := range []error{
		m.secrets.GetStore().Replace(secrets, ""), m.validating.GetStore().Replace(validating, ""), m.mutating.GetStore().Replace(mutating, ""),
	} {
		if err != nil {
			r.Fatal(err)
		}
	}
}

// settle refreshes and syncs all replicas until nothing is due.
func (r *replicas) settle() {
	r.Helper()
	for range 4 {
		for _, m := range r.all {
			r.refresh(m)
			if _, err := m.sync(r.Context()); err != nil && !apierrors.IsAlreadyExists(err) {
				r.Fatal(err)
			}
		}
	}
}

func (r *replicas) deleteSecret() {
	r.Helper()
	if err := r.client.CoreV1().Secrets(home).Delete(r.Context(), secret, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		r.Fatal(err)
	}
}

// saveSecret returns the Secret in a form that can be created again, or nil if there is none.
func (r *replicas) saveSecret() *corev1.Secret {
	r.Helper()
	saved, err := r.client.CoreV1().Secrets(home).Get(r.Context(), secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		r.Fatal(err)
	}
	saved.ResourceVersion = ""
	return saved
}

func (r *replicas) create(s *corev1.Secret) {
	r.Helper()
	if s == nil {
		return
	}
	if _, err := r.client.CoreV1().Secrets(home).Create(r.Context(), s, metav1.CreateOptions{}); err != nil {
		r.Fatal(err)
	}
}

func (r *replicas) bundle() []byte {
	r.Helper()
	c, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	return c.Webhooks[0].ClientConfig.CABundle
}

// handshake verifies the serving certificate of a replica as an API server with the CA bundle does.
func (r *replicas) handshake(m *CertificateManager, bundle []byte) error {
	serving, err := m.GetCertificate(nil)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err = serving.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: service + "." + home + ".svc", CurrentTime: r.now})
	return err
}

// serials returns the serial numbers of the serving certificates.
func (r *replicas) serials() []string {
	var all []string
	for _, m := range r.all {
		all = append(all, m.serving.Load().Leaf.SerialNumber.String())
	}
	return all
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
