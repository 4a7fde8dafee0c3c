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

// Certificates gives a TLS server its certificate of the moment.
type Certificates interface {
	// Get has the form of tls.Config.GetCertificate.
	Get(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// The names under which Kubernetes keeps a certificate and its key in a Secret.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
)

// filesCheckedEvery bounds how often handshakes make us look at the files.
const filesCheckedEvery = 5 * time.Second

// fileCertificates are read from a folder, and again when the files have changed. A change that
// can't be read is told once, and what was read before is served on.
type fileCertificates struct {
	flag, dir string
	logger    klog.Logger
	now       func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]os.FileInfo
	checked time.Time
	problem string // that was told last
}

// NewFileCertificates reads the certificate, which must be there. The flag is named in errors.
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
	if now := c.now(); now.Sub(c.checked) >= filesCheckedEvery {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

// refresh reads the files if they have changed since they were read last.
func (c *fileCertificates) refresh() {
	files, err := c.look()
	if err == nil {
		if same(files[0], c.seen[0]) && same(files[1], c.seen[1]) {
			return
		}
		err = c.read()
	}
	if err == nil {
		c.problem = ""
		c.logger.Info("Read a new certificate", "folder", c.dir, "expires", c.current.Leaf.NotAfter)
		return
	}
	if text := err.Error(); text != c.problem {
		c.problem = text
		c.logger.Error(err, "Cannot read the new certificate, still serving the old one", "folder", c.dir, "expires", c.current.Leaf.NotAfter)
	}
}

// read reads the certificate and its key, and notes in which state the files were.
func (c *fileCertificates) read() error {
	// The state from before the reading: should the files change meanwhile, they are read again.
	files, err := c.look()
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
	c.current, c.seen = &pair, files
	return nil
}

// look returns the state of both files.
func (c *fileCertificates) look() (files [2]os.FileInfo, err error) {
	for i, name := range []string{certificateFile, keyFile} {
		if files[i], err = os.Stat(filepath.Join(c.dir, name)); err != nil {
			return files, fmt.Errorf("%s: %w", name, errtext.WithoutPath(err))
		}
	}
	return files, nil
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// Our own certificates live for ownLifetime, and are made anew when less than ownRenewal is left.
const (
	ownLifetime = 90 * 24 * time.Hour
	ownRenewal  = 30 * 24 * time.Hour
)

// ownCertificates are made here and kept in memory only. Nobody can verify them, but what is said
// to those who don't is still encrypted.
type ownCertificates struct {
	now func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

func newOwnCertificates() *ownCertificates {
	return &ownCertificates{now: time.Now}
}

// Get implements Certificates.
func (c *ownCertificates) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current == nil || c.current.Leaf.NotAfter.Sub(now) < ownRenewal {
		made, err := selfSigned(now)
		if err != nil {
			return nil, fmt.Errorf("making a certificate: %w", err)
		}
		c.current = made
	}
	return c.current, nil
}

// commonName is the name in our own certificates.
const commonName = "hourglass-operator"

// selfSigned makes a certificate for this host's name.
func selfSigned(now time.Time) (*tls.Certificate, error) {
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return certs.Make(certs.Server(commonName, names, now, ownLifetime), nil)
}
