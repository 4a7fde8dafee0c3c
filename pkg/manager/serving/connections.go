// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"net"
	"net/http"

	"github.com/Layr-Labs/hourglass-operator/pkg/fairness"
)

// fairListener limits the number of connections. When there are too many, it closes one of the
// client that has the most: the one whose last request began or ended longest ago.
type fairListener struct {
	net.Listener
	connections *fairness.Pool
}

func newFairListener(l net.Listener, limit int64) *fairListener {
	return &fairListener{l, fairness.NewPool(limit)}
}

// Accept implements net.Listener.
func (l *fairListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	holding := l.connections.Enter(fairness.Client(conn.RemoteAddr().String()), 1, func() { _ = conn.Close() })
	return &fairConn{conn, holding}, nil
}

// fairConn is a connection of a fairListener.
type fairConn struct {
	net.Conn
	holding *fairness.Holding
}

// Close implements net.Conn.
func (c *fairConn) Close() error {
	c.holding.Leave()
	return c.Conn.Close()
}

// connectionUsed has the signature of http.Server.ConnState. The state changes when a request begins
// or ends.
func connectionUsed(conn net.Conn, _ http.ConnState) {
	if overTLS, ok := conn.(*tls.Conn); ok {
		conn = overTLS.NetConn()
	}
	if c, ok := conn.(*fairConn); ok {
		c.holding.Use()
	}
}
