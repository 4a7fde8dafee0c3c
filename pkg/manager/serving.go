// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// server is one HTTP server whose port is already taken.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
}

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
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}}, nil
}

// serve answers until the server is stopped, which is no error.
func (s *server) serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the %s server on %s failed: %w", s.name, s.listener.Addr(), err)
	}
	return nil
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
