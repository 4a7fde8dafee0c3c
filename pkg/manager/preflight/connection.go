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

// checkServer finds out whether a Kubernetes API server answers.
func (p *Preflight) checkServer(ctx context.Context) *unmet {
	info, err := discovery.ToDiscoveryInterfaceWithContext(p.Client.Discovery()).ServerVersionWithContext(ctx)
	switch {
	case err == nil:
		if !p.connected {
			klog.FromContext(ctx).Info("Connected to the API server", "server", p.Host, "version", info.GitVersion)
			p.connected = true
		}
		return nil
	case apierrors.IsForbidden(err):
		// An API server that hides its version.
		return nil
	case apierrors.IsNotFound(err):
		return &unmet{fatal: true, message: fmt.Sprintf("the server at %s is not a Kubernetes API server: correct the server's address in %s", p.Host, p.Source)}
	}
	return p.connectionProblem(err)
}

// connectionProblem explains why a request failed.
func (p *Preflight) connectionProblem(err error) *unmet {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		notTLS      tls.RecordHeaderError
		urlError    *url.Error
	)
	switch {
	case errors.As(err, &authority):
		return &unmet{fatal: true, message: fmt.Sprintf("the certificate of the API server at %s is not signed by the CA in %s: use the configuration of this cluster", p.Host, p.Source)}
	case errors.As(err, &hostname):
		return &unmet{fatal: true, message: fmt.Sprintf("the certificate of the API server at %s is for other names: %s: correct the server's address in %s", p.Host, errtext.OneLine(hostname), p.Source)}
	case errors.As(err, &notTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return &unmet{fatal: true, message: fmt.Sprintf("the server at %s does not speak TLS: correct the server's address in %s", p.Host, p.Source)}
	case errors.As(err, &certificate):
		return &unmet{kind: "certificate", message: fmt.Sprintf("the certificate of the API server at %s is not valid: %s: renew it, or correct the clock", p.Host, errtext.OneLine(certificate))}
	case apierrors.IsUnauthorized(err):
		return &unmet{kind: "unauthorized", message: fmt.Sprintf("the API server at %s does not accept the credentials in %s: renew them", p.Host, p.Source)}
	case errors.As(err, &urlError):
		// The text of a url.Error has the whole request, which the message does not need.
		err = urlError.Err
	}
	return &unmet{kind: "unreachable", message: fmt.Sprintf("the API server at %s does not answer: %s: check that the cluster runs and that the address is right", p.Host, errtext.OneLine(err))}
}
