// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func TestFileCertificatesAreReloaded(t *testing.T) {
	dir := t.TempDir()
	var log managertest.Logs
	first := managertest.WriteCertificate(t, dir, time.Now())
	c, err := newFileCertificates("metrics-cert-dir", dir, klog.FromContext(log.Context(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	expect := func(what string, want *tls.Certificate) {
		t.Helper()
		got, err := c.Get(nil)
		if err != nil || !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
			t.Errorf("%s: another certificate, or %v", what, err)
		}
	}
	expect("at first", first)

	second := managertest.WriteCertificate(t, dir, time.Now())
	expect("before the next check", first)
	now = now.Add(fileCheckInterval)
	expect("changed", second)

	for _, broken := range []func(){
		func() { os.WriteFile(filepath.Join(dir, keyFile), []byte("x"), 0o600) },
		func() { os.Remove(filepath.Join(dir, keyFile)) },
	} {
		broken()
		for range 3 {
			now = now.Add(fileCheckInterval)
			expect("broken", second)
		}
	}
	third := managertest.WriteCertificate(t, dir, time.Now())
	now = now.Add(fileCheckInterval)
	expect("fixed", third)
	if log.Count("Cannot read the new certificate, still serving the old one") != 2 || log.Count("Read a new certificate") != 2 {
		t.Errorf("logged %q", log.All())
	}
}

func TestFileCertificatesRefuse(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(dir string)
		want  string
	}{
		{"no folder", func(dir string) { os.RemoveAll(dir) }, "tls.crt: no such file or directory"},
		{"no key", func(dir string) { os.Remove(filepath.Join(dir, keyFile)) }, "tls.key: no such file or directory"},
		{"a folder instead of the file", func(dir string) {
			os.Remove(filepath.Join(dir, certificateFile))
			os.Mkdir(filepath.Join(dir, certificateFile), 0o700)
		}, "tls.crt: is a directory"},
		{"not a certificate", func(dir string) { os.WriteFile(filepath.Join(dir, certificateFile), []byte("a\nb"), 0o600) }, "tls.crt and tls.key are not a matching certificate and key: "},
		{"another key", func(dir string) {
			key, _ := os.ReadFile(filepath.Join(dir, keyFile))
			managertest.WriteCertificate(t, dir, time.Now())
			os.WriteFile(filepath.Join(dir, keyFile), key, 0o600)
		}, "tls.crt and tls.key are not a matching certificate and key: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			managertest.WriteCertificate(t, dir, time.Now())
			tt.spoil(dir)
			_, err := newFileCertificates("metrics-cert-dir", dir, klog.FromContext(t.Context()))
			if err == nil || !strings.HasPrefix(err.Error(), "--metrics-cert-dir="+dir+": "+tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSelfSignedCertificatesAreRenewed(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := newSelfSignedCertificates()
	c.now = func() time.Time { return now }
	first, err := c.Get(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.Leaf
	if err := leaf.VerifyHostname("localhost"); err != nil || now.Before(leaf.NotBefore) || leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("%v, from %s, %s", err, leaf.NotBefore, leaf.PublicKeyAlgorithm)
	}
	now = leaf.NotAfter.Add(-selfSignedRenewal)
	if again, err := c.Get(nil); err != nil || again != first {
		t.Errorf("renewed too early: %v", err)
	}
	now = now.Add(time.Second)
	second, err := c.Get(nil)
	if err != nil || second == first || !second.Leaf.NotAfter.After(leaf.NotAfter) {
		t.Errorf("not renewed: %v", err)
	}
}
