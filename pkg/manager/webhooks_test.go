// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
)

func TestWebhooksServeWithTheCertificateOfFiles(t *testing.T) {
	o := options.Default()
	o.EnableWebhooks, o.CertDir = true, t.TempDir()
	if _, err := newWebhooks(t.Context(), o, webhookConfig{metrics: metrics.New(metrics.LabelValues{})}); err == nil || !strings.Contains(err.Error(), "--cert-dir="+o.CertDir) {
		t.Errorf("without a certificate in the folder: %v", err)
	}
	managertest.WriteCertificate(t, o.CertDir, time.Now())
	w, err := newWebhooks(t.Context(), o, webhookConfig{metrics: metrics.New(metrics.LabelValues{})})
	if err != nil {
		t.Fatal(err)
	}
	if w.issuer != nil {
		t.Error("the manager would issue certificates, which needs permissions")
	}
	begins, ends := w.certificateTimes()
	if err := w.check(); err != nil || begins.IsZero() || begins.After(time.Now()) || ends.Before(time.Now()) {
		t.Errorf("not ready: %v, from %s until %s", err, begins, ends)
	}
	managertest.WriteCertificate(t, o.CertDir, time.Now().Add(-2*managertest.CertificateLifetime))
	w, err = newWebhooks(t.Context(), o, webhookConfig{metrics: metrics.New(metrics.LabelValues{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.check(); err == nil || !strings.Contains(err.Error(), "--cert-dir expired") {
		t.Errorf("with an expired certificate: %v", err)
	}
}

func TestWebhooksWaitForTheirOwnCertificate(t *testing.T) {
	w, err := newWebhooks(t.Context(), options.Default(), webhookConfig{client: fake.NewClientset(), metrics: metrics.New(metrics.LabelValues{})})
	if err != nil {
		t.Fatal(err)
	}
	if begins, ends := w.certificateTimes(); w.check() == nil || !begins.IsZero() || !ends.IsZero() {
		t.Errorf("ready without a certificate, from %s until %s", begins, ends)
	}
}

func TestDrainWaitsOnlyDuringAStop(t *testing.T) {
	w, err := newWebhooks(t.Context(), options.Default(), webhookConfig{client: fake.NewClientset(), metrics: metrics.New(metrics.LabelValues{})})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.drain(ctx)() // without a stop it does not wait
	wait := w.drain(ctx)
	cancel()
	wait()
}
