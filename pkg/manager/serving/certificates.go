// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/certs"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

// Certificates provides the current certificate of a TLS server.
type Certificates interface {
	// Get has the signature of tls.Config.GetCertificate.
	Get(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// The keys of a certificate and its private key in a Secret of type kubernetes.io/tls.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// fileCheckInterval is the shortest time between two checks of the files, however many handshakes
// there are.
const fileCheckInterval = 5 * time.Second

// fileCertificates reads the certificate from a folder, and again when the files change. If the new
// files can't be read, it logs that once and serves the old certificate.
type fileCertificates struct {
	flag, dir string
	logger    klog.Logger
	now       func() time.Time

	mu        sync.Mutex
	current   *tls.Certificate
	files     [2]os.FileInfo // of the current certificate
	checked   time.Time
	lastError string // the last error logged
}

// NewFileCertificates reads the certificate in a folder. It must exist; the error names the flag.
func NewFileCertificates(flag, dir string, logger klog.Logger) (Certificates, error) {
	return newFileCertificates(flag, dir, logger)
}

func newFileCertificates(flag, dir string, logger klog.Logger) (*fileCertificates, error) {
	c := &fileCertificates{flag: flag, dir: dir, logger: logger, now: time.Now}
	c.checked = c.now()
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("--%s=%s: %w", flag, dir, err)
	}
	return c, nil
}

// Get implements Certificates.
func (c *fileCertificates) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= fileCheckInterval {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

// refresh reads the files if they have changed since the last read.
func (c *fileCertificates) refresh() {
	files, err := c.stat()
	if err == nil {
		if unchanged(files[0], c.files[0]) && unchanged(files[1], c.files[1]) {
			return
		}
		err = c.read()
	}
	if err == nil {
		c.lastError = ""
		c.logger.Info("Read a new certificate", "folder", c.dir, "expires", c.current.Leaf.NotAfter)
		return
	}
	if text := err.Error(); text != c.lastError {
		c.lastError = text
		c.logger.Error(err, "Cannot read the new certificate, still serving the old one", "folder", c.dir, "expires", c.current.Leaf.NotAfter)
	}
}

// read reads the certificate and its key.
func (c *fileCertificates) read() error {
	// stat comes first: if the files change during the read, the next check reads them again.
	files, err := c.stat()
	if err != nil {
		return err
	}
	var contents [2][]byte
	for i, name := range []string{certificateFile, keyFile} {
		if contents[i], err = os.ReadFile(filepath.Join(c.dir, name)); err != nil {
			return fmt.Errorf("%s: %w", name, errtext.WithoutPath(err))
		}
	}
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return fmt.Errorf("%s and %s are not a matching certificate and key: %s", certificateFile, keyFile, errtext.OneLine(err))
	}
	c.current, c.files = &pair, files
	return nil
}

func (c *fileCertificates) stat() (files [2]os.FileInfo, err error) {
	for i, name := range []string{certificateFile, keyFile} {
		if files[i], err = os.Stat(filepath.Join(c.dir, name)); err != nil {
			return files, fmt.Errorf("%s: %w", name, errtext.WithoutPath(err))
		}
	}
	return files, nil
}

func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// A self-signed certificate is renewed when less than selfSignedRenewal of its lifetime is left.
const (
	selfSignedLifetime = 90 * 24 * time.Hour
	selfSignedRenewal  = 30 * 24 * time.Hour
)

// commonName is the common name of self-signed certificates.
const commonName = "hourglass-operator"

// selfSignedCertificates creates certificates in memory. No client can verify them, but a client
// that does not verify still gets an encrypted connection.
type selfSignedCertificates struct {
	now func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

func newSelfSignedCertificates() *selfSignedCertificates {
	return &selfSignedCertificates{now: time.Now}
}

// Get implements Certificates.
func (c *selfSignedCertificates) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current == nil || c.current.Leaf.NotAfter.Sub(now) < selfSignedRenewal {
		created, err := selfSigned(now)
		if err != nil {
			return nil, fmt.Errorf("creating a self-signed certificate: %w", err)
		}
		c.current = created
	}
	return c.current, nil
}

// selfSigned creates a certificate for localhost and this host's name.
func selfSigned(now time.Time) (*tls.Certificate, error) {
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return certs.Make(certs.Server(commonName, names, now, selfSignedLifetime), nil)
}
