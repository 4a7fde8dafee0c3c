// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"testing"
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
			t.Errorf("%q: %q parses as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "loud", "-1", "8", "1.5"} {
		if got, err := parseLogLevel(text); err == nil {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}
