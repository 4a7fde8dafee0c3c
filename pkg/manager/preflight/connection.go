// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

func (p *Preflight) lookForServer(ctx context.Context) *obstacle {
	info, err := discovery.ToDiscoveryInterfaceWithContext(p.client.Discovery()).ServerVersionWithContext(ctx)
	switch {
	case err == nil:
		if !p.connected {
			klog.FromContext(ctx).Info("Connected to the API server", "server", p.host, "version", info.GitVersion)
			p.connected = true
		}
		return nil
	case apierrors.IsForbidden(err):
		// It is an API server, one that hides its version.
		return nil
	case apierrors.IsNotFound(err):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the server at %s is not a Kubernetes API server: correct the server's address in %s", p.host, p.source)}
	}
	return p.connectionProblem(err)
}

// connectionProblem says in words why a request had no answer, or none of use.
func (p *Preflight) connectionProblem(err error) *obstacle {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		notTLS      tls.RecordHeaderError
		urlError    *url.Error
	)
	switch {
	case errors.As(err, &authority):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the certificate of the API server at %s is not signed by the CA in %s: is that for another cluster, or for an earlier one?", p.host, p.source)}
	case errors.As(err, &hostname):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the certificate of the API server at %s is for other names: %s: correct the server's address in %s", p.host, errtext.OneLine(hostname), p.source)}
	case errors.As(err, &notTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return &obstacle{hopeless: true, message: fmt.Sprintf("what answers at %s does not speak TLS: correct the server's address in %s", p.host, p.source)}
	case errors.As(err, &certificate):
		return &obstacle{kind: "certificate", message: fmt.Sprintf("the certificate of the API server at %s is not valid: %s: renew it, or correct the clock", p.host, errtext.OneLine(certificate))}
	case apierrors.IsUnauthorized(err):
		return &obstacle{kind: "unauthorized", message: fmt.Sprintf("the API server at %s does not accept the credentials in %s: renew them", p.host, p.source)}
	case errors.As(err, &urlError):
		// Its text has the whole request; its cause is what counts.
		err = urlError.Err
	}
	return &obstacle{kind: "unreachable", message: fmt.Sprintf("the API server at %s does not answer: %s: check that the cluster runs and that the address is right", p.host, errtext.OneLine(err))}
}
