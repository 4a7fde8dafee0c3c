// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build builds the programs of a cluster from pinned modules into a cache.
package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Ensure builds the components that the cache lacks and returns the folders by component.
func Ensure(ctx context.Context, cs []Component) (map[string]string, error) {
	dirs := map[string]string{}
	var missing []release
	for _, c := range cs {
		r, err := c.resolve()
		if err != nil {
			return nil, err
		}
		dirs[c.Name] = r.dir
		if !r.built() {
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		progress.Printf("All programs are already built in %s.", state.CacheRoot())
		return dirs, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("building the cluster's programs needs go in PATH (https://go.dev/dl)")
	}
	// One build at a time: a second one would compile the same packages again.
	lock, err := state.LockDir(ctx, filepath.Join(state.CacheRoot(), ".building"), func() {
		progress.Printf("Waiting for another build.")
	})
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	begin := time.Now()
	for i, r := range missing {
		if r.built() { // by the process that held the lock
			continue
		}
		if err := r.build(ctx, fmt.Sprintf("[%d/%d]", i+1, len(missing))); err != nil {
			return nil, err
		}
	}
	progress.Printf("Built in %s. The programs are in %s.", progress.Since(begin), state.CacheRoot())
	return dirs, nil
}

// build compiles the programs of a release into a temporary folder and renames the folder when it is
// complete.
func (r release) build(ctx context.Context, step string) error {
	names := slices.Sorted(maps.Keys(r.Programs))
	progress.Printf("%s %s %s: building %s (a first build takes minutes)", step, r.Name, r.version, strings.Join(names, ", "))
	begin := time.Now()
	tmp, err := os.MkdirTemp(state.CacheRoot(), ".tmp-"+r.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		args := []string{"build", "-v", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags=" + r.ldflags(),
			"-o", filepath.Join(tmp, name), r.Programs[name]}
		if err := goBuild(ctx, r.src, args, step+" "+name); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, r.dir); err != nil {
		return err
	}
	progress.Printf("%s %s %s: built in %s", step, r.Name, r.version, progress.Since(begin))
	return nil
}

// ldflags returns the linker flags. They drop debugging data and set the version of Kubernetes, which
// clients such as kubectl read.
func (r release) ldflags() string {
	flags := "-s -w"
	if r.Component.version == "k8s.io/kubernetes" {
		const pkg = "k8s.io/component-base/version."
		n := strings.Split(strings.TrimPrefix(r.version, "v"), ".")
		flags += fmt.Sprintf(" -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s", pkg, r.version, pkg, n[0], pkg, n[1])
	}
	return flags
}

// goBuild runs the go command and reports its progress. The command has its own process group, so
// that an interrupt ends the compilers too.
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
	var reporter sync.WaitGroup
	reporter.Go(func() { reportProgress(done, what, out) })
	err := cmd.Wait()
	close(done)
	reporter.Wait()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, out.failure())
	}
	return nil
}
