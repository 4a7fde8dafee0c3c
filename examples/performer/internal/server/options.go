// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// The environment variables that steer the sample performer. An image sets some (its version, its port), a
// Performer's spec.config overrides them.
const (
	// EnvPort is the port to listen on, and the name by which Executors pass it.
	EnvPort = "GRPC_PORT"
	// EnvVersion is the version to report.
	EnvVersion = "PERFORMER_VERSION"
	// EnvPodName is the pod's name; without it the host name serves, which in a pod is the same.
	EnvPodName = "POD_NAME"
	// EnvReadyAfter delays readiness by a duration such as 5s, or for ever with the word "never".
	EnvReadyAfter = "PERFORMER_READY_AFTER"
	// EnvExitCode makes the program end at once with this code, as a broken release would.
	EnvExitCode = "PERFORMER_EXIT_CODE"
	// EnvDrain bounds how long calls in flight may take to end after SIGTERM.
	EnvDrain = "PERFORMER_DRAIN"
)

// never is the word that, in place of a duration, keeps the performer from ever becoming ready.
const never = "never"

// Options say how a performer behaves. Those that ReadOptions returns are valid.
type Options struct {
	// Port is the TCP port to listen on, 1 to 65535.
	Port int
	// Version is what the performer reports as its version.
	Version string
	// Pod is what the performer reports as its pod's name.
	Pod string
	// ReadyAfter is how long health says NOT_SERVING after the start.
	ReadyAfter time.Duration
	// NeverReady keeps health at NOT_SERVING.
	NeverReady bool
	// Exit, where set, is the code to end with instead of serving.
	Exit *int
	// Drain bounds the graceful stop.
	Drain time.Duration
}

// ReadOptions reads the options from an environment given as a lookup, os.LookupEnv in the program. An empty value
// counts as unset. The error names the variable and what would be right.
func ReadOptions(lookup func(string) (string, bool)) (Options, error) {
	options := Options{Port: 9090, Version: "dev", Drain: 5 * time.Second}
	get := func(name string) string {
		value, _ := lookup(name)
		return value
	}

	if value := get(EnvPort); value != "" {
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			return options, fmt.Errorf("%s is %q: want a port from 1 to 65535", EnvPort, value)
		}
		options.Port = port
	}
	if value := get(EnvVersion); value != "" {
		options.Version = value
	}
	if options.Pod = get(EnvPodName); options.Pod == "" {
		host, err := os.Hostname()
		if err != nil {
			return options, fmt.Errorf("%s is not set and the host has no name: %w", EnvPodName, err)
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
			return options, fmt.Errorf("%s is %q: want a duration such as 5s, or %q", EnvReadyAfter, value, never)
		}
		options.ReadyAfter = delay
	}
	if value := get(EnvExitCode); value != "" {
		code, err := strconv.Atoi(value)
		if err != nil || code < 0 || code > 255 {
			return options, fmt.Errorf("%s is %q: want an exit code from 0 to 255", EnvExitCode, value)
		}
		options.Exit = &code
	}
	if value := get(EnvDrain); value != "" {
		drain, err := time.ParseDuration(value)
		if err != nil || drain < 0 {
			return options, fmt.Errorf("%s is %q: want a duration such as 5s", EnvDrain, value)
		}
		options.Drain = drain
	}
	return options, nil
}
