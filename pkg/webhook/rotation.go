// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"k8s.io/klog/v2"
)

const (
	// injectionGrace is how long a server waits after all webhook configurations contain a new CA
	// before it serves a certificate of that CA: every API server must have read the
	// configurations.
	injectionGrace = 10 * time.Second
	// overlap is how long the previous CAs stay in the webhook configurations after all of them
	// contain a new one. Replicas switch to the new CA within seconds; the rest is for a replica
	// that can't reach the API server.
	overlap = time.Hour
)

// rotate makes the server serve a certificate that the API server trusts, as far as possible, and
// returns the times at which to sync again.
func (m *CertificateManager) rotate(ctx context.Context, o *observed) (syncAt []time.Time, err error) {
	m.trackInjection(o)
	syncAt = m.chooseSigner(o)
	serving, err := m.renew(ctx, o.now)
	if err != nil {
		return nil, err
	}
	m.setNotReady(o)
	return append(syncAt, renewAt(serving.Leaf, m.signer)), nil
}

// trackInjection records since when all webhook configurations contain the current CA.
func (m *CertificateManager) trackInjection(o *observed) {
	switch {
	case !allContain(o.bundles, o.current), m.injected != nil && !m.injected.certificate.Equal(o.current.certificate):
		m.injected = nil
	case m.injected == nil:
		m.injected, m.injectedSince = o.current, o.now
	}
}

// chooseSigner sets the CA that signs the serving certificate. That is the current CA, except while
// a previous one is trusted and API servers may not have read the current one yet. It returns the
// time at which that changes, if there is one.
func (m *CertificateManager) chooseSigner(o *observed) (syncAt []time.Time) {
	switch {
	case m.signer == nil, m.signer.certificate.Equal(o.current.certificate):
		m.signer = o.current
	case len(o.bundles) == 0, !allContain(o.bundles, m.signer), !o.now.Before(m.signer.certificate.NotAfter):
		// Handshakes would fail with the previous CA too.
		m.signer = o.current
	case m.injected != nil && o.now.Sub(m.injectedSince) >= injectionGrace:
		m.signer = o.current
	case m.injected != nil:
		syncAt = append(syncAt, m.injectedSince.Add(injectionGrace))
	}
	return syncAt
}

// renew returns the serving certificate, and issues a new one first if the signer changed or the
// certificate is due for renewal.
func (m *CertificateManager) renew(ctx context.Context, now time.Time) (*tls.Certificate, error) {
	serving := m.serving.Load()
	if serving != nil && serving.Leaf.CheckSignatureFrom(m.signer.certificate) == nil && now.Before(renewAt(serving.Leaf, m.signer)) {
		return serving, nil
	}
	serving, err := m.signer.issue(m.dnsNames, m.config.Lifetime, now)
	if err != nil {
		return nil, fmt.Errorf("issuing a serving certificate: %w", err)
	}
	m.serving.Store(serving)
	klog.FromContext(ctx).Info("Issued a certificate for the webhook server", "expires", serving.Leaf.NotAfter)
	return serving, nil
}

// setNotReady updates the readiness of the server. It ignores configurations without a CA bundle:
// the leader is about to inject the CA into them, and has to be ready for that.
func (m *CertificateManager) setNotReady(o *observed) {
	var reason *string
	for _, c := range o.configurations {
		for _, w := range c.webhooks {
			if bundle := w.config.CABundle; len(bundle) > 0 && !allContain([][]byte{bundle}, m.signer) {
				reason = new(fmt.Sprintf("the webhook configurations do not contain the CA of the webhook server's certificate yet: that of webhook %s in %s %s was written by %s",
					w.name, c.kind, c.object.GetName(), bundleWriter(c.object, w.name)))
			}
		}
	}
	m.notReady.Store(reason)
}

// renewAt returns when a serving certificate is to be renewed. A certificate that expires together
// with its CA can't be renewed before that.
func renewAt(serving *x509.Certificate, signer *ca) time.Time {
	if serving.NotAfter.Before(signer.certificate.NotAfter) {
		return renewalTime(serving)
	}
	return serving.NotAfter
}
