// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

// serve starts a server for the length of the test.
func serve(t *testing.T, handler http.Handler) *Server {
	t.Helper()
	s, err := Listen(t.Context(), Binding{Name: "metrics", Flag: "metrics-bind-address", Address: "127.0.0.1:0"}, handler)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// stranger connects to a server from another address than the tests' other clients.
func stranger(t *testing.T, s *Server) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestStrangersCannotTakeAllConnections opens more connections than the server has. A client of another
// address must keep its idle connection, and must get further ones.
func TestStrangersCannotTakeAllConnections(t *testing.T) {
	for name, begin := range map[string]string{"idle": "", "slow headers": "GET /metrics HTTP/1.1\r\nHo"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
			connections := 0
			transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				connections++
				return new(net.Dialer).DialContext(ctx, network, address)
			}}
			defer transport.CloseIdleConnections()
			check := func() {
				t.Helper()
				response, err := (&http.Client{Transport: transport}).Get("http://" + s.Address())
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				if body, err := io.ReadAll(response.Body); err != nil || string(body) != "ok" {
					t.Errorf("got %q, %v", body, err)
				}
			}
			check()
			const more = 20
			closed := make(chan error, maxConnections+more)
			for range maxConnections + more {
				conn := stranger(t, s)
				if _, err := io.WriteString(conn, begin); err != nil {
					t.Fatal(err)
				}
				go func() {
					_, err := conn.Read(make([]byte, 1))
					closed <- err
				}()
			}
			check()
			if connections != 1 {
				t.Errorf("the client had to connect %d times", connections)
			}
			transport.CloseIdleConnections()
			check()
			for range more {
				if err := <-closed; err == nil {
					t.Error("the server responded to a request that is not complete")
				}
			}
		})
	}
}

// TestConnectionInUseIsKept has a client open a connection, use an older one, and then open one more
// than the listener has.
func TestConnectionInUseIsKept(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	idle := make(chan struct{}, 10)
	server := &http.Server{
		Handler: http.NotFoundHandler(),
		ConnState: func(conn net.Conn, state http.ConnState) {
			connectionUsed(conn, state)
			if state == http.StateIdle {
				idle <- struct{}{}
			}
		},
	}
	go func() { _ = server.Serve(newFairListener(listener, 2)) }()
	defer server.Close()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	request := func(conn net.Conn) error {
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		<-idle
		return err
	}
	first, second := dial(), dial()
	for _, conn := range []net.Conn{first, second, first} {
		if err := request(conn); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range []net.Conn{dial(), first} {
		if err := request(conn); err != nil {
			t.Fatal(err)
		}
	}
	if request(second) == nil {
		t.Error("the listener has three connections")
	}
}
