// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

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
