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

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/webhook"
)

// webhookFarewell is how long the webhook server answers on after the sign to stop, while the API
// server learns that this replica is no longer to be asked.
const webhookFarewell = 5 * time.Second

// webhooks are the admission server of this process with its certificate.
type webhooks struct {
	handler      *webhook.Handler
	certificates certificates
	keeper       *webhook.CertificateManager // nil where the certificate comes from files
}

// newWebhooks returns the webhooks that the options ask for, which judge by the given settings.
func newWebhooks(ctx context.Context, o *Options, c *clients, families *metrics.Metrics, settings performer.Settings) (*webhooks, error) {
	w := &webhooks{}
	counted := families.Webhook(webhook.Operations, webhook.Results, w.certificateTimes)
	w.handler = webhook.NewHandler(webhook.Config{Settings: settings, Served: counted.Served, Logger: klog.FromContext(ctx)})
	if o.CertDir != "" {
		files, err := newFileCertificates("cert-dir", o.CertDir, klog.FromContext(ctx))
		if err != nil {
			return nil, err
		}
		w.certificates = files
		return w, nil
	}
	keeper, err := webhook.NewCertificateManager(webhook.CertificateConfig{
		Client:        c.webhooks,
		Namespace:     o.LeaderElection.ownNamespace(namespaceFile),
		Secret:        o.WebhookCASecret,
		Service:       o.WebhookService,
		Configuration: o.WebhookConfiguration,
		ClusterDomain: o.ClusterDomain,
		Lifetime:      o.WebhookCertificateLifetime,
	})
	if err != nil {
		return nil, err
	}
	w.keeper, w.certificates = keeper, certificateFunc(keeper.GetCertificate)
	return w, nil
}

// listen takes the port of the webhook server.
func (w *webhooks) listen(ctx context.Context, o *Options) (*server, error) {
	s, err := listen(ctx, "webhook", "webhook-port", net.JoinHostPort("", strconv.Itoa(o.WebhookPort)), w.handler)
	if err != nil {
		return nil, err
	}
	s.secure(w.certificates, o.EnableHTTP2)
	return s, nil
}

// check is the readiness check of the certificate.
func (w *webhooks) check() error {
	if w.keeper != nil {
		return w.keeper.Check()
	}
	if _, ends := w.certificateTimes(); !time.Now().Before(ends) {
		return fmt.Errorf("the certificate in --cert-dir expired at %s", ends.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificateTimes are those from when to when the certificate of the moment is good, or zero times.
func (w *webhooks) certificateTimes() (begins, ends time.Time) {
	if w.certificates == nil {
		return begins, ends
	}
	shown, err := w.certificates.get(nil)
	if err != nil || shown.Leaf == nil {
		return begins, ends
	}
	return shown.Leaf.NotBefore, shown.Leaf.NotAfter
}

// farewell begins to end connections when ctx ends. The returned function waits until that has gone on
// for long enough; it is for a clean stop, after all else.
func (w *webhooks) farewell(ctx context.Context) (wait func()) {
	over := make(chan struct{})
	context.AfterFunc(ctx, func() {
		w.handler.Drain()
		time.AfterFunc(webhookFarewell, func() { close(over) })
	})
	return func() {
		if ctx.Err() != nil {
			<-over
		}
	}
}

// certificateFunc is a function as certificates.
type certificateFunc func(*tls.ClientHelloInfo) (*tls.Certificate, error)

func (f certificateFunc) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return f(hello) }
