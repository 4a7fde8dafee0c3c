// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

// Server is one HTTP server whose port is already taken.
type Server struct {
	Name     string
	listener net.Listener
	http     *http.Server
}

// The time in which an answer must be written; that of a profile is as long as was asked for.
const (
	writeTimeout        = 30 * time.Second
	profileWriteTimeout = 5 * time.Minute
)

// Binding is the address of a server, and the flag that it comes from.
type Binding struct {
	Name, Flag, Address string
}

// Listen takes the address for a server. The flag is named in the error.
func Listen(ctx context.Context, b Binding, handler http.Handler) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", b.Address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("--%s=%s: the port is in use by another process: stop that, or choose another port", b.Flag, b.Address)
		}
		return nil, fmt.Errorf("--%s=%s: cannot listen there: %w", b.Flag, b.Address, err)
	}
	return &Server{Name: b.Name, listener: listener, http: &http.Server{
		Handler: handler,
		// A client that stalls must not hold a connection for ever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
		// What net/http has to say is mostly of clients that went away or speak no TLS.
		ErrorLog: log.New(debugLog{klog.FromContext(ctx).WithValues("server", b.Name)}, "", 0),
	}}, nil
}

// Secure has the server speak TLS, and HTTP/2 only if asked to: for a few scrapes it brings nothing
// but its own ways of being attacked.
func (s *Server) Secure(c Certificates, http2 bool) {
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.Get}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(http2)
}

// debugLevel is the verbosity of details, by the conventions of Kubernetes.
const debugLevel = 4

// debugLog writes lines to a log when that tells of details.
type debugLog struct{ logger klog.Logger }

// Write implements io.Writer.
func (l debugLog) Write(line []byte) (int, error) {
	l.logger.V(debugLevel).Info("From the HTTP server", "message", strings.TrimSpace(string(line)))
	return len(line), nil
}

// Serve answers until the server is stopped, which is no error.
func (s *Server) Serve() error {
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the %s server on %s failed: %w", s.Name, s.listener.Addr(), err)
	}
	return nil
}

// StopAll stops all of them.
func StopAll(servers []*Server) {
	for _, s := range servers {
		s.Stop()
	}
}

// Address is the address that the server listens on.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Stop lets requests in hand end, for a short time.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	// Where serve was never called, Shutdown doesn't know the listener.
	_ = s.listener.Close()
}
