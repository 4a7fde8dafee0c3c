// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

// HealthConfig configures the server for liveness and readiness.
type HealthConfig struct {
	// Address is host:port, or "0" for no such server.
	Address string
	// Alive are the checks of /healthz. A failure must be one that a restart can fix.
	Alive []HealthCheck
	// Ready are the checks of /readyz.
	Ready []HealthCheck
}

// HealthCheck is one condition of health.
type HealthCheck struct {
	Name string
	// Check returns nil if the condition is met, and otherwise the reason.
	Check func() error
}

// listen binds the port of the health server.
func (h HealthConfig) listen(ctx context.Context) (*Server, error) {
	// A process that responds passes the first check.
	alive := []HealthCheck{{"ping", func() error { return nil }}}
	for _, c := range h.Alive {
		alive = append(alive, logged(ctx, c))
	}
	mux := http.NewServeMux()
	mux.Handle("/healthz", healthHandler("healthz", alive...))
	mux.Handle("/readyz", healthHandler("readyz", h.Ready...))
	return Listen(ctx, Binding{Name: "health", Flag: "health-probe-bind-address", Address: h.Address}, mux)
}

// healthHandler responds with 200 while all checks pass and with 503 otherwise. Like the handlers
// of Kubernetes it lists the checks if one failed or if the request has the parameter ?verbose.
func healthHandler(name string, checks ...HealthCheck) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}

		var list bytes.Buffer
		failed := false
		for _, c := range checks {
			if err := c.Check(); err != nil {
				failed = true
				fmt.Fprintf(&list, "[-]%s failed: %s\n", c.Name, errtext.OneLine(err))
			} else {
				fmt.Fprintf(&list, "[+]%s ok\n", c.Name)
			}
		}
		_, verbose := r.URL.Query()["verbose"]
		switch {
		case failed:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "%s%s check failed\n", &list, name)
		case verbose:
			fmt.Fprintf(w, "%s%s check passed\n", &list, name)
		default:
			fmt.Fprint(w, "ok")
		}
	})
}

// logged returns a check that also logs its failures, because the kubelet restarts the container
// without recording the reason.
func logged(ctx context.Context, c HealthCheck) HealthCheck {
	return HealthCheck{c.Name, func() error {
		err := c.Check()
		if err != nil {
			klog.FromContext(ctx).Error(err, "Not healthy", "check", c.Name)
		}
		return err
	}}
}
