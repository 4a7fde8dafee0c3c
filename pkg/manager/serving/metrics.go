// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"net/http"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// MetricsConfig says where the metrics are served, and to whom.
type MetricsConfig struct {
	// Address is host:port, or "0" for no such server.
	Address string
	// Handler answers requests for /metrics.
	Handler http.Handler
	// Secure serves over TLS, to clients that the API server allows to get the path; the other
	// fields have an effect only then.
	Secure bool
	// CertDir holds tls.crt and tls.key; empty means a self-signed certificate.
	CertDir string
	// Profiles serves profiles at /debug/pprof/ in addition.
	Profiles bool
	// HTTP2 allows HTTP/2.
	HTTP2 bool
	// Reviews is the client for TokenReviews and SubjectAccessReviews.
	Reviews kubernetes.Interface
}

// endpoints are the metrics endpoints with their protection.
type endpoints struct {
	MetricsConfig
	// protect and certificates are set if the metrics are secure.
	protect      func(http.Handler) http.Handler
	certificates Certificates
}

// newEndpoints returns the endpoints with all that the configuration asks for.
func newEndpoints(ctx context.Context, c MetricsConfig) (*endpoints, error) {
	e := &endpoints{MetricsConfig: c}
	switch {
	case !c.Secure:
		return e, nil
	case c.CertDir == "":
		e.certificates = newOwnCertificates()
	default:
		files, err := NewFileCertificates("metrics-cert-dir", c.CertDir, klog.FromContext(ctx))
		if err != nil {
			return nil, err
		}
		e.certificates = files
	}
	e.protect = newGuard(ctx, c.Reviews).protect
	return e, nil
}

// listen takes the port of the metrics server.
func (e *endpoints) listen(ctx context.Context) (*Server, error) {
	mux := http.NewServeMux()
	if e.protect == nil {
		mux.Handle("/metrics", e.Handler)
	} else {
		mux.Handle("/metrics", e.protect(e.Handler))
		if e.Profiles {
			addProfiles(mux, e.protect)
		}
	}
	server, err := Listen(ctx, Binding{Name: "metrics", Flag: "metrics-bind-address", Address: e.Address}, mux)
	if err != nil {
		return nil, err
	}
	if e.certificates != nil {
		server.Secure(e.certificates, e.HTTP2)
		if e.Profiles {
			server.http.WriteTimeout = profileWriteTimeout
		}
	}
	return server, nil
}
