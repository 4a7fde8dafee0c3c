// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// managerPath returns where this test process builds its manager, which other processes do not
// share.
func managerPath() string {
	return repository.Path("bin", "test", fmt.Sprintf("manager-%d", os.Getpid()))
}

// managerProgram builds the manager, once.
var managerProgram = sync.OnceValues(func() (string, error) {
	program := managerPath()
	return program, Build("cmd/manager", program)
})

// plainManagerProgram builds the manager without the race detector, once, as the Makefile does.
var plainManagerProgram = sync.OnceValues(func() (string, error) {
	program := managerPath() + "-plain"
	cmd := exec.Command("go", "build", "-C", repository.Path("cmd/manager"), "-trimpath", "-buildvcs=false", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the manager: %w\n%s", err, out)
	}
	return program, nil
})

// Build builds the program in a folder of the repository, which may be of another module than this.
func Build(folder, program string) error {
	args := append([]string{"build", "-C", repository.Path(folder), "-o", program}, buildFlags...)
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", folder, err, out)
	}
	return nil
}

// Manager is a running manager program.
type Manager struct {
	testing.TB
	Process *os.Process
	Log     *Buffer

	ended chan struct{}
	err   error
}

// StartManager runs the manager with ports of its own choice.
func StartManager(t testing.TB, kubeconfig string, args ...string) *Manager {
	t.Helper()
	return startManager(t, managerProgram, []string{"KUBECONFIG=" + kubeconfig}, args)
}

// StartPlainManager is StartManager without the race detector, which takes several times as much memory,
// and with a memory limit in bytes for the Go runtime.
func StartPlainManager(t testing.TB, kubeconfig string, memoryLimit int, args ...string) *Manager {
	t.Helper()
	return startManager(t, plainManagerProgram, []string{"KUBECONFIG=" + kubeconfig, fmt.Sprintf("GOMEMLIMIT=%d", memoryLimit)}, args)
}

func startManager(t testing.TB, build func() (string, error), environment, args []string) *Manager {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	m := &Manager{TB: t, Log: &Buffer{}, ended: make(chan struct{})}
	cmd := exec.Command(program, append([]string{"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"}, args...)...)
	cmd.Env = environment
	cmd.Stdout, cmd.Stderr = m.Log, m.Log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.Process = cmd.Process
	go func() {
		m.err = cmd.Wait()
		close(m.ended)
	}()
	t.Cleanup(func() {
		m.Kill() // it may have ended by itself
		if strings.Contains(m.Log.String(), "DATA RACE") {
			t.Error("the race detector found a data race")
		}
		if t.Failed() {
			t.Logf("the manager's log:\n%s", m.Log)
		}
	})
	return m
}

// RunManager runs the manager to its end, with just these arguments and variables, and returns what
// it wrote and its exit code.
func RunManager(t testing.TB, env []string, args ...string) (output string, code int) {
	t.Helper()
	program, err := managerProgram()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Address returns the address of one of the manager's servers, from its log.
func (m *Manager) Address(server string) string {
	m.Helper()
	pattern := regexp.MustCompile(`"Serving ` + server + `" address="([^"]+)"`)
	var address string
	wait.For(m.TB, "the address of the "+server+" server", func(context.Context) error {
		found := pattern.FindStringSubmatch(m.Log.String())
		if found == nil {
			return errors.New("not logged yet")
		}
		address = found[1]
		return nil
	})
	return address
}

// Get returns what one of the manager's servers answers over plain HTTP; the status is 0 where it
// does not answer.
func (m *Manager) Get(server, path string) (status int, body string) {
	m.Helper()
	response, err := http.Get("http://" + m.Address(server) + path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// AwaitReady waits until the manager's readiness check passes.
func (m *Manager) AwaitReady() {
	m.Helper()
	wait.For(m.TB, "the manager to be ready", func(context.Context) error {
		if status, body := m.Get("health", "/readyz?verbose"); status != http.StatusOK {
			return errors.New(body)
		}
		return nil
	})
}

// AwaitLog waits until the log holds the text.
func (m *Manager) AwaitLog(text string) {
	m.Helper()
	wait.For(m.TB, "a line of the log", func(context.Context) error {
		if !strings.Contains(m.Log.String(), text) {
			return fmt.Errorf("no %q in the log", text)
		}
		return nil
	})
}

// Terminate sends SIGTERM and returns how the manager ended.
func (m *Manager) Terminate() error {
	m.Helper()
	if err := m.Process.Signal(syscall.SIGTERM); err != nil {
		m.Fatal(err)
	}
	return m.Wait()
}

// Kill sends SIGKILL and waits for the end.
func (m *Manager) Kill() {
	_ = m.Process.Kill() // it may have ended by itself
	<-m.ended
}

// Wait waits for the manager's end and returns how it ended.
func (m *Manager) Wait() error {
	<-m.ended
	return m.err
}

// Buffer is a buffer that may be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *Buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String returns all that was written so far.
func (s *Buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
