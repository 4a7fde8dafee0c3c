// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

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

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// superviseCommand is the hidden subcommand that `up` starts: the process that
// all daemons of a cluster are children of.
const Command = "supervise"

// supervisorSpec tells the supervisor what to look after (supervisor.json).
type Spec struct {
	// Namespaces says that the supervisor is process 1 of namespaces of its
	// own, in which Cache is to be mounted beside the state.
	Namespaces bool     `json:"namespaces"`
	Cache      string   `json:"cache"`
	Path       string   `json:"path"`
	Daemons    []Daemon `json:"daemons"`
}

// supervisor owns the daemons. Everything that touches them runs, one function
// after the other, on the main goroutine (see main for why); others post.
type supervisor struct {
	spec      Spec
	logs      string
	events    chan func()
	processes []*process
	stopping  bool
}

// supervise runs the supervisor of the cluster whose state folder is dir until
// it is told to end. It starts nothing by itself: `up` does, by its socket.
func Run(dir string, isolate func(state, cache string) error) error {
	data, err := os.ReadFile(filepath.Join(dir, "supervisor.json"))
	if err != nil {
		return err
	}
	s := &supervisor{events: make(chan func()), logs: filepath.Join(dir, "logs")}
	if err := json.Unmarshal(data, &s.spec); err != nil {
		return err
	}
	for _, d := range s.spec.Daemons {
		s.processes = append(s.processes, &process{Daemon: d})
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
		if err := isolate(dir, s.spec.Cache); err != nil {
			return fmt.Errorf("setting up mounts: %w", err)
		}
		s.logs = filepath.Join(state.InnerState, "logs")
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
func (s *supervisor) add(d Daemon) error {
	if d.Name == "" || len(d.Args) == 0 {
		return errors.New("a component needs a name and a program")
	}
	if s.find(d.Name) == nil {
		s.processes = append(s.processes, &process{Daemon: d})
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
