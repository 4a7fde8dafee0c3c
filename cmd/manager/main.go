// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The manager runs the Hourglass Operator.
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

func main() {
	o, err := options.Parse(os.Args[1:], os.LookupEnv)
	switch {
	case err != nil:
		usage(err)
	case o.PrintHelp:
		fmt.Print(options.Help())
		return
	case o.PrintVersion:
		fmt.Println(manager.CurrentBuild())
		return
	}
	if err := manager.SetupLogging(o); err != nil {
		usage(err)
	}

	ctx := manager.SignalContext(klog.NewContext(context.Background(), klog.Background()))
	run, failed := manager.Run, "The manager failed"
	if o.CheckOnly {
		run, failed = manager.Check, "The check failed"
	}
	if err := run(ctx, o); err != nil {
		klog.FromContext(ctx).Error(err, failed)
		klog.Flush()
		os.Exit(1)
	}
	klog.Flush()
}

// usage prints an invalid option and ends the process.
func usage(err error) {
	fmt.Fprintln(os.Stderr, "manager:", err)
	os.Exit(2)
}
