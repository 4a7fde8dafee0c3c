// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certs makes the certificates of the operator's own servers, and of the authority that some
// of them are signed by.
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

// Backdated is how long before it is made a certificate begins to be good, for clocks that are behind
// ours.
const Backdated = time.Hour

// Server describes a server's certificate for the given DNS names, of which there is at least one. It is
// good from Backdated before now on, or from one lifetime before now where that is less.
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

// Authority describes the certificate of an authority that signs certificates of servers.
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

// Make makes a key and a certificate for it as described, with a serial number of its own. It is
// signed by the key of an authority, or by its own where by is nil. The Leaf of what it returns is
// set, and the key is an *ecdsa.PrivateKey.
func Make(described *x509.Certificate, by *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := *described
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, err
	}
	parent, signer := &template, crypto.Signer(key)
	if by != nil {
		var ok bool
		if signer, ok = by.PrivateKey.(crypto.Signer); !ok || by.Leaf == nil {
			return nil, errors.New("the authority has no certificate, or no key that signs")
		}
		parent = by.Leaf
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, nil
}
