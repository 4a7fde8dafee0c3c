// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command performer is the sample performer: a real gRPC server for tests and demonstrations of the
// operator. It has no flags. Package server documents the environment variables that configure it.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/server"
)

func main() {
	log.SetPrefix("performer: ")
	options, err := server.ReadOptions(os.LookupEnv)
	if err != nil {
		log.Fatal(err)
	}
	if options.Exit != nil {
		log.Printf("exiting at once because %s is set", server.EnvExitCode)
		os.Exit(*options.Exit)
	}
	if err := run(options); err != nil {
		log.Fatal(err)
	}
}

func run(options server.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(options.Port)))
	if err != nil {
		return err
	}
	log.Printf("serving gRPC on %[3]s (version %[1]s, pod %[2]s)", options.Version, options.Pod, listener.Addr())
	if err := server.Run(ctx, listener, options); err != nil {
		return err
	}
	log.Print("stopped")
	return nil
}
