// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/certs"
)

const (
	// authorityName is the common name of our authorities. Those of it in a bundle are ours to keep or
	// to drop.
	authorityName = "hourglass-operator-webhook-ca"
	// authorityLifetime is long, since a new authority has to be told to the API server, and bounded,
	// since its key is in a Secret.
	authorityLifetime = 365 * 24 * time.Hour
)

// authority signs the certificates of the webhook servers of all replicas.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newAuthority makes an authority with a key of its own.
func newAuthority(now time.Time) (*authority, error) {
	made, err := certs.Make(certs.Authority(authorityName, now, authorityLifetime), nil)
	if err != nil {
		return nil, err
	}
	return &authority{made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)}, nil
}

// parseAuthority reads what encode has written. Its errors tell nothing of the key.
func parseAuthority(certificatePEM, keyPEM []byte) (*authority, error) {
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		return nil, errors.New("it holds no matching certificate and key")
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA || pair.Leaf.Subject.CommonName != authorityName {
		return nil, fmt.Errorf("its certificate is not of an authority called %s", authorityName)
	}
	return &authority{pair.Leaf, key}, nil
}

// encode returns certificate and key in PEM.
func (a *authority) encode() (certificatePEM, keyPEM []byte, err error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, nil, err
	}
	return encodeCertificates(a.certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), nil
}

// dueAt is when another authority should take the place of this one: with a third of its life left.
func (a *authority) dueAt() time.Time {
	return dueAt(a.certificate)
}

func dueAt(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
}

// issue makes a server's certificate for the given names. Its key is new, and never leaves the process.
func (a *authority) issue(names []string, lifetime time.Duration, now time.Time) (*tls.Certificate, error) {
	described := certs.Server(names[0], names, now, lifetime)
	if a.certificate.NotAfter.Before(described.NotAfter) {
		described.NotAfter = a.certificate.NotAfter
	}
	return certs.Make(described, &tls.Certificate{Leaf: a.certificate, PrivateKey: a.key})
}

// encodeCertificates returns certificates in PEM, in the given order.
func encodeCertificates(certificates ...*x509.Certificate) []byte {
	var all bytes.Buffer
	for _, c := range certificates {
		all.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return all.Bytes()
}

// decodeCertificates returns the certificates in PEM data; what else is in there is passed over.
func decodeCertificates(data []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return all
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, c)
		}
	}
}

// trusts tells whether a bundle has the very certificate.
func trusts(bundle []byte, certificate *x509.Certificate) bool {
	return slices.ContainsFunc(decodeCertificates(bundle), certificate.Equal)
}

// overlap is how long an authority stays trusted after another one came to be. All replicas have a
// certificate of the new one within seconds of its being trusted; this is for one that is cut off.
const overlap = time.Hour

// nextBundle returns what the API server is to trust: the present authority, and with it those of ours
// that it trusts now, if others is set and they have not ended. Others' certificates in the bundle are
// dropped: whoever can put one there could answer in our place.
func nextBundle(bundle []byte, present *x509.Certificate, others bool, now time.Time) []byte {
	keep := []*x509.Certificate{present}
	if others {
		for _, c := range decodeCertificates(bundle) {
			if c.IsCA && c.Subject.CommonName == authorityName && now.Before(c.NotAfter) && !slices.ContainsFunc(keep, c.Equal) && len(keep) < maxAuthorities {
				keep = append(keep, c)
			}
		}
	}
	return encodeCertificates(keep...)
}

// maxAuthorities bounds a bundle, should authorities be replaced in quick succession.
const maxAuthorities = 4
