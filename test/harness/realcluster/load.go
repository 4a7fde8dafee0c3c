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

// Load is a client in the cluster that calls a Performer 50 times a second until it's ended.
type Load struct {
	what string
	// input is the client's standard input. Its end ends the client.
	input io.Closer
	// answers has each pod with its first answer. It's closed at the client's end.
	answers chan string
	// answered are the pods of which answers had one.
	answered map[string]bool
	// done is closed when the client has ended; what follows may only be read then.
	done           chan struct{}
	stdout, stderr bytes.Buffer
	err            error
}

// Summary is what a client says of its calls.
type Summary struct {
	Calls            int `json:"calls"`
	OK               int `json:"ok"`
	Failed           int `json:"failed"`
	LongestGapMillis int `json:"longestGapMillis"`
	FirstFailures    []struct {
		AtMillis int    `json:"atMillis"`
		Error    string `json:"error"`
	} `json:"firstFailures"`
	// Answers counts the calls by who answered, as version/pod.
	Answers map[string]int `json:"answers"`
}

func (s Summary) String() string {
	text := fmt.Sprintf("%d of %d calls failed, at most %d ms without an answer, answers %v", s.Failed, s.Calls, s.LongestGapMillis, s.Answers)
	for _, failure := range s.FirstFailures {
		text += fmt.Sprintf("\n  after %d ms: %s", failure.AtMillis, failure.Error)
	}
	return text
}

// StartLoad starts a client and waits for its first answer. It holds one connection, or dials anew for each call. A
// call fails that gets no answer within five seconds: a DNS question that is lost is asked again after one.
func (c *Cluster) StartLoad(t *testing.T, address string, dialEach bool) *Load {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--kubeconfig", c.kubeconfig, "exec", "-i", "-n", callerNamespace, callerPod, "--",
		"/performer-client", "load", "-rate", "50", "-duration", "0", "-timeout", "5s", "-until-eof",
	}
	what := "one connection to " + address
	if dialEach {
		args = append(args, "-dial-each")
		what = "a connection for each call to " + address
	}
	// Killed with the test, as far as it was not ended before; the client loses its input then.
	// The dot at the name's end spares the search through four domains for each connection, which on a small machine
	// would make the test one of the cluster's DNS server.
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.binDir, "kubectl"), append(args, net.JoinHostPort(host+".", port))...)
	// More pods than that a Performer doesn't come to in a test; and if it does, the client waits.
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

// firstAnswer begins the line by which the client tells the first answer of a pod, as version/pod.
const firstAnswer = "performer-client: first answer from "

func (l *Load) readMessages(stderr io.Reader) {
	defer close(l.answers)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		who, found := strings.CutPrefix(lines.Text(), firstAnswer)
		if !found {
			fmt.Fprintln(&l.stderr, lines.Text())
			continue
		}
		_, pod, _ := strings.Cut(who, "/")
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

// waitForAnswer waits for the first answer of a pod, or of any that gave none before.
func (l *Load) waitForAnswer(t *testing.T, pod string) {
	t.Helper()
	timeout := time.After(wait.Timeout)
	for {
		select {
		case who, ok := <-l.answers:
			if !ok {
				<-l.done
				t.Fatalf("calling over %s ended: %v\n%s", l.what, l.err, &l.stderr)
			}
			l.answered[who] = true
			if pod == "" || who == pod {
				return
			}
		case <-timeout:
			t.Fatalf("calling over %s: no answer from %s, but from %v", l.what, cmp.Or(pod, "anyone"), slices.Sorted(maps.Keys(l.answered)))
		}
	}
}

// End ends the client and returns what it says of its calls.
func (l *Load) End(t *testing.T) Summary {
	t.Helper()
	select {
	case <-l.done:
		t.Fatalf("calling over %s ended before it was told to: %v\n%s", l.what, l.err, &l.stderr)
	default:
	}
	_ = l.input.Close()
	select {
	case <-l.done:
	case <-time.After(time.Minute):
		t.Fatalf("calling over %s goes on though its input has ended", l.what)
	}
	var summary Summary
	if err := json.Unmarshal(l.stdout.Bytes(), &summary); err != nil {
		t.Fatalf("calling over %s: it says %q (%v), %v\n%s", l.what, &l.stdout, err, l.err, &l.stderr)
	}
	return summary
}
