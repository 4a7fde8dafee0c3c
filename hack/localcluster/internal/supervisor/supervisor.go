// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// superviseCommand is the hidden subcommand that `up` starts: the process that
// all daemons of a cluster are children of.
const superviseCommand = "supervise"

// supervisorSpec tells the supervisor what to look after (supervisor.json).
type supervisorSpec struct {
	// Namespaces says that the supervisor is process 1 of namespaces of its
	// own, in which Cache is to be mounted beside the state.
	Namespaces bool     `json:"namespaces"`
	Cache      string   `json:"cache"`
	Path       string   `json:"path"`
	Daemons    []daemon `json:"daemons"`
}

// process is the state of one daemon.
type process struct {
	daemon
	pid      int
	started  time.Time
	wanted   bool
	restarts int // how often it ended by itself
	onExit   []func()
}

// supervisor owns the daemons. Everything that touches them runs, one function
// after the other, on the main goroutine (see main for why); others post.
type supervisor struct {
	spec      supervisorSpec
	logs      string
	events    chan func()
	processes []*process
	stopping  bool
}

const (
	restartDelay = time.Second
	stopPatience = 10 * time.Second
	// shutdownPatience is short: a cluster that goes away needs no farewells.
	shutdownPatience = time.Second
)

// supervise runs the supervisor of the cluster whose state folder is dir until
// it is told to end. It starts nothing by itself: `up` does, by its socket.
func supervise(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "supervisor.json"))
	if err != nil {
		return err
	}
	s := &supervisor{events: make(chan func()), logs: filepath.Join(dir, "logs")}
	if err := json.Unmarshal(data, &s.spec); err != nil {
		return err
	}
	for _, d := range s.spec.Daemons {
		s.processes = append(s.processes, &process{daemon: d})
	}
	lock, err := os.OpenFile(filepath.Join(dir, "supervisor.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := flockRetry(lock); err != nil {
		return fmt.Errorf("another supervisor has this cluster: %w", err)
	}
	listener, err := listenControl(dir)
	if err != nil {
		return err
	}
	if s.spec.Namespaces {
		if err := enterMounts(dir, s.spec.Cache); err != nil {
			return fmt.Errorf("setting up mounts: %w", err)
		}
		s.logs = filepath.Join(innerState, "logs")
	}

	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for sig := range signals {
			if sig == syscall.SIGCHLD {
				s.events <- s.reap
			} else {
				s.events <- s.shutdown
			}
		}
	}()
	go s.watchLeash()
	go s.serveControl(listener)
	for event := range s.events {
		event()
		if s.stopping && s.idle() {
			log.Print("all stopped")
			return nil
		}
	}
	return nil
}

// flockRetry tries for a while, as those who ask whether a supervisor runs
// hold the lock for a moment.
func flockRetry(f *os.File) error {
	var err error
	for range 50 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// detach is what `up` writes to the supervisor's standard input when the
// cluster may outlive it.
const detach = 'd'

// watchLeash ends the cluster when the process that started it is gone without
// having let go of it.
func (s *supervisor) watchLeash() {
	b := make([]byte, 1)
	if n, _ := os.Stdin.Read(b); n == 1 && b[0] == detach {
		return
	}
	log.Print("the process that held this cluster is gone")
	s.events <- s.shutdown
}

func (s *supervisor) find(name string) *process {
	for _, p := range s.processes {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// add makes one more daemon a component, without starting it. One that is
// there already stays as it is.
func (s *supervisor) add(d daemon) error {
	if d.Name == "" || len(d.Args) == 0 {
		return errors.New("a component needs a name and a program")
	}
	if s.find(d.Name) == nil {
		s.processes = append(s.processes, &process{daemon: d})
	}
	return nil
}

func (s *supervisor) idle() bool {
	for _, p := range s.processes {
		if p.pid != 0 {
			return false
		}
	}
	return true
}

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
		Env:   []string{"PATH=" + s.spec.Path, "HOME=/", envMarker + "=" + os.Getenv(envMarker)},
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
