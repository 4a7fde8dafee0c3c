// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

// configuration is a webhook configuration with the webhooks in it that refer to the operator's
// Service.
type configuration struct {
	kind     string
	object   metav1.Object
	webhooks []webhookClient
	// patch applies a strategic merge patch to the configuration.
	patch func(ctx context.Context, data []byte) error
}

// webhookClient is the name of a webhook, and how the API server reaches it.
type webhookClient struct {
	name   string
	config *admissionregistrationv1.WebhookClientConfig
}

// configurations returns the webhook configurations in the caches.
func (m *CertificateManager) configurations() []configuration {
	var all []configuration
	registration := m.config.Client.AdmissionregistrationV1()
	if obj, ok, _ := m.validating.GetStore().GetByKey(m.config.Configuration); ok {
		live := obj.(*admissionregistrationv1.ValidatingWebhookConfiguration)
		c := configuration{kind: "ValidatingWebhookConfiguration", object: live}
		for i := range live.Webhooks {
			m.addOurs(&c, live.Webhooks[i].Name, &live.Webhooks[i].ClientConfig)
		}
		c.patch = func(ctx context.Context, data []byte) error {
			_, err := registration.ValidatingWebhookConfigurations().Patch(ctx, live.Name, types.StrategicMergePatchType, data, metav1.PatchOptions{})
			return err
		}
		all = append(all, c)
	}
	if obj, ok, _ := m.mutating.GetStore().GetByKey(m.config.Configuration); ok {
		live := obj.(*admissionregistrationv1.MutatingWebhookConfiguration)
		c := configuration{kind: "MutatingWebhookConfiguration", object: live}
		for i := range live.Webhooks {
			m.addOurs(&c, live.Webhooks[i].Name, &live.Webhooks[i].ClientConfig)
		}
		c.patch = func(ctx context.Context, data []byte) error {
			_, err := registration.MutatingWebhookConfigurations().Patch(ctx, live.Name, types.StrategicMergePatchType, data, metav1.PatchOptions{})
			return err
		}
		all = append(all, c)
	}
	return all
}

// addOurs adds a webhook to a configuration if it refers to the operator's Service.
func (m *CertificateManager) addOurs(c *configuration, name string, config *admissionregistrationv1.WebhookClientConfig) {
	if service := config.Service; service != nil && service.Namespace == m.config.Namespace && service.Name == m.config.Service {
		c.webhooks = append(c.webhooks, webhookClient{name, config})
	}
}

// bundlesOf returns the CA bundles of all webhooks of the configurations.
func bundlesOf(configurations []configuration) [][]byte {
	var all [][]byte
	for _, c := range configurations {
		for _, w := range c.webhooks {
			all = append(all, w.config.CABundle)
		}
	}
	return all
}

// injectCA writes the current CA into the webhook configurations that lack it, and removes previous
// CAs when the overlap is over. It changes no other field.
func (m *CertificateManager) injectCA(ctx context.Context, o *observed) error {
	// The overlap counts from when this replica saw the CA in all configurations, since a CA may be
	// much older than its use.
	keepPrevious := m.injected == nil || o.now.Sub(m.injectedSince) < overlap
	var errs []error
	var delayed error
	for _, c := range o.configurations {
		var changed []map[string]any
		var by string
		for _, w := range c.webhooks {
			if next := nextBundle(w.config.CABundle, o.current.certificate, keepPrevious, o.now); string(next) != string(w.config.CABundle) {
				changed = append(changed, map[string]any{"name": w.name, "clientConfig": map[string]any{"caBundle": next}})
				by = bundleWriter(c.object, w.name)
			}
		}
		if len(changed) == 0 {
			continue
		}
		if err := m.startWrite(ctx, o.now, c.kind, c.object.GetName(), by); err != nil {
			delayed = err
			continue
		}
		// The API server merges webhooks by name. The resource version makes the patch fail if the
		// configuration changed since it was read.
		data, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": c.object.GetUID(), "resourceVersion": c.object.GetResourceVersion()},
			"webhooks": changed,
		})
		if err != nil {
			return fmt.Errorf("encoding the patch of %s %s: %w", c.kind, c.object.GetName(), err)
		}
		switch err := c.patch(ctx, data); {
		case apierrors.IsNotFound(err):
			// It was deleted since it was read.
		case err != nil:
			errs = append(errs, fmt.Errorf("injecting the CA into %s %s: %w", c.kind, c.object.GetName(), err))
		default:
			klog.FromContext(ctx).Info("Injected the CA into a webhook configuration", "kind", c.kind, "configuration", c.object.GetName())
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return delayed
}
