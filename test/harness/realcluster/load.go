// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Load is a client in the cluster that calls a Performer 50 times a second until End.
type Load struct {
	what string
	// input is the standard input of the client, which ends when it is closed.
	input io.Closer
	// answers receives the name of each pod with its first answer. It is closed when the client
	// ends.
	answers chan string
	// answered are the pods received from answers.
	answered map[string]bool
	// done is closed when the client has ended. The fields below may only be read then.
	done           chan struct{}
	stdout, stderr bytes.Buffer
	err            error
}

// Summary is the client's summary of its calls.
type Summary struct {
	Calls            int `json:"calls"`
	OK               int `json:"ok"`
	Failed           int `json:"failed"`
	LongestGapMillis int `json:"longestGapMillis"`
	FirstFailures    []struct {
		AtMillis int    `json:"atMillis"`
		Error    string `json:"error"`
	} `json:"firstFailures"`
	// Answers is the number of calls by the pod that answered, as version/pod.
	Answers map[string]int `json:"answers"`
}

func (s Summary) String() string {
	text := fmt.Sprintf("%d of %d calls failed, at most %d ms without an answer, answers %v", s.Failed, s.Calls, s.LongestGapMillis, s.Answers)
	for _, failure := range s.FirstFailures {
		text += fmt.Sprintf("\n  after %d ms: %s", failure.AtMillis, failure.Error)
	}
	return text
}

// StartLoad starts a client and waits for its first answer. The client holds one connection, or
// dials for each call. A call fails without an answer within 15 seconds: a busy machine delays
// answers by a few, and gRPC waits 20 for a connection to a pod that is gone. A lost DNS query is
// repeated after one second. Further flags of performer-client take precedence.
func (c *Cluster) StartLoad(t *testing.T, address string, dialEach bool, flags ...string) *Load {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--kubeconfig", c.kubeconfig, "exec", "-i", "-n", callerNamespace, callerPod, "--",
		"/performer-client", "load", "-rate", "50", "-duration", "0", "-timeout", "15s", "-until-eof",
	}
	what := "one connection to " + address
	if dialEach {
		args = append(args, "-dial-each")
		what = "a connection for each call to " + address
	}
	args = append(args, flags...)
	// kubectl is killed at the end of the test if it still runs, and the client then loses its
	// input. The dot at the end of the name avoids a search through four domains for each
	// connection, which would make this a test of the DNS server on a small machine.
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.binDir, "kubectl"), append(args, net.JoinHostPort(host+".", port))...)
	// No Performer has more pods in a test. If one does, the client waits.
	l := &Load{what: what, answers: make(chan string, 16), answered: map[string]bool{}, done: make(chan struct{})}
	cmd.Stdout = &l.stdout
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.input = input
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("calling over %s: %v", what, err)
	}
	go func() {
		defer close(l.done)
		l.readMessages(stderr)
		l.err = cmd.Wait()
	}()
	t.Cleanup(func() { <-l.done })

	l.waitForAnswer(t, "")
	return l
}

// firstAnswer is the beginning of the line that the client prints at the first answer of a pod,
// with version/pod after it.
const firstAnswer = "performer-client: first answer from "

func (l *Load) readMessages(stderr io.Reader) {
	defer close(l.answers)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		answerer, found := strings.CutPrefix(lines.Text(), firstAnswer)
		if !found {
			fmt.Fprintln(&l.stderr, lines.Text())
			continue
		}
		_, pod, _ := strings.Cut(answerer, "/")
		l.answers <- pod
	}
}

// WaitForAnswer waits until a pod has answered a call.
func (l *Load) WaitForAnswer(t *testing.T, pod string) {
	t.Helper()
	if !l.answered[pod] {
		l.waitForAnswer(t, pod)
	}
}

// waitForAnswer waits for the first answer of a pod, or of any new pod if pod is empty.
func (l *Load) waitForAnswer(t *testing.T, pod string) {
	t.Helper()
	timeout := time.After(wait.Timeout)
	for {
		select {
		case name, ok := <-l.answers:
			if !ok {
				<-l.done
				t.Fatalf("calling over %s ended: %v\n%s", l.what, l.err, &l.stderr)
			}
			l.answered[name] = true
			if pod == "" || name == pod {
				return
			}
		case <-timeout:
			t.Fatalf("calling over %s: no answer from %s, only from %v", l.what, cmp.Or(pod, "any pod"), slices.Sorted(maps.Keys(l.answered)))
		}
	}
}

// End ends the client and returns its summary.
func (l *Load) End(t *testing.T) Summary {
	t.Helper()
	select {
	case <-l.done:
		t.Fatalf("calling over %s ended too early: %v\n%s", l.what, l.err, &l.stderr)
	default:
	}
	_ = l.input.Close()
	select {
	case <-l.done:
	case <-time.After(time.Minute):
		t.Fatalf("calling over %s continues although its input is closed", l.what)
	}
	var summary Summary
	if err := json.Unmarshal(l.stdout.Bytes(), &summary); err != nil {
		t.Fatalf("calling over %s: the client printed %q (%v), %v\n%s", l.what, &l.stdout, err, l.err, &l.stderr)
	}
	return summary
}
