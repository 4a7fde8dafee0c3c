// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// get returns the status and body of a server's response.
func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Address()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestListenAll(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "some 1\n") })
	config := Config{
		Metrics: MetricsConfig{Address: "127.0.0.1:0", Handler: metrics},
		Health: HealthConfig{
			Address: "127.0.0.1:0",
			Alive:   []HealthCheck{{"informers", func() error { return nil }}},
			Ready:   []HealthCheck{{"cluster", func() error { return errors.New("no CRD") }}},
		},
	}
	servers, err := ListenAll(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if len(servers) != 2 {
		t.Fatalf("%d servers, want 2", len(servers))
	}
	ended := make(chan error, len(servers))
	for _, s := range servers {
		go func() { ended <- s.Serve() }()
	}

	if code, body := get(t, servers[0], "/metrics"); code != 200 || body != "some 1\n" {
		t.Errorf("/metrics: %d %q", code, body)
	}
	if code, body := get(t, servers[1], "/healthz"); code != 200 || body != "ok" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	if code, body := get(t, servers[1], "/readyz"); code != 503 || !strings.Contains(body, "[-]cluster failed: no CRD\n") {
		t.Errorf("/readyz: %d %q", code, body)
	}
	if code, _ := get(t, servers[1], "/metrics"); code != 404 {
		t.Errorf("/metrics on the health port: %d", code)
	}

	t.Run("port in use", func(t *testing.T) {
		taken := config
		taken.Health.Address = servers[1].Address()
		_, err := ListenAll(t.Context(), taken)
		if err == nil || !strings.HasPrefix(err.Error(), "--health-probe-bind-address=127.0.0.1:") || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("got %v", err)
		}
	})

	for _, s := range servers {
		s.Stop()
		if err := <-ended; err != nil {
			t.Errorf("a stop is no error: %v", err)
		}
	}
}

func TestListenAllSkipsDisabledServers(t *testing.T) {
	servers, err := ListenAll(t.Context(), Config{Metrics: MetricsConfig{Address: "0", Handler: http.NotFoundHandler()}, Health: HealthConfig{Address: "0"}})
	if err != nil || len(servers) != 0 {
		t.Errorf("got %d servers, %v", len(servers), err)
	}
}

func TestServeReturnsFailure(t *testing.T) {
	s, err := Listen(t.Context(), Binding{Name: "metrics", Flag: "metrics-bind-address", Address: "127.0.0.1:0"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.listener.Close()
	if err := s.Serve(); err == nil || !strings.HasPrefix(err.Error(), "the metrics server on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}
