// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/certs"
)

const (
	// caName is the common name of the operator's CAs. It marks the certificates of a CA bundle
	// that the operator may keep or remove.
	caName = "hourglass-operator-webhook-ca"
	// caLifetime is long because a new CA has to be injected into the webhook configurations, and
	// bounded because the key is stored in a Secret.
	caLifetime = 365 * 24 * time.Hour
)

// ca is a CA. It signs the serving certificates of all replicas.
type ca struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newCA returns a CA with a new key.
func newCA(now time.Time) (*ca, error) {
	pair, err := certs.Make(certs.Authority(caName, now, caLifetime), nil)
	if err != nil {
		return nil, err
	}
	return &ca{pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)}, nil
}

// parseCA reads what encode returned. Its errors reveal nothing of the key.
func parseCA(certificatePEM, keyPEM []byte) (*ca, error) {
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		return nil, errors.New("tls.crt and tls.key are not a certificate and its key")
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA || pair.Leaf.Subject.CommonName != caName {
		return nil, fmt.Errorf("tls.crt is not the certificate of a CA with the common name %s and an ECDSA key", caName)
	}
	return &ca{pair.Leaf, key}, nil
}

// encode returns the certificate and the key in PEM.
func (c *ca) encode() (certificatePEM, keyPEM []byte, err error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, nil, err
	}
	return encodeCertificates(c.certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), nil
}

// renewAt returns when a new CA should replace this one.
func (c *ca) renewAt() time.Time {
	return renewalTime(c.certificate)
}

// issue returns a serving certificate for the DNS names. It has a new key, and doesn't outlive the
// CA.
func (c *ca) issue(dnsNames []string, lifetime time.Duration, now time.Time) (*tls.Certificate, error) {
	template := certs.Server(dnsNames[0], dnsNames, now, lifetime)
	if c.certificate.NotAfter.Before(template.NotAfter) {
		template.NotAfter = c.certificate.NotAfter
	}
	return certs.Make(template, &tls.Certificate{Leaf: c.certificate, PrivateKey: c.key})
}

// renewalTime returns when a third of a certificate's lifetime is left.
func renewalTime(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
}
