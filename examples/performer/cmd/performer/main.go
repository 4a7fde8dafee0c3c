// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command performer is the sample performer: a real gRPC server for tests and demonstrations of the operator.
// It takes no flags; package server lists the environment variables that steer it.
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
		log.Printf("ending at once, as %s asks", server.EnvExitCode)
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
	log.Printf("version %s in pod %s serves gRPC on %s", options.Version, options.Pod, listener.Addr())
	if err := server.Run(ctx, listener, options); err != nil {
		return err
	}
	log.Print("stopped")
	return nil
}
