// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package managertest

import (
	"context"
	"strings"
	"sync"

	"github.com/go-logr/logr/funcr"
	"k8s.io/klog/v2"
)

// Logs keeps what is logged through a context that it made.
type Logs struct {
	mu    sync.Mutex
	lines []string
}

// Context returns a context whose logger writes to l.
func (l *Logs) Context(parent context.Context) context.Context {
	return klog.NewContext(parent, funcr.New(func(_, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, args)
	}, funcr.Options{}))
}

// All returns the lines logged so far.
func (l *Logs) All() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// Count returns how many lines contain the given part.
func (l *Logs) Count(part string) int {
	count := 0
	for _, line := range l.All() {
		if strings.Contains(line, part) {
			count++
		}
	}
	return count
}
