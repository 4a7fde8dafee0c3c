// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func runBuild(ctx context.Context, args []string) error {
	fs := newFlags("build")
	only := fs.String("only", "", "what to build: "+strings.Join([]string{partControlPlane, partOlderControlPlane, partNode, partKwok, partAll}, ", ")+
		"; by default what `up` needs here")
	if err := parseNone(fs, args); err != nil {
		return err
	}
	part := *only
	if part == "" {
		part, _ = defaultNodes()
	}
	cs, err := componentsOf(part)
	if err != nil {
		return err
	}
	_, err = ensureBuilt(ctx, cs)
	return err
}

// ensureBuilt builds what the cache lacks and returns every component's
// folder by its name.
func ensureBuilt(ctx context.Context, cs []component) (map[string]string, error) {
	dirs := map[string]string{}
	var missing []release
	for _, c := range cs {
		r, err := c.resolve()
		if err != nil {
			return nil, err
		}
		dirs[c.name] = r.dir
		if !r.built() {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		say("All programs are built, in %s.", cacheRoot())
		return dirs, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("building the cluster's programs needs Go in PATH (https://go.dev/dl)")
	}
	// One build at a time: two would take the same minutes twice.
	lock, err := lockDir(ctx, filepath.Join(cacheRoot(), ".building"), func() {
		say("Another build is running; waiting for it.")
	})
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	begin := time.Now()
	for i, r := range missing {
		if r.built() { // by whoever had the lock
			continue
		}
		if err := r.build(ctx, fmt.Sprintf("[%d/%d]", i+1, len(missing))); err != nil {
			return nil, err
		}
	}
	say("Built in %s, kept in %s.", since(begin), cacheRoot())
	return dirs, nil
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }

// build compiles all programs of a release into a temporary folder and gives
// it its name when complete.
func (r release) build(ctx context.Context, step string) error {
	names := slices.Sorted(maps.Keys(r.programs))
	say("%s %s %s: building %s (once; a cold build takes minutes)", step, r.name, r.version, strings.Join(names, ", "))
	begin := time.Now()
	tmp, err := os.MkdirTemp(cacheRoot(), ".tmp-"+r.name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		args := []string{"build", "-v", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags=" + r.ldflags(),
			"-o", filepath.Join(tmp, name), r.programs[name]}
		if err := goBuild(ctx, r.src, args, step+" "+name); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, r.dir); err != nil {
		return err
	}
	say("%s %s %s: done in %s", step, r.name, r.version, since(begin))
	return nil
}

// ldflags drops debugging data and stamps Kubernetes' version, without which
// clients such as kubectl cannot tell what they talk to.
func (r release) ldflags() string {
	flags := "-s -w"
	if r.component.version == "k8s.io/kubernetes" {
		const pkg = "k8s.io/component-base/version."
		n := strings.Split(strings.TrimPrefix(r.version, "v"), ".")
		flags += fmt.Sprintf(" -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s", pkg, r.version, pkg, n[0], pkg, n[1])
	}
	return flags
}

// goBuild runs the go command in its own process group, so that an interrupt
// ends its compilers too, and tells every few seconds how far it is.
func goBuild(ctx context.Context, dir string, args []string, what string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOOS=", "GOARCH=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	out := &buildLog{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() { heartbeat(done, what, out) })
	err := cmd.Wait()
	close(done)
	beat.Wait()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, out.failure())
	}
	return nil
}

func heartbeat(done <-chan struct{}, what string, out *buildLog) {
	begin := time.Now()
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			say("  %s: %s, %s", what, since(begin), out.progress())
		}
	}
}

// buildLog reads what `go build -v` prints: a line for each module that is
// downloaded and each package that is compiled, and errors.
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

// tailFile returns the last lines of a file.
func tailFile(path string, lines int) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > 64<<10 {
		_, _ = f.Seek(-64<<10, io.SeekEnd)
	}
	var kept []string
	for s := bufio.NewScanner(f); s.Scan(); {
		kept = append(kept, s.Text())
		kept = kept[max(0, len(kept)-lines):]
	}
	return strings.Join(kept, "\n")
}
