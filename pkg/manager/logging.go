// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"

	"github.com/go-logr/logr"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"

	// Registers the json format with component-base.
	_ "k8s.io/component-base/logs/json/register"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

// SetupLogging sets up the logger of the process, which klog.Background returns. It may be called
// once, before any goroutine logs.
func SetupLogging(o *options.Options) error {
	c := logsapi.NewLoggingConfiguration()
	c.Format = o.LogFormat
	c.Verbosity = logsapi.VerbosityLevel(o.LogLevel.Verbosity)
	c.FlushFrequency.Duration.Duration = o.LogFlushFrequency
	if err := logsapi.VModuleConfigurationPflag(&c.VModule).Set(o.VModule); err != nil {
		return fmt.Errorf("--vmodule=%q: %w", o.VModule, err)
	}
	if err := logsapi.ValidateAndApply(c, nil); err != nil {
		return fmt.Errorf("setting up logging: %w", err)
	}
	if o.LogLevel.ErrorsOnly {
		logger := klog.Background()
		klog.SetLoggerWithOptions(logger.WithSink(errorsOnly{logger.GetSink()}), klog.ContextualLogger(true))
	}
	return nil
}

// errorsOnly is a LogSink that drops everything but errors.
type errorsOnly struct{ logr.LogSink }

func (errorsOnly) Enabled(int) bool         { return false }
func (errorsOnly) Info(int, string, ...any) {}

func (s errorsOnly) WithValues(keysAndValues ...any) logr.LogSink {
	return errorsOnly{s.LogSink.WithValues(keysAndValues...)}
}

func (s errorsOnly) WithName(name string) logr.LogSink {
	return errorsOnly{s.LogSink.WithName(name)}
}

func (s errorsOnly) WithCallDepth(depth int) logr.LogSink {
	if sink, ok := s.LogSink.(logr.CallDepthLogSink); ok {
		return errorsOnly{sink.WithCallDepth(depth)}
	}
	return s
}
