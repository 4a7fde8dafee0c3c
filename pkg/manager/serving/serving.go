// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serving has the HTTP servers of the manager: its metrics, with TLS and with the decision
// who may read them, its health and readiness, and what a server for webhooks needs.
package serving

import (
	"context"
)

// Config says what the manager serves.
type Config struct {
	Metrics MetricsConfig
	Health  HealthConfig
}

// ListenAll takes the ports of the servers that are on.
func ListenAll(ctx context.Context, c Config) (servers []*Server, err error) {
	defer func() {
		if err != nil {
			StopAll(servers)
			servers = nil
		}
	}()
	metrics, err := newEndpoints(ctx, c.Metrics)
	if err != nil {
		return nil, err
	}
	for _, one := range []struct {
		address string
		listen  func(context.Context) (*Server, error)
	}{{c.Metrics.Address, metrics.listen}, {c.Health.Address, c.Health.listen}} {
		if one.address == "0" {
			continue
		}
		server, err := one.listen(ctx)
		if err != nil {
			return servers, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}
