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

// Server is an HTTP server that has bound its port.
type Server struct {
	Name     string
	listener net.Listener
	http     *http.Server
}

// The longest time to write a response. A profile takes as long as the request says.
const (
	writeTimeout        = 30 * time.Second
	profileWriteTimeout = 5 * time.Minute
)

// maxConnections is how many connections a server has at a time. A connection with TLS takes about 50
// KiB of memory.
const maxConnections = 512

// maxStreams is how many requests a connection has at a time, with HTTP/2.
const maxStreams = 32

// stopTimeout is how long Stop waits for requests in progress.
const stopTimeout = time.Second

// debugVerbosity is the level of debug lines by the logging conventions of Kubernetes.
const debugVerbosity = 4

// Binding is the address of a server, with the flag that sets it.
type Binding struct {
	Name, Flag, Address string
}

// Listen binds the address of a server. Its error names the flag.
func Listen(ctx context.Context, b Binding, handler http.Handler) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", b.Address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("--%s=%s: the port is in use by another process: stop that process, or choose another port", b.Flag, b.Address)
		}
		return nil, fmt.Errorf("--%s=%s: cannot listen there: %w", b.Flag, b.Address, err)
	}
	return &Server{Name: b.Name, listener: newFairListener(listener, maxConnections), http: &http.Server{
		Handler:   handler,
		ConnState: connectionUsed,
		// A client that stalls must not hold a connection forever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
		// net/http mostly logs clients that disconnected or don't speak TLS.
		ErrorLog: log.New(debugLog{klog.FromContext(ctx).WithValues("server", b.Name)}, "", 0),
		// With HTTP/2 a connection has many requests at a time.
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
	}}, nil
}

// UseTLS makes the server speak TLS. HTTP/2 is off by default: a few scrapes don't need it, and it
// has vulnerabilities of its own.
func (s *Server) UseTLS(c Certificates, http2 bool) {
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.Get}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(http2)
}

// Address returns the address that the server listens on.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve responds to requests until the server is stopped, and then returns nil.
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

// Stop stops the server after a short wait for requests in progress.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	// If Serve was never called, Shutdown does not know the listener.
	_ = s.listener.Close()
}

// StopAll stops several servers one after the other.
func StopAll(servers []*Server) {
	for _, s := range servers {
		s.Stop()
	}
}

// debugLog is an io.Writer that logs each line at the debug level.
type debugLog struct{ logger klog.Logger }

// Write implements io.Writer.
func (l debugLog) Write(line []byte) (int, error) {
	l.logger.V(debugVerbosity).Info("From the HTTP server", "message", strings.TrimSpace(string(line)))
	return len(line), nil
}
