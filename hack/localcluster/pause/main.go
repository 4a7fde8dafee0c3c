// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pause keeps the namespaces of a pod open until a signal stops it.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	// In a pod with a shared process namespace this is process 1, which inherits orphans. If SIGCHLD
	// is ignored, the kernel reaps them.
	signal.Ignore(syscall.SIGCHLD)
	<-stop
}
