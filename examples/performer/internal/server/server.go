// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server is the sample performer: the standard health service and whoami, over plaintext gRPC, with switches
// by which a test makes it slow, unready or broken.
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

// Run serves on listener, which it closes, until ctx is done; then it stops gracefully: health turns NOT_SERVING,
// no new call is taken, and those in flight have options.Drain to end. A stop that was asked for is no error.
func Run(ctx context.Context, listener net.Listener, options Options) error {
	healthServer := health.NewServer()
	setHealth := func(status healthpb.HealthCheckResponse_ServingStatus) {
		// The empty name is the one that Kubernetes and Executors ask for; the service's own name serves those who
		// configure probes with one.
		healthServer.SetServingStatus("", status)
		healthServer.SetServingStatus(whoami.ServiceName, status)
	}
	switch {
	case options.NeverReady:
		setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
	case options.ReadyAfter > 0:
		setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
		// health.Server ignores changes after Shutdown, so a timer that fires late does no harm.
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
	// Stop ends what GracefulStop still waits for, and makes it return.
	deadline := time.AfterFunc(options.Drain, server.Stop)
	defer deadline.Stop()
	server.GracefulStop()
	return <-served
}

// responder answers whoami from the options and the process's environment.
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
