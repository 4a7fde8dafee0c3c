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

// startTestSupervisor starts a supervisor of the daemon sleep and of others. The path of its state
// folder is longer than the path of a socket may be.
func startTestSupervisor(t *testing.T, others ...Daemon) (*state.Cluster, *Handle) {
	t.Setenv("HOURGLASS_STATE", t.TempDir()+"/"+strings.Repeat("x", 120))
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	c := state.New("one")
	if err := os.MkdirAll(c.Path("logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(Spec{Path: SystemPath, Daemons: append([]Daemon{{Name: "sleep", Args: []string{program, "1000"}}}, others...)})
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
	r, err := Ask(t.Context(), c.Dir, action, "sleep")
	if err != nil {
		t.Fatal(err)
	}
	return r.Components[0]
}

// waitForRestart waits until sleep has been restarted once, with another process ID.
func waitForRestart(t *testing.T, c *state.Cluster, before int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s := ask(t, c, "status")
		if s.PID != 0 && s.PID != before && s.Restarts == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not restarted: %+v", s)
		}
	}
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
	waitForRestart(t, c, second.PID)
	if s := ask(t, c, "stop"); s.PID != 0 {
		t.Errorf("after a stop: %+v", s)
	}
	if _, err := Ask(t.Context(), c.Dir, "start", "other"); err == nil || !strings.Contains(err.Error(), "sleep") {
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
		r, err := Send(t.Context(), c.Dir, Request{Action: "add", Component: name, Args: []string{path, "1001"}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Components[0] != sleep {
			t.Errorf("adding %s changed sleep: %+v, was %+v", name, r.Components[0], sleep)
		}
	}
	r, err := Ask(t.Context(), c.Dir, "start", "later")
	if err != nil || len(r.Components) != 2 || r.Components[1].Name != "later" || r.Components[1].PID == 0 {
		t.Errorf("the added component: %+v, %v", r.Components, err)
	}
	if got := len(Processes(c)); got != 3 {
		t.Errorf("%d processes, want supervisor and two daemons", got)
	}
	if _, err := Send(t.Context(), c.Dir, Request{Action: "add", Component: "empty"}); err == nil {
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

// TestKilledNodeStaysOff: the supervisor of a node is process 1 of its own namespaces. When it is
// killed, its processes end before the answer, and it is not restarted.
func TestKilledNodeStaysOff(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("namespaces need root")
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	c, _ := startTestSupervisor(t, Daemon{Name: "node", Args: []string{shell, "-c", "echo $$ >&2; sleep 1000 & sleep 1001 & wait"}, Node: true})
	first, err := Ask(t.Context(), c.Dir, "start", "node")
	if err != nil || first.Components[1].PID == 0 {
		t.Fatal(first, err)
	}
	for deadline := time.Now().Add(5 * time.Second); tailFile(c.Path("logs", "node.log"), 1) != "1" || len(Processes(c)) != 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d processes, want both supervisors and two of the node, whose log is %q, want its process ID 1",
				len(Processes(c)), tailFile(c.Path("logs", "node.log"), 1))
		}
	}
	killed, err := Ask(t.Context(), c.Dir, "kill", "node")
	if err != nil || killed.Components[1].PID != 0 {
		t.Fatalf("after kill: %+v, %v\n%s", killed, err, tailFile(c.Path("logs", "supervisor.log"), 60))
	}
	if got := len(Processes(c)); got != 1 {
		t.Errorf("%d processes, want only the supervisor", got)
	}
	// A daemon that is to run is restarted with the same delay.
	ask(t, c, "start")
	ask(t, c, "kill")
	waitForRestart(t, c, 0)
	r, err := Ask(t.Context(), c.Dir, "status", "")
	if err != nil || r.Components[1].PID != 0 {
		t.Errorf("the killed node runs again: %+v, %v", r, err)
	}
}
