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

// daemon is one process that the supervisor keeps running.
type Daemon struct {
	Name string   `json:"name"`
	Args []string `json:"args"` // the program's path first
}

// systemPath is where a real node's processes look for the system's programs.
const SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// process is the state of one daemon.
type process struct {
	Daemon
	pid      int
	started  time.Time
	wanted   bool
	restarts int // how often it ended by itself
	onExit   []func()
}

const (
	restartDelay = time.Second
	stopPatience = 10 * time.Second
	// shutdownPatience is short: a cluster that goes away needs no farewells.
	shutdownPatience = time.Second
)

func (s *supervisor) start(p *process) error {
	p.wanted = true
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
	// Not os/exec: its Wait and reap, which must bury orphans too, would take
	// each other's children.
	pid, err := syscall.ForkExec(p.Args[0], p.Args, &syscall.ProcAttr{
		Env:   []string{"PATH=" + s.spec.Path, "HOME=/", state.EnvMarker + "=" + os.Getenv(state.EnvMarker)},
		Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.Args[0], err)
	}
	p.pid, p.started = pid, time.Now()
	log.Printf("%s: started, pid %d", p.Name, pid)
	return nil
}

// stop ends a daemon and calls then when it is gone.
func (s *supervisor) stop(p *process, patience time.Duration, then func()) {
	p.wanted = false
	if p.pid == 0 {
		then()
		return
	}
	p.onExit = append(p.onExit, then)
	pid := p.pid
	_ = syscall.Kill(pid, syscall.SIGTERM)
	time.AfterFunc(patience, func() {
		s.events <- func() {
			if p.pid == pid {
				log.Printf("%s: did not stop in %s, killing it", p.Name, patience)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
}

func (s *supervisor) shutdown() {
	if s.stopping {
		return
	}
	log.Print("stopping")
	s.stopping = true
	for _, p := range s.processes {
		s.stop(p, shutdownPatience, func() {})
	}
}

// reap buries every ended child. As process 1 it has more than it started: the
// shims of containers become its children.
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

func (s *supervisor) exited(p *process, status syscall.WaitStatus) {
	how := fmt.Sprintf("exit code %d", status.ExitStatus())
	if status.Signaled() {
		how = "signal " + status.Signal().String()
	}
	log.Printf("%s: ended after %s: %s", p.Name, time.Since(p.started).Round(time.Millisecond), how)
	p.pid = 0
	callbacks := p.onExit
	p.onExit = nil
	for _, f := range callbacks {
		f()
	}
	if !p.wanted || s.stopping || p.pid != 0 {
		return
	}
	p.restarts++
	time.AfterFunc(restartDelay, func() {
		s.events <- func() {
			if p.wanted {
				if err := s.start(p); err != nil {
					log.Print(err)
				}
			}
		}
	})
}
