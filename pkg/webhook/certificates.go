// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

const (
	// trustGrace is how long the configurations have named an authority before a server shows a
	// certificate of it: each API server must have seen them first.
	trustGrace = 10 * time.Second
	// After an error a pass is tried again with a delay that doubles between these.
	firstRetry, lastRetry = time.Second, time.Minute
	// lookAnyway bounds the time between two passes. Events bring all that matters; this is for what a
	// clock does that jumps.
	lookAnyway = time.Hour
)

// KeeperConfig is what a Keeper needs.
type KeeperConfig struct {
	// Client reads and writes the Secret and the configurations.
	Client kubernetes.Interface
	// Namespace is that of the Secret and the Service.
	Namespace string
	// Secret holds the authority; it is made where it is missing.
	Secret string
	// Service is what the configurations point to. Webhooks that point elsewhere are left alone.
	Service string
	// Configuration is the name of the ValidatingWebhookConfiguration and of the
	// MutatingWebhookConfiguration. Either may be missing.
	Configuration string
	// ClusterDomain is the DNS domain of the cluster.
	ClusterDomain string
	// Lifetime is that of the certificate that the server shows.
	Lifetime time.Duration
}

// Keeper keeps a certificate for the webhook server that the API server trusts.
//
// The authority is in a Secret, so that any replica can sign for itself; the certificate is short-lived
// and stays in memory. What the API server trusts stands in the webhook configurations, which the
// leading replica patches. They are what a change of authority goes by: the new one is trusted first,
// beside the old one; then, some seconds later, each replica shows a certificate of it. So no handshake
// fails, be it that the authority grew old or that somebody deleted the Secret.
type Keeper struct {
	config                        KeeperConfig
	names                         []string // that the certificate is for
	secrets, validating, mutating cache.SharedIndexInformer
	start                         func(context.Context)
	wake                          chan struct{}
	now                           func() time.Time

	leading atomic.Bool
	shown   atomic.Pointer[tls.Certificate]
	// doubt is why the server is not ready to be asked, or nil.
	doubt atomic.Pointer[string]

	// The rest belongs to the loop.
	signer       *authority // of the certificate that is shown
	trusted      *authority // that the configurations trust
	trustedSince time.Time
	told         string // the last problem that was logged
}

// NewKeeper returns a Keeper that has not started anything yet.
func NewKeeper(c KeeperConfig) (*Keeper, error) {
	base := c.Service + "." + c.Namespace
	k := &Keeper{
		config: c,
		names:  []string{base + ".svc", base, base + ".svc." + c.ClusterDomain},
		wake:   make(chan struct{}, 1),
		now:    time.Now,
	}
	named := func(name string) informers.SharedInformerOption {
		return informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			// Also what lets a role for this one object permit it.
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
		})
	}
	own := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(c.Namespace), named(c.Secret))
	cluster := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, named(c.Configuration))
	k.secrets = own.Core().V1().Secrets().Informer()
	k.validating = cluster.Admissionregistration().V1().ValidatingWebhookConfigurations().Informer()
	k.mutating = cluster.Admissionregistration().V1().MutatingWebhookConfigurations().Informer()
	k.start = func(ctx context.Context) {
		own.StartWithContext(ctx)
		cluster.StartWithContext(ctx)
	}
	var failures failures
	for resource, informer := range map[string]cache.SharedIndexInformer{
		"secrets": k.secrets, "validatingwebhookconfigurations": k.validating, "mutatingwebhookconfigurations": k.mutating,
	} {
		handler := cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { k.lookSoon() }, UpdateFunc: func(_, _ any) { k.lookSoon() }, DeleteFunc: func(any) { k.lookSoon() },
		}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("webhook: adding an event handler: %w", err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(failures.handler(resource)); err != nil {
			return nil, fmt.Errorf("webhook: adding an error handler: %w", err)
		}
	}
	doubt := "the certificate is not there yet"
	k.doubt.Store(&doubt)
	return k, nil
}

