// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestCertificateManagerStarts(t *testing.T) {
	r := newReplicas(t, 2)
	if err := r.all[0].Check(); err == nil {
		t.Error("ready without a certificate")
	}
	r.settle()
	for i, m := range r.all {
		if err := m.Check(); err != nil {
			t.Errorf("replica %d is not ready, so no replica can become the leader: %v", i, err)
		}
	}
	if len(r.bundle()) > 0 {
		t.Error("a replica that is not the leader has patched the configuration")
	}
	r.all[1].leading.Store(true)
	r.settle()
	for i, m := range r.all {
		if err := r.handshake(m, r.bundle()); err != nil {
			t.Errorf("replica %d: %v", i, err)
		}
	}
	written, err := r.client.CoreV1().Secrets(home).Get(t.Context(), secret, metav1.GetOptions{})
	if err != nil || written.Type != corev1.SecretTypeTLS || written.Labels[render.LabelManagedBy] != render.ManagedBy {
		t.Errorf("Secret %v of type %s, %v", written.Labels, written.Type, err)
	}
	validating, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), config, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if w := validating.Webhooks; len(w) != 2 || *w[0].TimeoutSeconds != 7 || w[0].ClientConfig.Service.Name != service || string(w[1].ClientConfig.CABundle) != "theirs" {
		t.Errorf("the configuration was changed in more than the CA bundle: %+v", w)
	}
	mutating, err := r.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), config, metav1.GetOptions{})
	if err != nil || string(mutating.Webhooks[0].ClientConfig.CABundle) != string(r.bundle()) {
		t.Errorf("the MutatingWebhookConfiguration has a different CA bundle: %v", err)
	}

	// Nothing is written while nothing is due.
	writes := len(r.client.Actions())
	before := r.serials()
	r.settle()
	for _, action := range r.client.Actions()[writes:] {
		if action.GetVerb() != "get" {
			t.Errorf("%s %s", action.GetVerb(), action.GetResource().Resource)
		}
	}
	if now := r.serials(); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Error("the serving certificates changed")
	}
}

// TestCertificateManagerRuns uses the informers and the loop, which the other tests replace.
func TestCertificateManagerRuns(t *testing.T) {
	r := newReplicas(t, 1)
	m := r.all[0]
	ctx, stop := context.WithCancel(t.Context())
	m.Start(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	waitFor(t, "the API server to trust the certificate", func() bool { return m.Check() == nil && r.handshake(m, r.bundle()) == nil })
	old := decodeCertificates(r.bundle())[0]
	r.deleteSecret()
	waitFor(t, "a new CA next to the old one", func() bool { return len(decodeCertificates(r.bundle())) == 2 })
	if !decodeCertificates(r.bundle())[1].Equal(old) || r.handshake(m, r.bundle()) != nil {
		t.Error("the old CA was removed while it is still in use")
	}
	stop()
	<-ended
}
