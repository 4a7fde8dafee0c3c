// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

// SignalContext returns a context that ends with the first SIGTERM or SIGINT. A second signal ends
// the process at once, because its sender does not want to wait.
func SignalContext(parent context.Context) context.Context {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signalContext(parent, signals, os.Exit)
}

func signalContext(parent context.Context, signals <-chan os.Signal, exit func(int)) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		cancel(fmt.Errorf("received %s", signalName(<-signals)))
		why := "received " + signalName(<-signals) + " again"
		klog.FromContext(ctx).Error(nil, "Exiting at once, without an orderly stop", "why", why)
		klog.Flush()
		exit(1)
	}()
	return ctx
}

func signalName(s os.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	}
	return s.String()
}
