// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
)

// reportProgress reports the progress of a build until done is closed.
func reportProgress(done <-chan struct{}, what string, out *buildLog) {
	begin := time.Now()
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			progress.Printf("  %s: %s, %s", what, progress.Since(begin), out.progress())
		}
	}
}

// buildLog parses the output of `go build -v`: a line for each downloaded module and each compiled
// package, and errors.
type buildLog struct {
	mu                  sync.Mutex
	partial             []byte
	downloads, packages int
	last                string
	tail                []string
}

func (b *buildLog) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partial = append(b.partial, p...)
	for {
		line, rest, ok := bytes.Cut(b.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		b.line(string(line))
		b.partial = rest
	}
}

func (b *buildLog) line(s string) {
	switch {
	case strings.HasPrefix(s, "go: downloading "):
		b.downloads++
		b.last = strings.TrimPrefix(s, "go: ")
	case s != "" && !strings.ContainsAny(s, " \t:"):
		b.packages++
		b.last = "compiling " + s
	default:
		b.tail = append(b.tail, s)
		b.tail = b.tail[max(0, len(b.tail)-40):]
	}
}

func (b *buildLog) progress() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == "" {
		return "starting"
	}
	return fmt.Sprintf("%d modules downloaded, %d packages compiled, now %s", b.downloads, b.packages, b.last)
}

func (b *buildLog) failure() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(append(b.tail, string(b.partial)), "\n")
}
