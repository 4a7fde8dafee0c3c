// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	FormatText = "text"
	FormatJSON = "json"

	// What is told of at 0 is what an administrator wants to know; client-go's own ways begin at 1.
	levelInfo  = 0
	levelDebug = 4
	// From 8 on client-go logs the bodies of requests and answers, and with them the environments
	// of Performers, which may hold secrets.
	maxVerbosity = 7
)

// LogLevel says how much is logged.
type LogLevel struct {
	// Verbosity is klog's: higher tells more.
	Verbosity int
	// ErrorsOnly leaves out all that is not an error.
	ErrorsOnly bool
}

// String returns the level as a flag takes it.
func (l LogLevel) String() string {
	if l.ErrorsOnly {
		return "error"
	}
	return strconv.Itoa(l.Verbosity)
}

func level(target *LogLevel) value[LogLevel] {
	return value[LogLevel]{target, parseLogLevel, LogLevel.String, "level"}
}

// parseLogLevel reads a word or a verbosity. Kubernetes logs know no warnings, only errors, of
// which some are not fatal; so warn and error are one level.
func parseLogLevel(s string) (LogLevel, error) {
	switch strings.ToLower(s) {
	case "debug":
		return LogLevel{Verbosity: levelDebug}, nil
	case "info":
		return LogLevel{Verbosity: levelInfo}, nil
	case "warn", "warning", "error":
		return LogLevel{ErrorsOnly: true}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxVerbosity {
		return LogLevel{}, fmt.Errorf("must be debug, info, warn, error or a number from 0 to %d (above that, whole requests with their secrets would be logged)", maxVerbosity)
	}
	return LogLevel{Verbosity: n}, nil
}

func checkLogFormat(s string) error {
	if !slices.Contains([]string{FormatText, FormatJSON}, s) {
		return fmt.Errorf("must be %s or %s", FormatText, FormatJSON)
	}
	return nil
}

// checkVModule tells whether s is a list as klog has it, of patterns of files and a verbosity for each.
func checkVModule(s string) error {
	if s == "" {
		return nil
	}
	for item := range strings.SplitSeq(s, ",") {
		pattern, verbosity, _ := strings.Cut(item, "=")
		_, malformed := filepath.Match(pattern, "")
		if n, err := strconv.Atoi(verbosity); pattern == "" || malformed != nil || err != nil || n < 0 || n > maxVerbosity {
			return fmt.Errorf("must be a list of file=verbosity such as leader=4,sync*=5, each from 0 to %d (above that, whole requests with their secrets would be logged)", maxVerbosity)
		}
	}
	return nil
}
