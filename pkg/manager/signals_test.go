// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func TestSignalContext(t *testing.T) {
	signals, exited := make(chan os.Signal, 2), make(chan int, 1)
	ctx := signalContext(new(managertest.Logs).Context(t.Context()), signals, func(code int) { exited <- code })
	if ctx.Err() != nil {
		t.Fatal("ended before a signal came")
	}

	signals <- syscall.SIGTERM
	<-ctx.Done()
	if got := context.Cause(ctx).Error(); got != "received SIGTERM" {
		t.Errorf("the cause is %q", got)
	}

	signals <- syscall.SIGINT
	if code := <-exited; code != 1 {
		t.Errorf("exit code %d", code)
	}
}
