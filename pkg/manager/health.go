// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"k8s.io/klog/v2"
)

// healthCheck is one thing that must be well. Its check returns why it isn't, in one line.
type healthCheck struct {
	name  string
	check func() error
}

// healthHandler answers 200 while all checks pass and 503 otherwise. It lists the checks when one
// failed or when the request asks for it with ?verbose, as the handlers of Kubernetes do.
func healthHandler(name string, checks ...healthCheck) http.Handler {
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
			if err := c.check(); err != nil {
				failed = true
				fmt.Fprintf(&list, "[-]%s failed: %s\n", c.name, oneLine(err))
			} else {
				fmt.Fprintf(&list, "[+]%s ok\n", c.name)
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

// logged has the failures of a check in the log: who restarts the process upon them does not tell why.
func logged(ctx context.Context, c healthCheck) healthCheck {
	return healthCheck{c.name, func() error {
		err := c.check()
		if err != nil {
			klog.FromContext(ctx).Error(err, "Not healthy", "check", c.name)
		}
		return err
	}}
}
