// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server is the sample performer: the standard health service and whoami over plaintext
// gRPC. With its options a test makes it slow, unready or broken.
package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/whoami"
)

// Run serves on listener until ctx is done, then stops gracefully: health becomes NOT_SERVING, new
// calls are refused, and calls in flight have options.Drain to end. It closes the listener, and
// returns nil after a graceful stop.
func Run(ctx context.Context, listener net.Listener, options Options) error {
	healthServer := health.NewServer()
	setHealth := func(status healthpb.HealthCheckResponse_ServingStatus) {
		// Kubernetes and Executors check the empty name by default. A probe with a service name
		// checks that one.
		healthServer.SetServingStatus("", status)
		healthServer.SetServingStatus(whoami.ServiceName, status)
	}
	switch {
	case options.NeverReady:
		setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
	case options.ReadyAfter > 0:
		setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
		// health.Server ignores changes after Shutdown, so a late timer does no harm.
		timer := time.AfterFunc(options.ReadyAfter, func() { setHealth(healthpb.HealthCheckResponse_SERVING) })
		defer timer.Stop()
	default:
		setHealth(healthpb.HealthCheckResponse_SERVING)
	}

	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, healthServer)
	whoami.Register(server, responder{options})

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving gRPC on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}

	healthServer.Shutdown()
	// Stop ends the calls that GracefulStop still waits for, so that it returns.
	deadline := time.AfterFunc(options.Drain, server.Stop)
	defer deadline.Stop()
	server.GracefulStop()
	return <-served
}

// responder implements whoami.Server with the options and the environment of the process.
type responder struct {
	options Options
}

func (r responder) Ask(_ context.Context, names []string) (whoami.Answer, error) {
	answer := whoami.Answer{Version: r.options.Version, Pod: r.options.Pod, Env: map[string]string{}}
	for _, name := range names {
		if value, set := os.LookupEnv(name); set {
			answer.Env[name] = value
		}
	}
	return answer, nil
}
