// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/http"

	"k8s.io/klog/v2"
)

// endpoints are what a manager serves.
type endpoints struct {
	metrics http.Handler
	// protect and certificates are set if the metrics are secure.
	protect      func(http.Handler) http.Handler
	certificates certificates

	alive, ready []healthCheck
}

// endpointsFor returns the endpoints with all that the options ask of the metrics.
func endpointsFor(ctx context.Context, o *Options, c *clients, metrics http.Handler) (*endpoints, error) {
	e := &endpoints{metrics: metrics}
	switch {
	case !o.MetricsSecure:
		return e, nil
	case o.MetricsCertDir == "":
		e.certificates = newOwnCertificates()
	default:
		files, err := newFileCertificates("metrics-cert-dir", o.MetricsCertDir, klog.FromContext(ctx))
		if err != nil {
			return nil, err
		}
		e.certificates = files
	}
	e.protect = newGuard(ctx, c.reviews).protect
	return e, nil
}

// listen takes the ports of the servers that are asked for.
func (e *endpoints) listen(ctx context.Context, o *Options) ([]*server, error) {
	metricsMux, healthMux := http.NewServeMux(), http.NewServeMux()
	if e.protect == nil {
		metricsMux.Handle("/metrics", e.metrics)
	} else {
		metricsMux.Handle("/metrics", e.protect(e.metrics))
		if o.EnablePprof {
			addProfiles(metricsMux, e.protect)
		}
	}
	// What makes /healthz fail is what a restart can fix; that the process answers is the first of it.
	alive := []healthCheck{{"ping", func() error { return nil }}}
	for _, c := range e.alive {
		alive = append(alive, logged(ctx, c))
	}
	healthMux.Handle("/healthz", healthHandler("healthz", alive...))
	healthMux.Handle("/readyz", healthHandler("readyz", e.ready...))

	var servers []*server
	for _, s := range []struct {
		name, flag, address string
		handler             http.Handler
	}{
		{"metrics", "metrics-bind-address", o.MetricsBindAddress, metricsMux},
		{"health", "health-probe-bind-address", o.HealthProbeBindAddress, healthMux},
	} {
		if s.address == "0" {
			continue
		}
		server, err := listen(ctx, s.name, s.flag, s.address, s.handler)
		if err != nil {
			stopAll(servers)
			return nil, err
		}
		if s.name == "metrics" && e.certificates != nil {
			server.secure(e.certificates, o.EnableHTTP2)
			if o.EnablePprof {
				server.http.WriteTimeout = profileWriteTimeout
			}
		}
		servers = append(servers, server)
	}
	return servers, nil
}
