// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// ensureCA returns the CA in the Secret. If there is none, or if it is due for renewal, ensureCA
// writes a new one to the Secret.
func (m *CertificateManager) ensureCA(ctx context.Context) (*ca, error) {
	now := m.now()
	obj, found, err := m.secrets.GetStore().GetByKey(m.config.Namespace + "/" + m.config.Secret)
	if err != nil {
		return nil, err
	}
	var live *corev1.Secret
	if found {
		live = obj.(*corev1.Secret)
		current, err := parseCA(live.Data[corev1.TLSCertKey], live.Data[corev1.TLSPrivateKeyKey])
		ours := live.Labels[render.LabelManagedBy] == render.ManagedBy
		switch {
		case err != nil && !ours:
			return nil, fmt.Errorf("reading the CA: Secret %s/%s was not created by the operator and holds no CA (%w): delete it, or set another name with --webhook-ca-secret",
				m.config.Namespace, m.config.Secret, err)
		case err == nil && now.Before(current.renewAt()):
			return current, nil
		case err == nil && !m.leading.Load() && now.Before(current.certificate.NotAfter):
			// The leader replaces it.
			return current, nil
		}
	}
	if err := m.startWrite(ctx, now, "Secret", m.config.Namespace+"/"+m.config.Secret, anotherClient); err != nil {
		return nil, err
	}
	created, err := newCA(now)
	if err != nil {
		return nil, fmt.Errorf("creating a CA: %w", err)
	}
	if err := m.writeCA(ctx, live, created); err != nil {
		return nil, err
	}
	klog.FromContext(ctx).Info("Created a CA for the webhook certificates", "secret", klog.KRef(m.config.Namespace, m.config.Secret), "expires", created.certificate.NotAfter)
	return created, nil
}

// writeCA creates the Secret with a CA, or updates live if that is not nil.
func (m *CertificateManager) writeCA(ctx context.Context, live *corev1.Secret, c *ca) error {
	certificatePEM, keyPEM, err := c.encode()
	if err != nil {
		return fmt.Errorf("encoding a CA: %w", err)
	}
	data := map[string][]byte{corev1.TLSCertKey: certificatePEM, corev1.TLSPrivateKeyKey: keyPEM}
	secrets := m.config.Client.CoreV1().Secrets(m.config.Namespace)
	if live == nil {
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: m.config.Namespace,
				Name:      m.config.Secret,
				Labels: map[string]string{
					render.LabelManagedBy:       render.ManagedBy,
					"app.kubernetes.io/name":    "hourglass-operator",
					"app.kubernetes.io/part-of": "hourglass",
				},
			},
			Type: corev1.SecretTypeTLS,
			Data: data,
		}, metav1.CreateOptions{})
	} else {
		changed := live.DeepCopy()
		changed.Data = data
		_, err = secrets.Update(ctx, changed, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("writing Secret %s/%s: %w", m.config.Namespace, m.config.Secret, err)
	}
	return nil
}
