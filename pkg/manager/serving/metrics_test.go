// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// TestSecureServer connects with several versions of TLS and HTTP.
func TestSecureServer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		http2    bool
		client   *tls.Config
		protocol string
		fails    bool
	}{
		{"default", false, &tls.Config{}, "HTTP/1.1", false},
		{"TLS 1.2", false, &tls.Config{MaxVersion: tls.VersionTLS12}, "HTTP/1.1", false},
		{"TLS 1.1", false, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "", true},
		{"HTTP/2 on", true, &tls.Config{}, "HTTP/2.0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := MetricsConfig{Address: "127.0.0.1:0", Handler: http.NotFoundHandler(), HTTP2: tt.http2}
			e := &metricsServer{MetricsConfig: config, certificates: newSelfSignedCertificates(),
				protect: func(next http.Handler) http.Handler { return next }}
			server, err := e.listen(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- server.Serve() }()
			defer func() {
				server.Stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			tt.client.InsecureSkipVerify = true
			transport := &http.Transport{TLSClientConfig: tt.client, ForceAttemptHTTP2: true}
			defer transport.CloseIdleConnections()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+server.Address()+"/metrics", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := (&http.Client{Transport: transport}).Do(request)
			switch {
			case tt.fails && err == nil:
				response.Body.Close()
				t.Error("accepted")
			case tt.fails:
			case err != nil:
				t.Error(err)
			default:
				response.Body.Close()
				if response.Proto != tt.protocol {
					t.Errorf("speaks %s", response.Proto)
				}
			}
		})
	}
}

// TestProfilesAreProtected checks that each profile is behind the filter, and not served without
// the flag.
func TestProfilesAreProtected(t *testing.T) {
	for _, on := range []bool{true, false} {
		var protected []string
		config := MetricsConfig{Address: "127.0.0.1:0", Handler: http.NotFoundHandler(), Profiles: on}
		e := &metricsServer{MetricsConfig: config, certificates: newSelfSignedCertificates(),
			protect: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					protected = append(protected, r.URL.Path)
					w.WriteHeader(http.StatusForbidden)
				})
			}}
		server, err := e.listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer server.Stop()
		var want []string
		for _, path := range []string{"", "cmdline", "profile", "symbol", "trace", "heap", "goroutine"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/"+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			server.http.Handler.ServeHTTP(discard{}, request)
			if on {
				want = append(want, request.URL.Path)
			}
		}
		if strings.Join(protected, " ") != strings.Join(want, " ") {
			t.Errorf("pprof %v: protected %v, want %v", on, protected, want)
		}
	}
}

// discard is a ResponseWriter that drops the response.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), errors.ErrUnsupported }
func (discard) WriteHeader(int)             {}
