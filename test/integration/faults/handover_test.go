// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// identity returns the identity of a manager in elections, from its log.
func identity(m *controlplane.Manager) string {
	m.Helper()
	var found []string
	wait.For(m.TB, "the manager to log its identity", func(context.Context) error {
		if found = regexp.MustCompile(`"Waiting to lead" .*identity="([^"]+)"`).FindStringSubmatch(m.Log.String()); found == nil {
			return errors.New("not logged yet")
		}
		return nil
	})
	return found[1]
}

// sort returns that of two managers which leads, first, and the other one.
func (w *world) sort(a, b *controlplane.Manager) (leader, standby *controlplane.Manager) {
	w.Helper()
	wait.For(w.T, "a leader", func(context.Context) error {
		switch holder := ptr.Deref(w.lease().Spec.HolderIdentity, ""); holder {
		case identity(a):
			leader, standby = a, b
		case identity(b):
			leader, standby = b, a
		default:
			return fmt.Errorf("%q leads", holder)
		}
		return nil
	})
	return leader, standby
}

// TestElectedManagersWithoutTheServer takes away what the lease is in, for longer than a leader may
// be without a renewal. The leader exits and logs why, and is started again, as a kubelet would.
// The standby has nothing to lose but its caches, so it stays.
func TestElectedManagersWithoutTheServer(t *testing.T) {
	w := newWorld(t, 4)
	// Not as short as those of other tests: a server that has just come back may be slow.
	args := []string{"--leader-elect", "--leader-elect-resource-namespace=" + w.namespace,
		"--leader-elect-lease-duration=10s", "--leader-elect-renew-deadline=8s", "--leader-elect-retry-period=1s"}
	leader, standby := w.sort(w.manager(args...), w.manager(args...))
	w.create()
	before := w.settled()
	for i, fault := range []struct {
		component string
		outage    time.Duration // at least
		waits     string        // what the restarted leader logs
	}{
		{apiServer, time.Minute, "Waiting: the API server at "},
		{etcd, 0, "Cannot read or write the lease, will keep retrying"},
	} {
		w.do("stop", fault.component)
		stopped := time.Now()
		var ended *exec.ExitError
		if err := leader.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 1 {
			t.Errorf("without %s the leader ends with %v", fault.component, err)
		}
		lines := strings.Split(strings.TrimSpace(leader.Log.String()), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, "lost the lease "+w.namespace+"/"+leaseName+": not renewed within 8s: ") {
			t.Errorf("without %s the leader's last line is %s", fault.component, last)
		}
		again := controlplane.StartManager(t, w.user.Kubeconfig, args...)
		again.AwaitLog(fault.waits)
		standby.AwaitLog("Cannot read or write the lease, will keep retrying")
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := standby.Get("health", path); status != http.StatusOK {
				t.Errorf("%s of the standby returns %d without %s: %s", path, status, fault.component, body)
			}
		}
		w.outlast(stopped, fault.outage)
		if n := strings.Count(again.Log.String()+standby.Log.String(), `"Leading"`); n > 0 {
			t.Errorf("without %s there are leaders", fault.component)
		}
		w.do("start", fault.component)
		w.answers()
		again.AwaitReady()
		leader, standby = w.sort(again, standby)
		after := w.settled()
		w.unchanged(before, after)
		// There is one who works, and who changes what is to be changed and nothing else.
		w.upgrade(w.names[i])
		before = w.settled()
		w.unchanged(after, before, w.names[i])
	}
	for _, m := range []*controlplane.Manager{leader, standby} {
		if err := m.Terminate(); err != nil {
			t.Errorf("SIGTERM ends a manager with %v", err)
		}
	}
}

// TestManyLeaders has leaders come and go, by SIGKILL and by SIGTERM in turn. The last of them must
// hold no more than the first did; nor may a standby that has seen them all.
func TestManyLeaders(t *testing.T) {
	// More than the goroutines that steady lets pass, so that one for each leader is found.
	const leaders = 12
	w := newWorld(t, 5)
	leader := w.manager(w.elect()...)
	leader.AwaitLog("Leading")
	witness := w.manager(w.elect()...)
	w.create()
	before := w.settled()
	var first, atFirst footprint // of the leaders, and of the standby
	for i := range leaders {
		next := w.manager(w.elect()...)
		// The witness must not take over by itself. It sees what it misses when it resumes: that
		// nobody leads, upon which it tries, and that somebody else is faster.
		w.signal(witness, syscall.SIGSTOP)
		if i%3 == 0 {
			leader.Kill()
		} else if err := leader.Terminate(); err != nil {
			t.Errorf("SIGTERM ends leader %d with %v", i, err)
		}
		next.AwaitLog(`"Leading"`)
		w.signal(witness, syscall.SIGCONT)
		witness.AwaitLog(`leader="` + identity(next) + `"`)
		w.upgrade(w.names[0])
		after := w.settled()
		w.unchanged(before, after, w.names[0])
		before, leader = after, next
		if i == 0 {
			first, atFirst = measure(leader), measure(witness)
		}
	}
	steady(leader, first)
	steady(witness, atFirst)
	if strings.Contains(witness.Log.String(), `"Leading"`) {
		t.Error("the witness has led")
	}

	// The witness can still take over.
	leader.Kill()
	witness.AwaitLog(`"Leading"`)
	w.upgrade(w.names[1])
	w.unchanged(before, w.settled(), w.names[1])
}
