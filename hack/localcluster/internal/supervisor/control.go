// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// request and reply are what travels over the supervisor's socket, one of each
// a connection.
type request struct {
	Do        string   `json:"do"` // status, add, start, stop, restart, kill, shutdown
	Component string   `json:"component,omitempty"`
	Args      []string `json:"args,omitempty"` // of a component to add
}

type reply struct {
	Error      string            `json:"error,omitempty"`
	Components []componentStatus `json:"components,omitempty"`
}

type componentStatus struct {
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
			var req request
			if json.NewDecoder(conn).Decode(&req) != nil {
				return
			}
			answer := make(chan reply, 1)
			s.events <- func() { s.handle(req, answer) }
			_ = json.NewEncoder(conn).Encode(<-answer)
		}()
	}
}

// handle carries out a request on the main goroutine; the answer may come
// later, when a component has ended.
func (s *supervisor) handle(req request, answer chan<- reply) {
	done := func(err error) {
		if err != nil {
			answer <- reply{Error: err.Error()}
			return
		}
		answer <- reply{Components: s.status()}
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
		done(s.add(daemon{req.Component, req.Args}))
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

func (s *supervisor) status() []componentStatus {
	var all []componentStatus
	for _, p := range s.processes {
		all = append(all, componentStatus{p.Name, p.pid, p.started, p.restarts})
	}
	return all
}

// ask sends a request that needs no more than a component's name.
func (c *cluster) ask(ctx context.Context, do, component string) (reply, error) {
	return c.send(ctx, request{Do: do, Component: component})
}

// send sends the supervisor of a cluster one request.
func (c *cluster) send(ctx context.Context, req request) (reply, error) {
	var r reply
	dir, err := os.Open(c.dir)
	if err != nil {
		return r, err
	}
	defer dir.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", controlPath(dir))
	if err != nil {
		return r, fmt.Errorf("reaching the supervisor of cluster %q: %w", c.Name, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(stopPatience + 5*time.Second))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return r, err
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return r, fmt.Errorf("the supervisor of cluster %q gave no answer: %w", c.Name, err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

func controlCommand(do string) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		fs := newFlags(do)
		name := nameFlag(fs)
		rest, err := parse(fs, args)
		if err != nil {
			return err
		}
		if len(rest) != 1 {
			return fmt.Errorf("say which component to %s; `localcluster status` lists them", do)
		}
		c, err := runningCluster(*name)
		if err != nil {
			return err
		}
		_, err = c.ask(ctx, do, rest[0])
		return err
	}
}
