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

// The formats of log lines.
const (
	FormatText = "text"
	FormatJSON = "json"
)

const (
	// infoVerbosity logs what an administrator needs; client-go's own lines begin at 1.
	infoVerbosity  = 0
	debugVerbosity = 4
	// maxVerbosity is the last level at which client-go doesn't log the bodies of requests and
	// responses. Those contain the environments of Performers, which may hold secrets.
	maxVerbosity = 7
)

// LogLevel is how much is logged.
type LogLevel struct {
	// Verbosity is klog's: a higher one logs more.
	Verbosity int
	// ErrorsOnly drops everything but errors.
	ErrorsOnly bool
}

// String returns the level in the form that the flag accepts.
func (l LogLevel) String() string {
	if l.ErrorsOnly {
		return "error"
	}
	return strconv.Itoa(l.Verbosity)
}

func level(target *LogLevel) value[LogLevel] {
	return value[LogLevel]{target, parseLogLevel, LogLevel.String, "level"}
}

// parseLogLevel parses a word or a verbosity. Kubernetes logs have no warnings, only errors, and
// not all of those are fatal, so warn and error are one level.
func parseLogLevel(s string) (LogLevel, error) {
	switch strings.ToLower(s) {
	case "debug":
		return LogLevel{Verbosity: debugVerbosity}, nil
	case "info":
		return LogLevel{Verbosity: infoVerbosity}, nil
	case "warn", "warning", "error":
		return LogLevel{ErrorsOnly: true}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxVerbosity {
		return LogLevel{}, fmt.Errorf("must be debug, info, warn, error or a number from 0 to %d (higher levels would log whole requests with their secrets)", maxVerbosity)
	}
	return LogLevel{Verbosity: n}, nil
}

func checkLogFormat(s string) error {
	if !slices.Contains([]string{FormatText, FormatJSON}, s) {
		return fmt.Errorf("must be %s or %s", FormatText, FormatJSON)
	}
	return nil
}

// checkVModule accepts klog's list of file patterns with a verbosity each.
func checkVModule(s string) error {
	if s == "" {
		return nil
	}
	for item := range strings.SplitSeq(s, ",") {
		pattern, verbosity, _ := strings.Cut(item, "=")
		_, malformed := filepath.Match(pattern, "")
		if n, err := strconv.Atoi(verbosity); pattern == "" || malformed != nil || err != nil || n < 0 || n > maxVerbosity {
			return fmt.Errorf("must be a list of file=verbosity such as lease=4,sync*=5, each from 0 to %d (higher levels would log whole requests with their secrets)", maxVerbosity)
		}
	}
	return nil
}
