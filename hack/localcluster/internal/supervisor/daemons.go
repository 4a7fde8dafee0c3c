// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Daemon is a program that the supervisor keeps running.
type Daemon struct {
	Name string   `json:"name"`
	Args []string `json:"args"` // the program's path first
	// Node is true if it is the supervisor of a further node: process 1 of a process namespace,
	// with its own mounts, network and hostname. It is not restarted when it ends: a node that lost
	// its power stays off.
	Node bool `json:"node,omitempty"`
}

// SystemPath is the PATH in which daemons find the programs of the system.
const SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// process is the state of one daemon.
type process struct {
	Daemon
	pid     int
	started time.Time
	// desired is whether the daemon is to run.
	desired  bool
	restarts int // how often it ended without a request
	onExit   []func()
}

const (
	restartDelay = time.Second
	// stopGracePeriod is the time between SIGTERM and SIGKILL.
	stopGracePeriod = 10 * time.Second
	// shutdownGracePeriod is short, since the data of a cluster that is deleted does not matter.
	shutdownGracePeriod = time.Second
)

// start starts a daemon, unless it runs already.
func (s *supervisor) start(p *process) error {
	p.desired = true
	if p.pid != 0 || s.stopping {
		return nil
	}
	out, err := os.OpenFile(filepath.Join(s.logs, p.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	sys := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.Node {
		sys.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS
	}
	// Not os/exec: its Wait and reap, which waits for orphans too, would compete for the children.
	pid, err := syscall.ForkExec(p.Args[0], p.Args, &syscall.ProcAttr{
		Env:   []string{"PATH=" + s.spec.Path, "HOME=/", state.EnvMarker + "=" + os.Getenv(state.EnvMarker)},
		Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys:   sys,
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.Args[0], err)
	}
	p.pid, p.started = pid, time.Now()
	log.Printf("%s: started, pid %d", p.Name, pid)
	return nil
}

// stop sends SIGTERM to a daemon, SIGKILL after the grace period, and calls then once it has ended.
func (s *supervisor) stop(p *process, gracePeriod time.Duration, then func()) {
	p.desired = false
	if p.pid == 0 {
		then()
		return
	}
	p.onExit = append(p.onExit, then)
	pid := p.pid
	_ = syscall.Kill(pid, syscall.SIGTERM)
	time.AfterFunc(gracePeriod, func() {
		s.events <- func() {
			if p.pid == pid {
				log.Printf("%s: did not stop within %s, killing it", p.Name, gracePeriod)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
}

// shutdown stops all daemons; Run returns once they have ended.
func (s *supervisor) shutdown() {
	if s.stopping {
		return
	}
	log.Print("stopping all daemons")
	s.stopping = true
	for _, p := range s.processes {
		s.stop(p, shutdownGracePeriod, func() {})
	}
}

// reap waits for every ended child. Process 1 has more children than it started: the shims of
// containers become its children.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid <= 0 {
			return
		}
		for _, p := range s.processes {
			if p.pid == pid {
				s.exited(p, status)
			}
		}
	}
}

// exited records the end of a daemon and restarts it if it is to run.
func (s *supervisor) exited(p *process, status syscall.WaitStatus) {
	how := fmt.Sprintf("exit code %d", status.ExitStatus())
	if status.Signaled() {
		how = "signal " + status.Signal().String()
	}
	log.Printf("%s: ended after %s: %s", p.Name, time.Since(p.started).Round(time.Millisecond), how)
	p.pid = 0
	p.desired = p.desired && !p.Node
	callbacks := p.onExit
	p.onExit = nil
	for _, f := range callbacks {
		f()
	}
	if !p.desired || s.stopping || p.pid != 0 {
		return
	}
	p.restarts++
	time.AfterFunc(restartDelay, func() {
		s.events <- func() {
			if p.desired {
				if err := s.start(p); err != nil {
					log.Print(err)
				}
			}
		}
	})
}
