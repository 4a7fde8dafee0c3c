// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	apiServer = "kube-apiserver"
	etcd      = "etcd"
)

// rounds is how often a fault is repeated to see whether something grows.
const rounds = 3

// failedReads returns how many reads of the manager failed because there was no connection.
func failedReads(m *controlplane.Manager) float64 {
	_, body := m.Get("metrics", "/metrics")
	found := regexp.MustCompile(`rest_client_requests_total{code="<error>",[^}]*method="GET"} (\S+)`).FindStringSubmatch(body)
	if found == nil {
		return 0
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		m.Error(err)
	}
	return n
}

// TestServerFaults takes away what the manager talks to, in one way after the other.
func TestServerFaults(t *testing.T) {
	w := newWorld(t, 5)
	m := w.manager()
	w.create()
	before := w.settled()
	var first footprint // when the first fault was over

	away := func(outage time.Duration) {
		failures := failedReads(m)
		w.do("stop", apiServer)
		stopped := time.Now()
		wait.For(t, "failed reads of the manager", func(context.Context) error {
			if now := failedReads(m); now < failures+3 {
				return fmt.Errorf("%g tries", now-failures)
			}
			return nil
		})
		// A restart would only empty the caches.
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := m.Get("health", path); status != http.StatusOK {
				t.Errorf("%s returns %d while the API server is away: %s", path, status, body)
			}
		}
		w.outlast(stopped, outage)
		w.do("start", apiServer)
	}
	for i, fault := range []func(){
		func() { away(0) },
		func() { w.do("kill", apiServer) },
		func() { w.do("restart", etcd) },
		func() { w.do("kill", etcd) },
		func() { away(time.Minute) },
	} {
		fault()
		w.answers()
		after := w.settled()
		w.unchanged(before, after)
		// It still watches: a change is carried out, and only on this Performer.
		changed := w.names[i%len(w.names)]
		w.upgrade(changed)
		last := w.settled()
		w.unchanged(after, last, changed)
		before = last
		t.Logf("fault %d is over", i)
		if i == 0 {
			first = measure(m)
		}
	}
	steady(m, first)
	if n := strings.Count(m.Log.String(), "Cannot list or watch"); n > 20 {
		t.Errorf("%d lines about five outages of three kinds of objects", n)
	}
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
}

// outlast waits until an outage that began then has lasted so long.
func (w *world) outlast(began time.Time, outage time.Duration) {
	w.Helper()
	wait.For(w.T, "the outage to be long enough", func(context.Context) error {
		if left := outage - time.Since(began); left > 0 {
			return errors.New(left.String() + " are left")
		}
		return nil
	})
}

// TestCRDRemovedAndPutBack deletes the CRD, and with it all Performers.
func TestCRDRemovedAndPutBack(t *testing.T) {
	w := newWorld(t, 3)
	m := w.manager()
	w.create()
	w.settled()
	before := measure(m)
	w.deleteCRD()
	w.awaitNoCRD()
	m.AwaitLog("Cannot list or watch")
	if err := w.cluster.InstallCRD(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.create()
	w.settled()
	w.upgrade(w.names[0])
	w.settled()
	steady(m, before)

	// Once more, while no manager runs: the next one brings it to its end.
	m.Kill()
	w.deleteCRD()
	w.manager()
	w.awaitNoCRD()
	if err := w.cluster.InstallCRD(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) deleteCRD() {
	w.Helper()
	if err := w.cluster.Kube.Discovery().RESTClient().Delete().AbsPath(controlplane.CRD).Do(w.Context()).Error(); err != nil {
		w.Fatal(err)
	}
}

// awaitNoCRD waits until the CRD is gone, and all pods with it.
func (w *world) awaitNoCRD() {
	w.Helper()
	wait.For(w.T, "the Performers and their pods to be gone", func(ctx context.Context) error {
		pods, err := w.cluster.Kube.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d pods exist", len(pods.Items))
		}
		err = w.cluster.Kube.Discovery().RESTClient().Get().AbsPath(controlplane.CRD).Do(ctx).Error()
		if !apierrors.IsNotFound(err) {
			return errors.New("the CRD: " + fmt.Sprint(err))
		}
		return nil
	})
}

// TestPermissionWithdrawn takes all permissions from a running manager, and gives them back.
func TestPermissionWithdrawn(t *testing.T) {
	w := newWorld(t, 4)
	m := w.manager()
	w.create()
	before := w.settled()
	var first footprint
	for round := range rounds {
		refusals := func() int { return strings.Count(m.Log.String(), "API server refused a request") }
		earlier := refusals()
		restore := w.withoutPermissions()
		changed := w.names[0]
		w.upgrade(changed)
		wait.For(t, "a refused request", func(context.Context) error {
			if refusals() == earlier {
				return errors.New("none")
			}
			return nil
		})
		restore()
		after := w.settled()
		w.unchanged(before, after, changed)
		before = after
		if round == 0 {
			first = measure(m)
		}
	}
	steady(m, first)
}

// TestWatchExpired lets the manager sleep while the API server forgets what the manager saw last.
func TestWatchExpired(t *testing.T) {
	w := newWorld(t, 4)
	m := w.manager("-v=4")
	w.create()
	before, first := w.settled(), measure(m)

	w.signal(m, syscall.SIGSTOP)
	// The first restart ends the watches, so that the stopped manager is not sent the change; the
	// watch cache of the server that starts then knows nothing of what was before.
	w.do("restart", apiServer)
	w.answers()
	w.upgrade(w.names[0])
	w.do("restart", apiServer)
	w.answers()
	w.signal(m, syscall.SIGCONT)
	w.unchanged(before, w.settled(), w.names[0])
	if !strings.Contains(m.Log.String(), "too old resource version") {
		t.Errorf("the server still knew the version, and this showed nothing")
	}
	steady(m, first)
}

// TestFlood changes Performers a thousand times, in ways that need no action and in one that does.
func TestFlood(t *testing.T) {
	w := newWorld(t, 20)
	m := w.manager()
	w.create()
	before := w.settled()
	var first footprint
	const changes = 1000
	for round := range rounds {
		var writers sync.WaitGroup
		for writer := range 4 {
			writers.Go(func() {
				for i := writer; i < changes; i += 4 {
					name := w.names[i%len(w.names)]
					w.patch(name, fmt.Sprintf(`{"metadata":{"labels":{"round":"%d","change":"%d"}}}`, round, i))
				}
			})
		}
		writers.Wait()
		w.upgrade(w.names[0])
		after := w.settled()
		w.unchanged(before, after, w.names[0])
		before = after
		wait.For(t, "an empty queue", func(context.Context) error {
			if depth := sample(m, `workqueue_depth{name="performer"}`); depth > 0 {
				return fmt.Errorf("it has %v", depth)
			}
			return nil
		})
		if round == 0 {
			first = measure(m)
		}
	}
	steady(m, first)
	if failed := sample(m, `hourglass_reconcile_total{result="error"}`); failed > 0 {
		t.Errorf("%g syncs failed", failed)
	}
}
