// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func TestHealthHandler(t *testing.T) {
	healthy := HealthCheck{"first", func() error { return nil }}
	failing := HealthCheck{"second", func() error { return errors.New("not\nyet") }}
	tests := []struct {
		name   string
		method string
		target string
		checks []HealthCheck
		code   int
		body   string
	}{
		{"healthy", "GET", "/", []HealthCheck{healthy}, 200, "ok"},
		{"healthy, head", "HEAD", "/", []HealthCheck{healthy}, 200, "ok"}, // the server drops the body
		{"healthy, verbose", "GET", "/?verbose", []HealthCheck{healthy}, 200, "[+]first ok\nx check passed\n"},
		{"failing", "GET", "/", []HealthCheck{healthy, failing}, 503, "[+]first ok\n[-]second failed: not yet\nx check failed\n"},
		{"failing, verbose", "GET", "/?verbose=1", []HealthCheck{failing}, 503, "[-]second failed: not yet\nx check failed\n"},
		{"no check", "GET", "/", nil, 200, "ok"},
		{"post", "POST", "/", []HealthCheck{healthy}, 405, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			healthHandler("x", tt.checks...).ServeHTTP(recorder, httptest.NewRequest(tt.method, tt.target, http.NoBody))
			if recorder.Code != tt.code || recorder.Body.String() != tt.body {
				t.Errorf("got %d %q, want %d %q", recorder.Code, recorder.Body, tt.code, tt.body)
			}
			if got := recorder.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

func TestLoggedCheck(t *testing.T) {
	var lines managertest.Logs
	var failing error
	check := logged(lines.Context(t.Context()), HealthCheck{"syncs", func() error { return failing }})
	if err := check.Check(); err != nil || len(lines.All()) > 0 {
		t.Errorf("while healthy: %v, %q", err, lines.All())
	}
	failing = errors.New("the sync of Performer a/b has lasted for 3m0s")
	if err := check.Check(); !errors.Is(err, failing) || lines.Count(failing.Error()) != 1 || lines.Count(`"check"="syncs"`) != 1 {
		t.Errorf("the reason of the failure is not logged: %v, %q", err, lines.All())
	}
}
