// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keptName is the name of the cluster that EnvKeep keeps running, or the beginning of the name if
// the cluster has several nodes. Any other cluster has a unique name, so that several packages can
// run at the same time.
const keptName = "e2e"

// startOwn builds and starts the suite's own cluster, and loads the images into its nodes.
func (c *Cluster) startOwn(ctx context.Context) error {
	build := command{dir: c.root, echo: true}
	if _, err := build.run(ctx, "make", "--no-print-directory", "localcluster"); err != nil {
		return err
	}
	name := keptName
	if c.nodes > 1 {
		name = fmt.Sprintf("%s-%d-nodes", keptName, c.nodes)
	}
	if os.Getenv(EnvKeep) != "" {
		if _, err := c.localcluster(ctx, c.upArgs(name)...); err != nil {
			return err
		}
	} else {
		name = fmt.Sprintf("%s-%d", name, os.Getpid())
		if err := c.bringUp(ctx, name); err != nil {
			return err
		}
	}
	c.ownName = name
	kubeconfig, err := c.localcluster(ctx, "kubeconfig", "--name", name)
	if err != nil {
		return err
	}
	binDir, err := c.localcluster(ctx, "bin-dir")
	if err != nil {
		return err
	}
	c.kubeconfig, c.binDir = strings.TrimSpace(kubeconfig), strings.TrimSpace(binDir)
	c.auditLog = filepath.Join(filepath.Dir(c.kubeconfig), "audit.log")
	_, err = build.run(ctx, "test/e2e/load-images.sh", name)
	return err
}

// upArgs returns the arguments of localcluster that start the suite's own cluster.
func (c *Cluster) upArgs(name string) []string {
	args := []string{"up", "--name", name, "--nodes", "real"}
	if c.nodes > 1 {
		args = append(args, "--real-nodes", strconv.Itoa(c.nodes),
			"--arg", "kube-controller-manager=--node-monitor-grace-period="+nodeGracePeriod.String())
	}
	return args
}

// bringUp starts a cluster that ends with this process, even if the process can't clean up, as
// after the timeout of go test.
func (c *Cluster) bringUp(ctx context.Context, name string) error {
	cmd := exec.Command(c.localclusterPath(), append(c.upArgs(name), "--foreground")...)
	cmd.Stderr = os.Stderr
	// The cluster ends when this pipe is closed.
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	// Not in the process group of the terminal, since the cluster is still needed after an
	// interrupt.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.undo = append(c.undo, func(context.Context) error {
		// Closing the pipe is not enough, since localcluster ignores it until the cluster is ready.
		return errors.Join(cmd.Process.Signal(syscall.SIGTERM), leash.Close(), cmd.Wait())
	})

	// localcluster prints one line when the cluster is ready, and closes its output when the
	// cluster is gone.
	ready, ended := make(chan struct{}), make(chan struct{})
	c.ended = ended
	go func() {
		defer close(ended)
		output := bufio.NewReader(stdout)
		if _, err := output.ReadString('\n'); err != nil {
			return
		}
		close(ready)
		_, _ = io.Copy(io.Discard, output)
	}()
	select {
	case <-ready:
		return nil
	case <-ended:
		return errors.New("localcluster ended before the cluster was ready: see its messages above")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LoadImage loads the images of an archive into the nodes. It skips the test in a cluster that is
// not the suite's own.
func (c *Cluster) LoadImage(t *testing.T, archive string) {
	t.Helper()
	c.needOwn(t)
	c.control(t, "load-image", archive)
}

// Ended returns a channel that is closed when the cluster that Start started is gone, for whatever
// reason. For an existing cluster it is nil.
func (c *Cluster) Ended() <-chan struct{} {
	return c.ended
}

// needOwn skips the test in a cluster that is not the suite's own.
func (c *Cluster) needOwn(t *testing.T) {
	t.Helper()
	if c.ownName == "" {
		t.Skip("only localcluster can do this, and only to a cluster of the suite's own")
	}
}

// control runs a command of localcluster for the suite's own cluster.
func (c *Cluster) control(t *testing.T, args ...string) {
	t.Helper()
	// It is also called in cleanups, when the context of the test is done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 15*time.Minute)
	defer cancel()
	args = slices.Insert(args, 1, "--name", c.ownName)
	if _, err := (command{dir: c.root}).run(ctx, c.localclusterPath(), args...); err != nil {
		t.Error(err)
		if t.Context().Err() == nil {
			t.FailNow()
		}
	}
}

func (c *Cluster) localcluster(ctx context.Context, args ...string) (string, error) {
	return command{dir: c.root, echo: true}.run(ctx, c.localclusterPath(), args...)
}

func (c *Cluster) localclusterPath() string {
	return filepath.Join(c.root, "bin", "localcluster")
}
