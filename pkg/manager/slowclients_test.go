// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
	"github.com/Layr-Labs/hourglass-operator/pkg/webhook"
)

const goodReview = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","name":"x","namespace":"ns",
	"kind":{"group":"hourglass.eigenlayer.io","version":"v1alpha1","kind":"Performer"},
	"object":{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":"x","namespace":"ns"},"spec":{"avsAddress":"0x1","image":"repo:1"}}}}`

// TestSlowClientsDoNotDelayReviews has clients of one address use up whatever they can, each in a way
// of its own. Meanwhile a review of another address must be answered.
func TestSlowClientsDoNotDelayReviews(t *testing.T) {
	const clients = 40
	post := func(header string) string {
		return "POST " + webhook.ValidatePath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + header + "\r\n\r\n"
	}
	// awaitRead sends the header of a request and returns when the handler begins to read the body.
	awaitRead := func(conn net.Conn, header string) error {
		if _, err := io.WriteString(conn, post(header+"\r\nExpect: 100-continue")); err != nil {
			return err
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && !strings.Contains(line, "100 Continue") {
			err = fmt.Errorf("the server responded with %q", line)
		}
		return err
	}
	for _, tt := range []struct {
		name string
		do   func(conn net.Conn) error
	}{
		{"no TLS handshake", func(net.Conn) error { return nil }},
		{"no request", func(conn net.Conn) error { return conn.(*tls.Conn).Handshake() }},
		{"half a header", func(conn net.Conn) error {
			_, err := io.WriteString(conn, post("X: y")[:60])
			return err
		}},
		{"one byte of a body", func(conn net.Conn) error {
			if err := awaitRead(conn, "Content-Length: 100"); err != nil {
				return err
			}
			_, err := io.WriteString(conn, "{")
			return err
		}},
		{"a body without end", func(conn net.Conn) error {
			if err := awaitRead(conn, "Transfer-Encoding: chunked"); err != nil {
				return err
			}
			go func() {
				for chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<16, strings.Repeat(" ", 1<<16)); ; {
					if _, err := io.WriteString(conn, chunk); err != nil {
						return
					}
				}
			}()
			return nil
		}},
		{"unread responses", func(conn net.Conn) error {
			request := post(fmt.Sprintf("Content-Length: %d", len(goodReview))) + goodReview
			_, err := io.WriteString(conn, strings.Repeat(request, 10))
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := serveWebhooks(t)
			// The server may close a connection that is too slow for it, or take it back.
			var closed []error
			for range clients {
				dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
				conn, err := dialer.DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := tt.do(tls.Client(conn, &tls.Config{InsecureSkipVerify: true})); err != nil {
					closed = append(closed, err)
				}
			}
			if len(closed) > clients/2 {
				t.Fatalf("only %d of %d clients are slow, the others end: %v", clients-len(closed), clients, errors.Join(closed...))
			}
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			defer transport.CloseIdleConnections()
			// The read of a body may take twice as long. The API server would give up earlier.
			client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
			response, err := client.Post("https://"+address+webhook.ValidatePath, "application/json", strings.NewReader(goodReview))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var review admissionv1.AdmissionReview
			if err := json.NewDecoder(response.Body).Decode(&review); err != nil || review.Response == nil || !review.Response.Allowed {
				t.Errorf("status %d, %v, %+v", response.StatusCode, err, review.Response)
			}
		})
	}
}

// serveWebhooks runs the webhook server until the test ends, and returns its address.
func serveWebhooks(t *testing.T) string {
	t.Helper()
	o := options.Default()
	o.EnableWebhooks, o.WebhookPort, o.CertDir = true, 0, t.TempDir()
	managertest.WriteCertificate(t, o.CertDir, time.Now())
	w, err := newWebhooks(t.Context(), o, webhookConfig{metrics: metrics.New(metrics.LabelValues{})})
	if err != nil {
		t.Fatal(err)
	}
	server, err := w.listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve() }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", port)
}
