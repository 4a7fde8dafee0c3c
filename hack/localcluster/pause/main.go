// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pause holds a pod's namespaces open: it waits to be told to stop.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	// In a pod that shares its process namespace this is process 1, which
	// inherits orphans; ignoring SIGCHLD lets the kernel bury them.
	signal.Ignore(syscall.SIGCHLD)
	<-stop
}
