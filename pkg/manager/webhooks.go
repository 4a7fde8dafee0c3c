// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/serving"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/webhook"
)

// drainWindow is how long the webhook server still responds after the start of a stop, until the
// API server has learned that this replica is gone from the Service.
const drainWindow = 5 * time.Second

// webhooks is the admission server with its certificate.
type webhooks struct {
	handler      *webhook.Handler
	certificates serving.Certificates
	issuer       *webhook.CertificateManager // nil if the certificate comes from files
}

// webhookConfig has what the webhooks share with the rest of the manager.
type webhookConfig struct {
	client   kubernetes.Interface // to issue certificates; nil if they come from files
	metrics  *metrics.Metrics
	settings performer.Settings // those of the controller
}

// newWebhooks returns the webhooks for the options.
func newWebhooks(ctx context.Context, o *options.Options, c webhookConfig) (*webhooks, error) {
	w := &webhooks{}
	counted := c.metrics.Webhook(webhook.Operations, webhook.Results, w.certificateTimes)
	w.handler = webhook.NewHandler(webhook.Config{Settings: c.settings, Served: counted.Served, Logger: klog.FromContext(ctx)})
	if o.CertDir != "" {
		files, err := serving.NewFileCertificates("cert-dir", o.CertDir, klog.FromContext(ctx))
		if err != nil {
			return nil, err
		}
		w.certificates = files
		return w, nil
	}
	issuer, err := webhook.NewCertificateManager(webhook.CertificateConfig{
		Client:        c.client,
		Namespace:     o.LeaderElection.OwnNamespace(),
		Secret:        o.WebhookCASecret,
		Service:       o.WebhookService,
		Configuration: o.WebhookConfiguration,
		ClusterDomain: o.ClusterDomain,
		Lifetime:      o.WebhookCertificateLifetime,
	})
	if err != nil {
		return nil, err
	}
	w.issuer, w.certificates = issuer, certificateFunc(issuer.GetCertificate)
	return w, nil
}

// listen binds the port of the webhook server.
func (w *webhooks) listen(ctx context.Context, o *options.Options) (*serving.Server, error) {
	address := net.JoinHostPort("", strconv.Itoa(o.WebhookPort))
	s, err := serving.Listen(ctx, serving.Binding{Name: "webhook", Flag: "webhook-port", Address: address}, w.handler)
	if err != nil {
		return nil, err
	}
	s.UseTLS(w.certificates, o.EnableHTTP2)
	return s, nil
}

// check is the readiness check of the certificate.
func (w *webhooks) check() error {
	if w.issuer != nil {
		return w.issuer.Check()
	}
	if _, ends := w.certificateTimes(); !time.Now().Before(ends) {
		return fmt.Errorf("the certificate in --cert-dir expired at %s", ends.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificateTimes returns when the validity of the current certificate begins and ends. Both are
// zero while there is none.
func (w *webhooks) certificateTimes() (begins, ends time.Time) {
	if w.certificates == nil {
		return begins, ends
	}
	current, err := w.certificates.Get(nil)
	if err != nil || current.Leaf == nil {
		return begins, ends
	}
	return current.Leaf.NotBefore, current.Leaf.NotAfter
}

// drain makes the server close its connections once ctx ends. The returned function waits for the
// end of the drain window. It is called last in a clean stop.
func (w *webhooks) drain(ctx context.Context) (wait func()) {
	over := make(chan struct{})
	context.AfterFunc(ctx, func() {
		w.handler.Drain()
		time.AfterFunc(drainWindow, func() { close(over) })
	})
	return func() {
		if ctx.Err() != nil {
			<-over
		}
	}
}

// certificateFunc makes a function implement serving.Certificates.
type certificateFunc func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// Get implements serving.Certificates.
func (f certificateFunc) Get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return f(hello) }
