// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"
)

// maxCAs bounds the size of a CA bundle when CAs are replaced in quick succession.
const maxCAs = 4

// encodeCertificates returns certificates in PEM, in the given order.
func encodeCertificates(certificates ...*x509.Certificate) []byte {
	var all bytes.Buffer
	for _, c := range certificates {
		all.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return all.Bytes()
}

// decodeCertificates returns the certificates in PEM data. It ignores everything else in the data.
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

// allContain reports whether every CA bundle contains the CA. It is true if there is no bundle.
func allContain(bundles [][]byte, c *ca) bool {
	return !slices.ContainsFunc(bundles, func(bundle []byte) bool {
		return !slices.ContainsFunc(decodeCertificates(bundle), c.certificate.Equal)
	})
}

// nextBundle returns the CA bundle that should replace the given one: the current CA and, with
// keepPrevious, the operator's previous CAs that are in the bundle and have not expired. It drops
// certificates of anybody else, since whoever adds one could answer in the operator's place.
func nextBundle(bundle []byte, current *x509.Certificate, keepPrevious bool, now time.Time) []byte {
	keep := []*x509.Certificate{current}
	if keepPrevious {
		for _, c := range decodeCertificates(bundle) {
			ours := c.IsCA && c.Subject.CommonName == caName
			if ours && now.Before(c.NotAfter) && !slices.ContainsFunc(keep, c.Equal) && len(keep) < maxCAs {
				keep = append(keep, c)
			}
		}
	}
	return encodeCertificates(keep...)
}