// failures says once of each resource that it can't be watched, and why; the reflector tries on.
type failures struct {
	mu   sync.Mutex
	last map[string]metav1.StatusReason
}

func (f *failures) handler(resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		reason := apierrors.ReasonForError(err)
		if reason != metav1.StatusReasonForbidden && reason != metav1.StatusReasonUnauthorized {
			// The end of a watch, or an outage, of which the controller tells.
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.last[resource] == reason {
			return
		}
		if f.last == nil {
			f.last = map[string]metav1.StatusReason{}
		}
		f.last[resource] = reason
		klog.FromContext(ctx).Error(err, "Cannot list or watch for the webhooks, will keep retrying", "resource", resource)
	}
}

// GetCertificate has the form of tls.Config.GetCertificate.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if shown := k.shown.Load(); shown != nil {
		return shown, nil
	}
	return nil, errors.New("the certificate is not there yet")
}

// Check is the readiness check: an error while there is no certificate that the API server trusts.
func (k *Keeper) Check() error {
	if doubt := k.doubt.Load(); doubt != nil {
		return errors.New(*doubt)
	}
	if shown := k.shown.Load(); shown != nil && !k.now().Before(shown.Leaf.NotAfter) {
		return fmt.Errorf("the certificate expired at %s", shown.Leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// Start begins to keep the certificate, until ctx ends, and returns at once.
func (k *Keeper) Start(ctx context.Context) {
	k.start(ctx)
	go k.loop(ctx)
}

// Run has this replica, which leads now, tell the API server whom to trust, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	k.leading.Store(true)
	defer k.leading.Store(false)
	k.lookSoon()
	<-ctx.Done()
}

func (k *Keeper) lookSoon() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) loop(ctx context.Context) {
	if !cache.WaitForCacheSync(ctx.Done(), k.secrets.HasSynced, k.validating.HasSynced, k.mutating.HasSynced) {
		return
	}
	logger := klog.FromContext(ctx)
	retry := firstRetry
	for {
		next, err := k.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if k.told != "" {
				logger.Info("The certificate of the webhooks is in order again")
			}
			retry, k.told = firstRetry, ""
		case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
			// Another replica was quicker. Its write comes as an event.
			next = retry
		default:
			if text := err.Error(); text != k.told {
				logger.Error(err, "Cannot keep the certificate of the webhooks, will keep retrying")
				k.told = text
			}
			next, retry = retry, min(2*retry, lastRetry)
		}
		timer := time.NewTimer(max(time.Millisecond, next))
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pass does what is due now, and returns when to look again.
func (k *Keeper) pass(ctx context.Context) (next time.Duration, err error) {
	present, err := k.readAuthority(ctx)
	now := k.now()
	bundles := k.bundles()
	if err != nil {
		// What is shown must not come to its end for it.
		if k.signer != nil && now.Before(k.signer.certificate.NotAfter) {
			_, showErr := k.show(ctx, k.signer, bundles, now)
			err = errors.Join(err, showErr)
		}
		return 0, err
	}
	at, err := k.show(ctx, present, bundles, now)
	if err != nil {
		return 0, err
	}
	if k.leading.Load() {
		if err := k.tellTrust(ctx, present, now); err != nil {
			return 0, err
		}
		at = append(at, present.dueAt())
		if end := k.trustedSince.Add(overlap); k.trusted != nil && now.Before(end) {
			at = append(at, end)
		}
	}
	next = lookAnyway
	for _, t := range at {
		next = min(next, max(0, t.Sub(now)))
	}
	return next, nil
}

// readAuthority returns the authority in the Secret. Where there is none, or one that grew old, it puts
// one there.
func (k *Keeper) readAuthority(ctx context.Context) (*authority, error) {
	now := k.now()
	var live *corev1.Secret
	if obj, found, err := k.secrets.GetStore().GetByKey(k.config.Namespace + "/" + k.config.Secret); err != nil {
		return nil, err
	} else if found {
		live = obj.(*corev1.Secret)
		present, err := parseAuthority(live.Data[corev1.TLSCertKey], live.Data[corev1.TLSPrivateKeyKey])
		ours := live.Labels[performer.LabelManagedBy] == performer.ManagedBy
		switch {
		case err != nil && !ours:
			return nil, fmt.Errorf("the Secret %s/%s was not made by the operator: %w; delete it, or set another name with --webhook-ca-secret", k.config.Namespace, k.config.Secret, err)
		case err == nil && now.Before(present.dueAt()):
			return present, nil
		case err == nil && !k.leading.Load() && now.Before(present.certificate.NotAfter):
			// The leader will replace it.
			return present, nil
		}
	}
	made, err := newAuthority(now)
	if err != nil {
		return nil, fmt.Errorf("making an authority: %w", err)
	}
	certificatePEM, keyPEM, err := made.encode()
	if err != nil {
		return nil, fmt.Errorf("encoding an authority: %w", err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: k.config.Namespace, Name: k.config.Secret,
			Labels: map[string]string{performer.LabelManagedBy: performer.ManagedBy, "app.kubernetes.io/name": "hourglass-operator", "app.kubernetes.io/part-of": "hourglass"},
		},
		Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: certificatePEM, corev1.TLSPrivateKeyKey: keyPEM},
	}
	secrets := k.config.Client.CoreV1().Secrets(k.config.Namespace)
	if live == nil {
		_, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
	} else {
		changed := live.DeepCopy()
		changed.Data = secret.Data
		_, err = secrets.Update(ctx, changed, metav1.UpdateOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("writing Secret %s/%s: %w", k.config.Namespace, k.config.Secret, err)
	}
	klog.FromContext(ctx).Info("Created a CA for the webhook certificates", "secret", klog.KRef(k.config.Namespace, k.config.Secret), "expires", made.certificate.NotAfter)
	return made, nil
}

// show sees to it that the server shows a certificate which the API server trusts, as far as that can
// be, and returns the times at which to see to it again.
func (k *Keeper) show(ctx context.Context, present *authority, bundles [][]byte, now time.Time) (at []time.Time, err error) {
	if k.trusted != nil && !k.trusted.certificate.Equal(present.certificate) || !allTrust(bundles, present) {
		k.trusted = nil
	} else if k.trusted == nil {
		k.trusted, k.trustedSince = present, now
	}
	switch {
	case k.signer == nil, k.signer.certificate.Equal(present.certificate):
		k.signer = present
	case len(bundles) == 0, !allTrust(bundles, k.signer), !now.Before(k.signer.certificate.NotAfter):
		// The old one is of no use anyway.
		k.signer = present
	case k.trusted != nil && now.Sub(k.trustedSince) >= trustGrace:
		k.signer = present
	case k.trusted != nil:
		at = append(at, k.trustedSince.Add(trustGrace))
	}
	shown := k.shown.Load()
	if shown == nil || shown.Leaf.CheckSignatureFrom(k.signer.certificate) != nil || !now.Before(renewAt(shown.Leaf, k.signer)) {
		made, err := k.signer.issue(k.names, k.config.Lifetime, now)
		if err != nil {
			return nil, fmt.Errorf("making a certificate: %w", err)
		}
		shown = made
		k.shown.Store(made)
		klog.FromContext(ctx).Info("The webhooks have a new certificate", "expires", made.Leaf.NotAfter)
	}
	var doubt *string
	// Where nobody is trusted yet the leader is about to change that; but it has to be ready for it.
	if known := nonEmpty(bundles); len(known) > 0 && !allTrust(known, k.signer) {
		doubt = new("the webhook configurations do not trust the certificate yet")
	}
	k.doubt.Store(doubt)
	return append(at, renewAt(shown.Leaf, k.signer)), nil
}

// renewAt is when a certificate is to be renewed. One that ends with its authority can't be.
func renewAt(shown *x509.Certificate, by *authority) time.Time {
	if shown.NotAfter.Before(by.certificate.NotAfter) {
		return dueAt(shown)
	}
	return shown.NotAfter
}

// allTrust tells whether all bundles have the authority. Of none at all it says so too.
func allTrust(bundles [][]byte, a *authority) bool {
	for _, bundle := range bundles {
		if !trusts(bundle, a.certificate) {
			return false
		}
	}
	return true
}

func nonEmpty(bundles [][]byte) [][]byte {
	var some [][]byte
	for _, bundle := range bundles {
		if len(bundle) > 0 {
			some = append(some, bundle)
		}
	}
	return some
}

// client is how one webhook of a configuration is reached.
type client struct {
	name   string
	config *admissionregistrationv1.WebhookClientConfig
}

// configurations returns the configurations of our name with those of their webhooks that point to our
// Service.
func (k *Keeper) configurations() map[metav1.Object][]client {
	found := map[metav1.Object][]client{}
	if obj, ok, _ := k.validating.GetStore().GetByKey(k.config.Configuration); ok {
		c := obj.(*admissionregistrationv1.ValidatingWebhookConfiguration)
		for i := range c.Webhooks {
			if w := &c.Webhooks[i]; k.ours(&w.ClientConfig) {
				found[c] = append(found[c], client{w.Name, &w.ClientConfig})
			}
		}
	}
	if obj, ok, _ := k.mutating.GetStore().GetByKey(k.config.Configuration); ok {
		c := obj.(*admissionregistrationv1.MutatingWebhookConfiguration)
		for i := range c.Webhooks {
			if w := &c.Webhooks[i]; k.ours(&w.ClientConfig) {
				found[c] = append(found[c], client{w.Name, &w.ClientConfig})
			}
		}
	}
	return found
}

func (k *Keeper) ours(c *admissionregistrationv1.WebhookClientConfig) bool {
	return c.Service != nil && c.Service.Namespace == k.config.Namespace && c.Service.Name == k.config.Service
}

func (k *Keeper) bundles() [][]byte {
	var all [][]byte
	for _, clients := range k.configurations() {
		for _, c := range clients {
			all = append(all, c.config.CABundle)
		}
	}
	return all
}

// tellTrust writes the authority into the configurations that lack it. All else in them is whoever's
// who applied them.
func (k *Keeper) tellTrust(ctx context.Context, present *authority, now time.Time) error {
	registration := k.config.Client.AdmissionregistrationV1()
	// Counted from when this replica saw it trusted everywhere, for an authority may be older than its use.
	others := k.trusted == nil || now.Sub(k.trustedSince) < overlap
	var errs []error
	for object, clients := range k.configurations() {
		var webhooks []map[string]any
		for _, c := range clients {
			if next := nextBundle(c.config.CABundle, present.certificate, others, now); string(next) != string(c.config.CABundle) {
				webhooks = append(webhooks, map[string]any{"name": c.name, "clientConfig": map[string]any{"caBundle": next}})
			}
		}
		if len(webhooks) == 0 {
			continue
		}
		data, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": object.GetUID(), "resourceVersion": object.GetResourceVersion()},
			"webhooks": webhooks,
		})
		if err != nil {
			return fmt.Errorf("encoding a patch: %w", err)
		}
		// Webhooks are merged by their names.
		switch object.(type) {
		case *admissionregistrationv1.ValidatingWebhookConfiguration:
			_, err = registration.ValidatingWebhookConfigurations().Patch(ctx, object.GetName(), types.StrategicMergePatchType, data, metav1.PatchOptions{})
		case *admissionregistrationv1.MutatingWebhookConfiguration:
			_, err = registration.MutatingWebhookConfigurations().Patch(ctx, object.GetName(), types.StrategicMergePatchType, data, metav1.PatchOptions{})
		}
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("writing the authority into %s %s: %w", strings.TrimPrefix(fmt.Sprintf("%T", object), "*v1."), object.GetName(), err))
			continue
		}
		klog.FromContext(ctx).Info("The API server trusts the webhooks' authority", "configuration", object.GetName(), "kind", strings.TrimPrefix(fmt.Sprintf("%T", object), "*v1."))
	}
	return errors.Join(errs...)
}
