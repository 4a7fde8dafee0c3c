// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"net/http"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// MetricsConfig configures the metrics server.
type MetricsConfig struct {
	// Address is host:port, or "0" for no such server.
	Address string
	// Handler responds to requests for /metrics.
	Handler http.Handler
	// Secure serves over TLS, to clients that the API server allows to get the path. The fields
	// below have an effect only with it.
	Secure bool
	// CertDir is the folder with tls.crt and tls.key. Empty means a self-signed certificate.
	CertDir string
	// Profiles serves profiles at /debug/pprof/ in addition.
	Profiles bool
	// HTTP2 allows HTTP/2.
	HTTP2 bool
	// Reviews is the client for TokenReviews and SubjectAccessReviews.
	Reviews kubernetes.Interface
}

// metricsServer is the metrics server before it listens.
type metricsServer struct {
	MetricsConfig
	// protect and certificates are nil unless the server is secure.
	protect      func(http.Handler) http.Handler
	certificates Certificates
}

func newMetricsServer(ctx context.Context, c MetricsConfig) (*metricsServer, error) {
	m := &metricsServer{MetricsConfig: c}
	switch {
	case !c.Secure:
		return m, nil
	case c.CertDir == "":
		m.certificates = newSelfSignedCertificates()
	default:
		files, err := NewFileCertificates("metrics-cert-dir", c.CertDir, klog.FromContext(ctx))
		if err != nil {
			return nil, err
		}
		m.certificates = files
	}
	m.protect = newAuthFilter(ctx, c.Reviews).protect
	return m, nil
}

// listen binds the port of the metrics server.
func (m *metricsServer) listen(ctx context.Context) (*Server, error) {
	mux := http.NewServeMux()
	handler := newResponseLimiter().limit(m.Handler)
	if m.protect == nil {
		mux.Handle("/metrics", handler)
	} else {
		mux.Handle("/metrics", m.protect(handler))
		if m.Profiles {
			addProfiles(mux, m.protect)
		}
	}
	server, err := Listen(ctx, Binding{Name: "metrics", Flag: "metrics-bind-address", Address: m.Address}, mux)
	if err != nil {
		return nil, err
	}
	if m.certificates != nil {
		server.UseTLS(m.certificates, m.HTTP2)
		if m.Profiles {
			server.http.WriteTimeout = profileWriteTimeout
		}
	}
	return server, nil
}
