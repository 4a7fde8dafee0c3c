// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// TestMain runs the supervisor if the test program was started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Command {
		// As in main: a daemon would be killed when the thread that started it ends.
		runtime.LockOSThread()
		if err := Run(os.Args[2], nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// startTestSupervisor starts a supervisor of one daemon, sleep. The path of its state folder is longer
// than the path of a socket may be.
func startTestSupervisor(t *testing.T) (*state.Cluster, *Handle) {
	t.Setenv("HOURGLASS_STATE", t.TempDir()+"/"+strings.Repeat("x", 120))
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	c := state.New("one")
	if err := os.MkdirAll(c.Path("logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(Spec{Path: SystemPath, Daemons: []Daemon{{"sleep", []string{program, "1000"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Path("supervisor.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Nodes = state.NodesNone
	l, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := EndProcesses(context.WithoutCancel(t.Context()), c); err != nil {
			t.Error(err)
		}
		// If the handle is garbage collected, its pipe is closed, which stops the supervisor.
		runtime.KeepAlive(l)
	})
	return c, l
}

func ask(t *testing.T, c *state.Cluster, action string) ComponentStatus {
	t.Helper()
	r, err := Ask(t.Context(), c, action, "sleep")
	if err != nil {
		t.Fatal(err)
	}
	return r.Components[0]
}

func TestSupervisor(t *testing.T) {
	c, _ := startTestSupervisor(t)
	if !c.Running() {
		t.Fatal("the supervisor does not run")
	}
	first := ask(t, c, "start")
	if first.PID == 0 {
		t.Fatal("not started")
	}
	if again := ask(t, c, "start"); again.PID != first.PID {
		t.Error("a running daemon was started again")
	}
	second := ask(t, c, "restart")
	if second.PID == first.PID || second.PID == 0 || second.Restarts != 0 {
		t.Errorf("after a restart: %+v", second)
	}
	ask(t, c, "kill")
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s := ask(t, c, "status")
		if s.PID != 0 && s.PID != second.PID && s.Restarts == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not restarted: %+v", s)
		}
	}
	if s := ask(t, c, "stop"); s.PID != 0 {
		t.Errorf("after a stop: %+v", s)
	}
	if _, err := Ask(t.Context(), c, "start", "other"); err == nil || !strings.Contains(err.Error(), "sleep") {
		t.Errorf("an unknown component: %v", err)
	}
}

// TestAddComponent: a component that is added later behaves like the others. Adding it again changes nothing.
func TestAddComponent(t *testing.T) {
	c, _ := startTestSupervisor(t)
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	sleep := ask(t, c, "start")
	for _, name := range []string{"sleep", "later", "later"} {
		r, err := Send(t.Context(), c, Request{Action: "add", Component: name, Args: []string{path, "1001"}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Components[0] != sleep {
			t.Errorf("adding %s changed sleep: %+v, was %+v", name, r.Components[0], sleep)
		}
	}
	r, err := Ask(t.Context(), c, "start", "later")
	if err != nil || len(r.Components) != 2 || r.Components[1].Name != "later" || r.Components[1].PID == 0 {
		t.Errorf("the added component: %+v, %v", r.Components, err)
	}
	if got := len(Processes(c)); got != 3 {
		t.Errorf("%d processes, want supervisor and two daemons", got)
	}
	if _, err := Send(t.Context(), c, Request{Action: "add", Component: "empty"}); err == nil {
		t.Error("a component without a program was added")
	}
}

// TestParentEnds: the cluster ends with the process that started it.
func TestParentEnds(t *testing.T) {
	c, l := startTestSupervisor(t)
	ask(t, c, "start")
	if got := len(Processes(c)); got != 2 {
		t.Errorf("%d processes, want supervisor and daemon", got)
	}
	l.pipe.Close()
	if !waitUntilGone(t.Context(), c, 5*time.Second) {
		t.Error("processes left:", Processes(c))
	}
}

// TestSupervisorKilled: a daemon does not outlive its supervisor, even if that is killed.
func TestSupervisorKilled(t *testing.T) {
	c, l := startTestSupervisor(t)
	ask(t, c, "start")
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(c.Supervisor)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if !waitUntilGone(t.Context(), c, 5*time.Second) {
		t.Error("processes left:", Processes(c))
	}
}
