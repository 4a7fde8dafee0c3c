// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// validity is long enough for any local cluster.
const validity = 365 * 24 * time.Hour

// authority is a certificate authority, stored in NAME.crt and NAME.key.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority creates an authority and writes it to dir.
func newAuthority(dir, name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := newTemplate(pkix.Name{CommonName: name})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert, key}, writePair(dir, name, der, key)
}

// identity is the subject of a certificate. A certificate with hosts (names and addresses) is valid
// for servers; each certificate is valid for clients.
type identity struct {
	user   string
	groups []string
	hosts  []string
}

// issue writes NAME.crt and NAME.key, signed by the authority, to dir.
func (a *authority) issue(dir, name string, id identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := newTemplate(pkix.Name{CommonName: id.user, Organization: id.groups})
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, host := range id.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(id.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	return writePair(dir, name, der, key)
}

func newTemplate(subject pkix.Name) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		// A clock that is set back by less than an hour does no harm.
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(validity),
	}
}

func writePair(dir, name string, der []byte, key crypto.Signer) error {
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, name+".key"), key)
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// writePKI creates every authority, certificate and key of a cluster.
func writePKI(c *state.Cluster) error {
	dir := c.Path("pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(dir, "ca")
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority(dir, "front-proxy-ca")
	if err != nil {
		return err
	}
	// etcd trusts only its own authority, so that no identity of the cluster has access to the data
	// except through the API server.
	etcd, err := newAuthority(dir, "etcd-ca")
	if err != nil {
		return err
	}
	local := []string{"127.0.0.1", "localhost"}
	issues := []struct {
		by   *authority
		name string
		id   identity
	}{
		{etcd, "etcd", identity{user: "etcd", hosts: local}},
		{etcd, "etcd-client", identity{user: "kube-apiserver"}},
		{frontProxy, "front-proxy-client", identity{user: "front-proxy-client"}},
		{ca, "apiserver", identity{user: "kube-apiserver", hosts: append(local, c.Address, serviceAPIServer,
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc."+ClusterDomain)}},
		{ca, "apiserver-kubelet", identity{user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}}},
		{ca, "admin", identity{user: "admin", groups: []string{"system:masters"}}},
		{ca, "kube-controller-manager", identity{user: "system:kube-controller-manager", hosts: local}},
		{ca, "kube-scheduler", identity{user: "system:kube-scheduler", hosts: local}},
		{ca, "kwok", identity{user: "kwok"}},
	}
	for _, i := range issues {
		if err := i.by.issue(dir, i.name, i.id); err != nil {
			return fmt.Errorf("certificate %s: %w", i.name, err)
		}
	}
	for _, n := range c.ListNodes() {
		if err := writeNodePKI(n, ca); err != nil {
			return fmt.Errorf("certificates of node %s: %w", n.Name, err)
		}
	}
	serviceAccounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(dir, "service-accounts.key"), serviceAccounts); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(serviceAccounts.Public())
	if err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, "service-accounts.pub"), "PUBLIC KEY", public)
}

// writeNodePKI creates the certificates of a real node, next to a copy of their authority's.
func writeNodePKI(n state.Node, ca *authority) error {
	dir := n.Path("pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", ca.cert.Raw); err != nil {
		return err
	}
	kubelet := identity{user: "system:node:" + n.Name, groups: []string{"system:nodes"},
		hosts: []string{"127.0.0.1", "localhost", n.Address, n.Name}}
	if err := ca.issue(dir, "kubelet", kubelet); err != nil {
		return err
	}
	return ca.issue(dir, "kube-proxy", identity{user: "system:kube-proxy"})
}
