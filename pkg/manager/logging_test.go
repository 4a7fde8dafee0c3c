// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

func TestParseLogLevel(t *testing.T) {
	for text, want := range map[string]LogLevel{
		"debug":   {Verbosity: 4},
		"info":    {},
		"INFO":    {},
		"warn":    {ErrorsOnly: true},
		"warning": {ErrorsOnly: true},
		"error":   {ErrorsOnly: true},
		"0":       {},
		"7":       {Verbosity: 7},
	} {
		got, err := parseLogLevel(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
		again, err := parseLogLevel(got.String())
		if err != nil || again != want {
			t.Errorf("%q: %q reads back as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "loud", "-1", "8", "1.5"} {
		if got, err := parseLogLevel(text); err == nil {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}

func TestErrorsOnly(t *testing.T) {
	var lines []string
	all := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{Verbosity: 9})
	logger := all.WithSink(errorsOnly{all.GetSink()})

	for _, l := range []struct{ name string }{{"plain"}, {"derived"}} {
		lines = nil
		logger := logger
		if l.name == "derived" {
			logger = logger.WithName("n").WithValues("k", "v").WithCallDepth(1)
		}
		logger.Info("no")
		logger.V(4).Info("no")
		logger.V(1).Error(errors.New("broken"), "yes")
		if len(lines) != 1 || !strings.Contains(lines[0], `"msg"="yes"`) || !strings.Contains(lines[0], "broken") {
			t.Errorf("%s: logged %q", l.name, lines)
		}
		if l.name == "derived" && !strings.Contains(lines[0], `"k"="v"`) {
			t.Errorf("lost its values: %q", lines)
		}
	}
}
