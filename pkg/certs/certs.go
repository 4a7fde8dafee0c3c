// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certs creates the certificates of the operator's own servers, and of the CA that signs
// some of them.
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"time"
)

// Backdated is how long before its creation a certificate becomes valid, for clients whose clock is
// behind.
const Backdated = time.Hour

// Server returns the template of a server's certificate for the given DNS names, of which there
// must be at least one. It is valid from Backdated before now, or from one lifetime before now if
// that is later.
func Server(commonName string, names []string, now time.Time, lifetime time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		DNSNames:              names,
		NotBefore:             now.Add(-min(Backdated, lifetime)),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
}

// Authority returns the template of the certificate of a CA, which signs server certificates.
func Authority(commonName string, now time.Time, lifetime time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-Backdated),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
}

// Make creates a key and a certificate for it from a template, with a random serial number. The key
// of ca signs it, or its own key if ca is nil. The Leaf of the result is set, and its key is an
// *ecdsa.PrivateKey.
func Make(template *x509.Certificate, ca *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate := *template
	if certificate.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, err
	}
	parent, signer := &certificate, crypto.Signer(key)
	if ca != nil {
		var ok bool
		if signer, ok = ca.PrivateKey.(crypto.Signer); !ok || ca.Leaf == nil {
			return nil, errors.New("the CA has no certificate, or no key that can sign")
		}
		parent = ca.Leaf
	}
	raw, err := x509.CreateCertificate(rand.Reader, &certificate, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, nil
}
