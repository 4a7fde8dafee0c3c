// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Request is a request to the supervisor. A connection to its socket carries one Request and one Reply.
type Request struct {
	Action    string   `json:"do"` // status, add, start, stop, restart, kill, shutdown
	Component string   `json:"component,omitempty"`
	Args      []string `json:"args,omitempty"` // of a component to add
}

// Reply is the answer to a Request.
type Reply struct {
	Error      string            `json:"error,omitempty"`
	Components []ComponentStatus `json:"components,omitempty"`
}

// ComponentStatus is the state of a component.
type ComponentStatus struct {
	Name     string    `json:"name"`
	PID      int       `json:"pid"` // in the supervisor's process namespace; 0 if it does not run
	Started  time.Time `json:"started"`
	Restarts int       `json:"restarts"`
}

// controlPath returns the path of the socket through the open state folder, since the path of a
// socket has at most 107 bytes and the path of the state folder may be longer.
func controlPath(dir *os.File) string { return fmt.Sprintf("/proc/self/fd/%d/control.sock", dir.Fd()) }

func listenControl(dir string) (net.Listener, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	_ = os.Remove(controlPath(d))
	l, err := net.Listen("unix", controlPath(d))
	if err == nil {
		l.(*net.UnixListener).SetUnlinkOnClose(false)
	}
	return l, err
}

func (s *supervisor) serveControl(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			var req Request
			if json.NewDecoder(conn).Decode(&req) != nil {
				return
			}
			answer := make(chan Reply, 1)
			s.events <- func() { s.handle(req, answer) }
			_ = json.NewEncoder(conn).Encode(<-answer)
		}()
	}
}

// handle executes a request on the main goroutine. It may send the answer later, once a component has
// ended.
func (s *supervisor) handle(req Request, answer chan<- Reply) {
	done := func(err error) {
		if err != nil {
			answer <- Reply{Error: err.Error()}
			return
		}
		answer <- Reply{Components: s.status()}
	}
	switch req.Action {
	case "status":
		done(nil)
		return
	case "shutdown":
		s.shutdown()
		done(nil)
		return
	case "add":
		done(s.add(Daemon{Name: req.Component, Args: req.Args}))
		return
	}
	p := s.find(req.Component)
	if p == nil {
		var names []string
		for _, p := range s.processes {
			names = append(names, p.Name)
		}
		done(fmt.Errorf("unknown component %q: this cluster has %s", req.Component, strings.Join(names, ", ")))
		return
	}
	switch req.Action {
	case "start":
		done(s.start(p))
	case "stop":
		s.stop(p, stopGracePeriod, func() { done(nil) })
	case "restart":
		s.stop(p, stopGracePeriod, func() { done(s.start(p)) })
	case "kill":
		if p.pid == 0 {
			done(fmt.Errorf("%s is not running", p.Name))
			return
		}
		if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
			done(err)
			return
		}
		p.onExit = append(p.onExit, func() { done(nil) })
	default:
		done(fmt.Errorf("unknown request %q", req.Action))
	}
}

func (s *supervisor) status() []ComponentStatus {
	var all []ComponentStatus
	for _, p := range s.processes {
		all = append(all, ComponentStatus{p.Name, p.pid, p.started, p.restarts})
	}
	return all
}
