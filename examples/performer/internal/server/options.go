// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// The environment variables that configure the sample performer. An image sets some of them
// (version, port), and spec.config of a Performer overrides them.
const (
	// EnvPort is the port to listen on. Executors set it by this name.
	EnvPort = "GRPC_PORT"
	// EnvVersion is the version to report.
	EnvVersion = "PERFORMER_VERSION"
	// EnvPodName is the name of the pod. The default is the host name, which is the same in a pod.
	EnvPodName = "POD_NAME"
	// EnvReadyAfter delays readiness by a duration such as 5s. With "never" the performer does not
	// become ready.
	EnvReadyAfter = "PERFORMER_READY_AFTER"
	// EnvExitCode makes the program exit at once with this code, like a broken release.
	EnvExitCode = "PERFORMER_EXIT_CODE"
	// EnvDrain is how long calls in flight may take after SIGTERM.
	EnvDrain = "PERFORMER_DRAIN"
)

// never is the value of EnvReadyAfter with which the performer does not become ready.
const never = "never"

// Options configure a performer. ReadOptions returns only valid ones.
type Options struct {
	// Port is the TCP port to listen on, 1 to 65535.
	Port int
	// Version is the version that the performer reports.
	Version string
	// Pod is the pod name that the performer reports.
	Pod string
	// ReadyAfter is how long health is NOT_SERVING after the start.
	ReadyAfter time.Duration
	// NeverReady keeps health at NOT_SERVING.
	NeverReady bool
	// Exit is the code to exit with at once, or nil to serve.
	Exit *int
	// Drain is how long calls in flight may take during a graceful stop.
	Drain time.Duration
}

// ReadOptions reads the options from environment variables through lookup, such as os.LookupEnv. An
// empty variable counts as unset. An error names the variable, its value and what is accepted.
func ReadOptions(lookup func(string) (string, bool)) (Options, error) {
	options := Options{Port: 9090, Version: "dev", Drain: 5 * time.Second}
	get := func(name string) string {
		value, _ := lookup(name)
		return value
	}

	if value := get(EnvPort); value != "" {
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			return options, fmt.Errorf("%s: invalid port %q: expected a number from 1 to 65535", EnvPort, value)
		}
		options.Port = port
	}
	if value := get(EnvVersion); value != "" {
		options.Version = value
	}
	if options.Pod = get(EnvPodName); options.Pod == "" {
		host, err := os.Hostname()
		if err != nil {
			return options, fmt.Errorf("%s is not set, and reading the host name failed: %w", EnvPodName, err)
		}
		options.Pod = host
	}

	switch value := get(EnvReadyAfter); value {
	case "":
	case never:
		options.NeverReady = true
	default:
		delay, err := time.ParseDuration(value)
		if err != nil || delay < 0 {
			return options, fmt.Errorf("%s: invalid duration %q: expected a duration such as 5s, or %q", EnvReadyAfter, value, never)
		}
		options.ReadyAfter = delay
	}
	if value := get(EnvExitCode); value != "" {
		code, err := strconv.Atoi(value)
		if err != nil || code < 0 || code > 255 {
			return options, fmt.Errorf("%s: invalid exit code %q: expected a number from 0 to 255", EnvExitCode, value)
		}
		options.Exit = &code
	}
	if value := get(EnvDrain); value != "" {
		drain, err := time.ParseDuration(value)
		if err != nil || drain < 0 {
			return options, fmt.Errorf("%s: invalid duration %q: expected a duration such as 5s", EnvDrain, value)
		}
		options.Drain = drain
	}
	return options, nil
}
