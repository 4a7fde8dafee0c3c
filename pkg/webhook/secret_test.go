// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestCertificateOutlivesItsSecret replaces the Secret by one that the manager neither accepts nor
// overwrites, while the configurations still contain the CA.
func TestCertificateOutlivesItsSecret(t *testing.T) {
	r := newReplicas(t, 1)
	m := r.all[0]
	m.leading.Store(true)
	r.settle()
	r.deleteSecret()
	r.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: secret}, Data: map[string][]byte{"tls.crt": []byte("not ours")}})
	r.refresh(m)
	r.now = renewalTime(m.serving.Load().Leaf)
	before := r.serials()[0]
	if _, err := m.sync(t.Context()); err == nil || !strings.Contains(err.Error(), "--webhook-ca-secret") {
		t.Errorf("the error does not name the flag: %v", err)
	}
	if err := m.Check(); err != nil || r.serials()[0] == before {
		t.Errorf("the certificate is not renewed: %v", err)
	}
	if err := r.handshake(m, r.bundle()); err != nil {
		t.Error(err)
	}
	r.now = m.serving.Load().Leaf.NotAfter
	if err := m.Check(); err == nil || !strings.Contains(err.Error(), "the webhook server's certificate expired at 2026-") {
		t.Errorf("ready with an expired certificate: %v", err)
	}
}

func TestSecretWithoutCA(t *testing.T) {
	for _, ours := range []bool{true, false} {
		r := newReplicas(t, 1)
		garbage := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: secret}, Data: map[string][]byte{"tls.crt": []byte("no certificate")}}
		if ours {
			garbage.Labels = map[string]string{render.LabelManagedBy: render.ManagedBy}
		}
		if _, err := r.client.CoreV1().Secrets(home).Create(t.Context(), garbage, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		r.refresh(r.all[0])
		_, err := r.all[0].sync(t.Context())
		switch {
		case ours && err != nil:
			t.Errorf("a Secret of the operator is not repaired: %v", err)
		case !ours && (err == nil || !strings.Contains(err.Error(), "reading the CA: Secret hourglass-system/ca was not created by the operator and holds no CA (tls.crt and tls.key are not a certificate and its key): delete it, or set another name with --webhook-ca-secret")):
			t.Errorf("a Secret of somebody else: %v", err)
		}
		if (r.all[0].Check() == nil) != ours {
			t.Errorf("ready: %v", r.all[0].Check())
		}
	}
}
