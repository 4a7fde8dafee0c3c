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

// request and reply are what travels over the supervisor's socket, one of each
// a connection.
type Request struct {
	Do        string   `json:"do"` // status, add, start, stop, restart, kill, shutdown
	Component string   `json:"component,omitempty"`
	Args      []string `json:"args,omitempty"` // of a component to add
}

type Reply struct {
	Error      string            `json:"error,omitempty"`
	Components []ComponentStatus `json:"components,omitempty"`
}

type ComponentStatus struct {
	Name     string    `json:"name"`
	PID      int       `json:"pid"` // as the supervisor sees it; 0: not running
	Started  time.Time `json:"started"`
	Restarts int       `json:"restarts"`
}

// controlPath names the socket through an open folder, as the path of a
// socket may have 107 bytes at most and a state folder may be deep.
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

// handle carries out a request on the main goroutine; the answer may come
// later, when a component has ended.
func (s *supervisor) handle(req Request, answer chan<- Reply) {
	done := func(err error) {
		if err != nil {
			answer <- Reply{Error: err.Error()}
			return
		}
		answer <- Reply{Components: s.status()}
	}
	switch req.Do {
	case "status":
		done(nil)
		return
	case "shutdown":
		s.shutdown()
		done(nil)
		return
	case "add":
		done(s.add(Daemon{req.Component, req.Args}))
		return
	}
	p := s.find(req.Component)
	if p == nil {
		var names []string
		for _, p := range s.processes {
			names = append(names, p.Name)
		}
		done(fmt.Errorf("no component %q; this cluster has %s", req.Component, strings.Join(names, ", ")))
		return
	}
	switch req.Do {
	case "start":
		done(s.start(p))
	case "stop":
		s.stop(p, stopPatience, func() { done(nil) })
	case "restart":
		s.stop(p, stopPatience, func() { done(s.start(p)) })
	case "kill":
		if p.pid == 0 {
			done(fmt.Errorf("%s is not running", p.Name))
			return
		}
		done(syscall.Kill(p.pid, syscall.SIGKILL))
	default:
		done(fmt.Errorf("no request %q", req.Do))
	}
}

func (s *supervisor) status() []ComponentStatus {
	var all []ComponentStatus
	for _, p := range s.processes {
		all = append(all, ComponentStatus{p.Name, p.pid, p.started, p.restarts})
	}
	return all
}
