// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Handle is a started supervisor. If this process ends without Detach, however it ends, the
// supervisor stops the cluster.
type Handle struct {
	pipe *os.File
	// Ended receives the result of the supervisor.
	Ended <-chan error
}

// Detach lets the cluster outlive this process.
func (h *Handle) Detach() error {
	_, err := h.pipe.Write([]byte{detach})
	return errors.Join(err, h.pipe.Close())
}

// Start starts the supervisor and waits until it answers. The supervisor of a real node is process 1
// of a process namespace and has its own mounts and network. When it ends, even by SIGKILL, the
// kernel ends every process of that namespace, containers included, and removes the mounts, links and
// tables.
func Start(c *state.Cluster) (*Handle, error) {
	log, err := os.OpenFile(c.Path("logs", "supervisor.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, Command, c.Dir)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), state.EnvMarker+"="+c.Dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.Nodes == state.NodesReal {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the supervisor: %w", err)
	}
	c.Supervisor = cmd.Process.Pid
	if err := c.Save(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.After(10 * time.Second); ; {
		if _, err := Ask(context.Background(), c.Dir, "status", ""); err == nil {
			return &Handle{write, ended}, nil
		}
		select {
		case err := <-ended:
			return nil, errors.Join(fmt.Errorf("the supervisor ended: %w", err), logsOf(c.Dir, "supervisor"))
		case <-deadline:
			return nil, errors.Join(errors.New("the supervisor did not answer within 10s"), logsOf(c.Dir, "supervisor"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
