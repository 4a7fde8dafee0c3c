// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// newInformers sets up informers for the Secret and the two webhook configurations. Each event
// requests a sync.
func (m *CertificateManager) newInformers() error {
	only := func(name string) informers.SharedInformerOption {
		return informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			// RBAC permits list and watch of a single object only with this field selector.
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
		})
	}
	namespaced := informers.NewSharedInformerFactoryWithOptions(m.config.Client, 0, informers.WithNamespace(m.config.Namespace), only(m.config.Secret))
	cluster := informers.NewSharedInformerFactoryWithOptions(m.config.Client, 0, only(m.config.Configuration))
	m.secrets = namespaced.Core().V1().Secrets().Informer()
	m.validating = cluster.Admissionregistration().V1().ValidatingWebhookConfigurations().Informer()
	m.mutating = cluster.Admissionregistration().V1().MutatingWebhookConfigurations().Informer()
	m.startInformers = func(ctx context.Context) {
		namespaced.StartWithContext(ctx)
		cluster.StartWithContext(ctx)
	}
	var failures watchFailures
	for resource, informer := range map[string]cache.SharedIndexInformer{
		"secrets": m.secrets, "validatingwebhookconfigurations": m.validating, "mutatingwebhookconfigurations": m.mutating,
	} {
		handler := cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { m.enqueue() }, UpdateFunc: func(_, _ any) { m.enqueue() }, DeleteFunc: func(any) { m.enqueue() },
		}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("webhook: adding the event handler for %s: %w", resource, err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(failures.handler(resource)); err != nil {
			return fmt.Errorf("webhook: setting the watch error handler for %s: %w", resource, err)
		}
	}
	return nil
}

// watchFailures logs once for each resource and reason that it can't be watched. The reflector
// keeps retrying.
type watchFailures struct {
	mu   sync.Mutex
	last map[string]metav1.StatusReason
}

func (f *watchFailures) handler(resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		reason := apierrors.ReasonForError(err)
		if reason != metav1.StatusReasonForbidden && reason != metav1.StatusReasonUnauthorized {
			// The watch ended, or the API server is unavailable, which the controller logs.
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
		klog.FromContext(ctx).Error(err, "Failed to list or watch a resource for the webhook certificate, will keep retrying", "resource", resource)
	}
}
