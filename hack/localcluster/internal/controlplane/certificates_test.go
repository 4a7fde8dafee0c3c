// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

func TestPKI(t *testing.T) {
	c := &state.Cluster{Name: "test", Address: "10.200.7.2", Network: 7, RealNodes: 2, Dir: t.TempDir()}
	if err := writePKI(c); err != nil {
		t.Fatal(err)
	}
	pool := func(name string) *x509.CertPool {
		data, err := os.ReadFile(c.Path("pki", name+".crt"))
		if err != nil {
			t.Fatal(err)
		}
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(data)
		return p
	}
	leaf := func(name string) *x509.Certificate {
		pair, err := tls.LoadX509KeyPair(c.Path("pki", name+".crt"), c.Path("pki", name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	for _, host := range []string{"10.200.7.2", serviceAPIServer, "127.0.0.1", "localhost", "kubernetes.default.svc"} {
		opts := x509.VerifyOptions{Roots: pool("ca"), DNSName: host}
		if _, err := leaf("apiserver").Verify(opts); err != nil {
			t.Errorf("API server's certificate for %s: %v", host, err)
		}
	}
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for name, groups := range map[string]string{"admin": "system:masters", "kubelet": "system:nodes"} {
		cert := leaf(name)
		if _, err := cert.Verify(x509.VerifyOptions{Roots: pool("ca"), KeyUsages: client}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != groups {
			t.Errorf("%s is in groups %v, want %s", name, cert.Subject.Organization, groups)
		}
	}
	for i, n := range c.ListNodes() {
		pair, err := tls.LoadX509KeyPair(n.Path("pki", "kubelet.crt"), n.Path("pki", "kubelet.key"))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"test-node", "test-node-2"}[i]
		if got := pair.Leaf.Subject.CommonName; got != "system:node:"+want {
			t.Errorf("the kubelet of node %s is %s", want, got)
		}
		for _, host := range []string{n.Address, want} {
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool("ca"), DNSName: host}); err != nil {
				t.Errorf("the kubelet's certificate for %s: %v", host, err)
			}
		}
	}
	if got := leaf("kwok").Subject; got.CommonName != "kwok" || len(got.Organization) != 0 {
		t.Errorf("kwok is %s", got)
	}
	if _, err := leaf("admin").Verify(x509.VerifyOptions{Roots: pool("etcd-ca"), KeyUsages: client}); err == nil {
		t.Error("the etcd accepts the admin's certificate")
	}
	keys, err := filepath.Glob(c.Path("pki", "*.key"))
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		if st, err := os.Stat(key); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", key, st.Mode(), err)
		}
	}
}
