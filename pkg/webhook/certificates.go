// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const (
	// firstRetry and lastRetry are the shortest and the longest delay after a failed sync. The
	// delay doubles with each failure.
	firstRetry, lastRetry = time.Second, time.Minute
	// resyncPeriod is the longest time between two syncs. Events and timers bring every sync that
	// is needed; this one is for a clock that jumps.
	resyncPeriod = time.Hour
)

// CertificateConfig configures a CertificateManager.
type CertificateConfig struct {
	// Client reads and writes the Secret and the webhook configurations.
	Client kubernetes.Interface
	// Namespace is the namespace of the Secret and of the Service.
	Namespace string
	// Secret is the name of the Secret that stores the CA. The manager creates it if it is missing.
	Secret string
	// Service is the Service of the webhook server. The CA is injected only into webhooks that
	// refer to it.
	Service string
	// Configuration is the name of the ValidatingWebhookConfiguration and of the
	// MutatingWebhookConfiguration. Either may be missing.
	Configuration string
	// ClusterDomain is the DNS domain of the cluster.
	ClusterDomain string
	// Lifetime is the lifetime of a serving certificate.
	Lifetime time.Duration
}

// CertificateManager provides the webhook server with a serving certificate that the API server
// trusts.
//
// The CA is stored in a Secret, so that every replica can sign a serving certificate for itself. A
// serving certificate is short-lived and stays in memory. The API server trusts the CAs in the
// webhook configurations, which the leader patches.
//
// A CA is replaced without failed handshakes, whether the old one is about to expire or its Secret
// was deleted: the leader injects the new CA in addition to the old one, and some seconds later
// each replica starts to serve a certificate that the new CA signed.
type CertificateManager struct {
	config                        CertificateConfig
	dnsNames                      []string // of the serving certificate
	secrets, validating, mutating cache.SharedIndexInformer
	startInformers                func(context.Context)
	wake                          chan struct{}
	now                           func() time.Time

	leading atomic.Bool
	serving atomic.Pointer[tls.Certificate]
	// notReady is the reason why the server is not ready for requests. It is nil if it is ready.
	notReady atomic.Pointer[string]

	// Only the loop uses the fields below.
	signer        *ca                     // the CA that signed the serving certificate
	injected      *ca                     // the current CA if all webhook configurations contain it, else nil
	injectedSince time.Time               // when this replica first saw that
	loggedError   string                  // the last error that was logged
	budgets       map[string]*writeBudget // by the kind of the object that is written
}

// observed is what one sync works on.
type observed struct {
	now time.Time
	// current is the CA in the Secret.
	current *ca
	// configurations are the webhook configurations, and bundles the CA bundles of their webhooks.
	configurations []configuration
	bundles        [][]byte
}

// NewCertificateManager returns a CertificateManager that is not started yet.
func NewCertificateManager(c CertificateConfig) (*CertificateManager, error) {
	base := c.Service + "." + c.Namespace
	m := &CertificateManager{
		config:   c,
		dnsNames: []string{base + ".svc", base, base + ".svc." + c.ClusterDomain},
		wake:     make(chan struct{}, 1),
		now:      time.Now,
		budgets:  map[string]*writeBudget{},
	}
	if err := m.newInformers(); err != nil {
		return nil, err
	}
	m.notReady.Store(new("the webhook server has no certificate yet"))
	return m, nil
}

// GetCertificate returns the serving certificate, in the form of tls.Config.GetCertificate.
func (m *CertificateManager) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if serving := m.serving.Load(); serving != nil {
		return serving, nil
	}
	return nil, errors.New("the webhook server has no certificate yet")
}

// Check is the readiness check: it returns an error if there is no certificate that the API server
// trusts.
func (m *CertificateManager) Check() error {
	if reason := m.notReady.Load(); reason != nil {
		return errors.New(*reason)
	}
	if serving := m.serving.Load(); serving != nil && !m.now().Before(serving.Leaf.NotAfter) {
		return fmt.Errorf("the webhook server's certificate expired at %s", serving.Leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// Start starts to manage the certificate, until ctx ends, and returns at once.
func (m *CertificateManager) Start(ctx context.Context) {
	m.startInformers(ctx)
	go m.loop(ctx)
}

// Run makes this replica the one that injects the CA into the webhook configurations. The leader
// calls it; it returns when ctx ends.
func (m *CertificateManager) Run(ctx context.Context) {
	m.leading.Store(true)
	defer m.leading.Store(false)
	m.enqueue()
	<-ctx.Done()
}

// enqueue requests a sync.
func (m *CertificateManager) enqueue() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *CertificateManager) loop(ctx context.Context) {
	if !cache.WaitForCacheSync(ctx.Done(), m.secrets.HasSynced, m.validating.HasSynced, m.mutating.HasSynced) {
		return
	}
	logger := klog.FromContext(ctx)
	retry := firstRetry
	var delayed *delayedError
	for {
		requeueAfter, err := m.sync(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if m.loggedError != "" {
				logger.Info("The webhook certificate is up to date again")
			}
			retry, m.loggedError = firstRetry, ""
		case errors.As(err, &delayed):
			requeueAfter = delayed.until.Sub(m.now())
		case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
			// Another replica wrote first. Its write arrives as an event.
			requeueAfter = retry
		default:
			if text := err.Error(); text != m.loggedError {
				logger.Error(err, "Failed to update the webhook certificate, will keep retrying")
				m.loggedError = text
			}
			requeueAfter, retry = retry, min(2*retry, lastRetry)
		}
		timer := time.NewTimer(max(time.Millisecond, requeueAfter))
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// sync does what is due now, and returns how long to wait before the next sync.
func (m *CertificateManager) sync(ctx context.Context) (requeueAfter time.Duration, err error) {
	current, err := m.ensureCA(ctx)
	o := &observed{now: m.now(), current: current, configurations: m.configurations()}
	o.bundles = bundlesOf(o.configurations)
	if err != nil {
		// The serving certificate must not expire because of the Secret.
		if m.signer != nil && o.now.Before(m.signer.certificate.NotAfter) {
			o.current = m.signer
			_, rotateErr := m.rotate(ctx, o)
			err = errors.Join(err, rotateErr)
		}
		return 0, err
	}
	syncAt, err := m.rotate(ctx, o)
	if err != nil {
		return 0, err
	}
	if m.leading.Load() {
		if err := m.injectCA(ctx, o); err != nil {
			return 0, err
		}
		syncAt = append(syncAt, current.renewAt())
		if end := m.injectedSince.Add(overlap); m.injected != nil && o.now.Before(end) {
			syncAt = append(syncAt, end)
		}
	}
	requeueAfter = resyncPeriod
	for _, t := range syncAt {
		requeueAfter = min(requeueAfter, max(0, t.Sub(o.now)))
	}
	return requeueAfter, nil
}
