// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func made(t *testing.T, template *x509.Certificate, ca *tls.Certificate) *tls.Certificate {
	t.Helper()
	certificate, err := Make(template, ca)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestMake(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	authority := made(t, Authority("ours", now, time.Hour), nil)
	server := made(t, Server("server", []string{"a.example", "b.example"}, now, time.Hour), authority)
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	verify := func(certificate *tls.Certificate, name string, at time.Time) error {
		_, err := certificate.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at})
		return err
	}
	for _, name := range server.Leaf.DNSNames {
		if err := verify(server, name, now.Add(-59*time.Minute)); err != nil {
			t.Errorf("%s, with a clock that is behind: %v", name, err)
		}
	}
	if verify(server, "c.example", now) == nil {
		t.Error("valid for another name")
	}
	if verify(server, "a.example", now.Add(61*time.Minute)) == nil {
		t.Error("valid after its end")
	}
	if own := made(t, Server("server", []string{"a.example"}, now, time.Hour), nil); verify(own, "a.example", now) == nil {
		t.Error("a self-signed certificate passes for one of the CA")
	} else if err := own.Leaf.CheckSignature(own.Leaf.SignatureAlgorithm, own.Leaf.RawTBSCertificate, own.Leaf.Signature); err != nil {
		t.Errorf("the certificate has not signed itself: %v", err)
	}
	if short := Server("server", []string{"a.example"}, now, time.Minute); short.NotBefore != now.Add(-time.Minute) {
		t.Errorf("a certificate for a minute begins at %v", short.NotBefore)
	}
	if again := made(t, Authority("ours", now, time.Hour), nil); again.Leaf.SerialNumber.Cmp(authority.Leaf.SerialNumber) == 0 {
		t.Error("two certificates have the same serial number")
	}
	if _, err := Make(Server("server", []string{"a.example"}, now, time.Hour), &tls.Certificate{Leaf: authority.Leaf}); err == nil {
		t.Error("a CA without a key signs")
	}
}
