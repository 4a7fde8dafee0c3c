// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

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

// server is one HTTP server whose port is already taken.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
}

// The time in which an answer must be written; that of a profile is as long as was asked for.
const (
	writeTimeout        = 30 * time.Second
	profileWriteTimeout = 5 * time.Minute
)

// listen takes the address for a server. The flag is named in the error.
func listen(ctx context.Context, name, flag, address string, handler http.Handler) (*server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("--%s=%s: the port is in use by another process: stop that, or choose another port", flag, address)
		}
		return nil, fmt.Errorf("--%s=%s: cannot listen there: %w", flag, address, err)
	}
	return &server{name: name, listener: listener, http: &http.Server{
		Handler: handler,
		// A client that stalls must not hold a connection for ever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
		// What net/http has to say is mostly of clients that went away or speak no TLS.
		ErrorLog: log.New(debugLog{klog.FromContext(ctx).WithValues("server", name)}, "", 0),
	}}, nil
}

// secure has the server speak TLS, and HTTP/2 only if asked to: for a few scrapes it brings nothing
// but its own ways of being attacked.
func (s *server) secure(c certificates, http2 bool) {
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(http2)
}

// debugLog writes lines to a log when that tells of details.
type debugLog struct{ logger klog.Logger }

// Write implements io.Writer.
func (l debugLog) Write(line []byte) (int, error) {
	l.logger.V(levelDebug).Info("From the HTTP server", "message", strings.TrimSpace(string(line)))
	return len(line), nil
}

// serve answers until the server is stopped, which is no error.
func (s *server) serve() error {
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the %s server on %s failed: %w", s.name, s.listener.Addr(), err)
	}
	return nil
}

func stopAll(servers []*server) {
	for _, s := range servers {
		s.stop()
	}
}

// stop lets requests in hand end, for a short time.
func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	// Where serve was never called, Shutdown doesn't know the listener.
	_ = s.listener.Close()
}
