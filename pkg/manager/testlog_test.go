// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"sync"

	"github.com/go-logr/logr/funcr"
	"k8s.io/klog/v2"
)

// logLines keeps what is logged through a context that it made.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) context(parent context.Context) context.Context {
	return klog.NewContext(parent, funcr.New(func(_, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, args)
	}, funcr.Options{}))
}

// all returns the lines so far.
func (l *logLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// count returns how many lines have the given part.
func (l *logLines) count(part string) int {
	count := 0
	for _, line := range l.all() {
		if strings.Contains(line, part) {
			count++
		}
	}
	return count
}
