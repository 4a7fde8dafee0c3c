// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package managertest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/certs"
)

// CertificateLifetime is the lifetime of the certificates that WriteCertificate makes.
const CertificateLifetime = 90 * 24 * time.Hour

// WriteCertificate writes a new certificate and its key, made at the given time, to tls.crt and
// tls.key in a folder and returns it.
func WriteCertificate(t *testing.T, dir string, now time.Time) *tls.Certificate {
	t.Helper()
	c, err := certs.Make(certs.Server("test", []string{"localhost"}, now, CertificateLifetime), nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		"tls.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		// Written as Kubernetes does it: a reader sees the old or the new file, never half of one.
		temporary := filepath.Join(dir, name+".new")
		if err := os.WriteFile(temporary, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}
