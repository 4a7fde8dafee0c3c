// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serving has the HTTP servers of the manager: health and readiness, the metrics with their
// TLS certificate and authorization, and the listener that the webhook server shares with them.
package serving

import "context"

// Config configures the servers for metrics and health.
type Config struct {
	Metrics MetricsConfig
	Health  HealthConfig
}

// ListenAll binds the ports of the servers that are enabled.
func ListenAll(ctx context.Context, c Config) ([]*Server, error) {
	metrics, err := newMetricsServer(ctx, c.Metrics)
	if err != nil {
		return nil, err
	}
	var servers []*Server
	for _, s := range []struct {
		address string
		listen  func(context.Context) (*Server, error)
	}{{c.Metrics.Address, metrics.listen}, {c.Health.Address, c.Health.listen}} {
		if s.address == "0" {
			continue
		}
		server, err := s.listen(ctx)
		if err != nil {
			StopAll(servers)
			return nil, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}
