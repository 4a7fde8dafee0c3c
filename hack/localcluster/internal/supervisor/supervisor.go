// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package supervisor is the process that all daemons of a cluster are children of, and the client of
// that process.
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

// Command is the hidden subcommand that runs the supervisor. `up` starts it.
const Command = "supervise"

// Spec is the configuration of a supervisor, stored in supervisor.json.
type Spec struct {
	// Namespaces is true if the supervisor is process 1 of its own namespaces, in which it mounts the
	// state folder and Cache.
	Namespaces bool   `json:"namespaces"`
	Cache      string `json:"cache"`
	// Node is the name of the further node that the supervisor runs, empty for the supervisor of a
	// cluster.
	Node string `json:"node,omitempty"`
	// Path is the PATH of the daemons.
	Path    string   `json:"path"`
	Daemons []Daemon `json:"daemons"`
}

// supervisor owns the daemons. Only the main goroutine, which executes the events one after the
// other, touches them: it is locked to the thread that starts the daemons (see main).
type supervisor struct {
	spec      Spec
	logs      string
	events    chan func()
	processes []*process
	stopping  bool
}

// Run runs the supervisor of the cluster, or of the further node, with the state folder dir until a
// signal, a request or the end of the parent process stops it. It starts no daemon on its own: `up`
// requests that. If the supervisor has its own namespaces, isolate sets up their mounts.
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
		return fmt.Errorf("another supervisor runs this cluster: %w", err)
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
	if s.spec.Node != "" {
		if err := syscall.Sethostname([]byte(s.spec.Node)); err != nil {
			return fmt.Errorf("setting the hostname: %w", err)
		}
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
	if s.spec.Node == "" {
		go s.watchParent()
	}
	go s.serveControl(listener)
	for event := range s.events {
		event()
		if s.stopping && s.idle() {
			log.Print("all daemons stopped")
			return nil
		}
	}
	return nil
}

// flockRetry retries for a second, since Cluster.Running holds the lock for a moment.
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

// detach is the byte that `up` writes to the supervisor's standard input when the cluster may outlive
// that process.
const detach = 'd'

// watchParent stops the cluster when the process that started it ends without having detached.
func (s *supervisor) watchParent() {
	b := make([]byte, 1)
	if n, _ := os.Stdin.Read(b); n == 1 && b[0] == detach {
		return
	}
	log.Print("the process that started this cluster ended")
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

// add adds a daemon without starting it. A daemon that exists stays as it is.
func (s *supervisor) add(d Daemon) error {
	if d.Name == "" || len(d.Args) == 0 {
		return errors.New("a component must have a name and a program")
	}
	if s.find(d.Name) == nil {
		s.processes = append(s.processes, &process{Daemon: d})
	}
	return nil
}

// idle returns whether no daemon runs.
func (s *supervisor) idle() bool {
	for _, p := range s.processes {
		if p.pid != 0 {
			return false
		}
	}
	return true
}
