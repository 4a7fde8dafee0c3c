// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/controlplane"
)

const (
	apiServer = "kube-apiserver"
	etcd      = "etcd"
)

// rounds is how often a fault is repeated to see whether something grows.
const rounds = 3

// TestServerFaults takes away what the manager talks to, again and again.
func TestServerFaults(t *testing.T) {
	w := newWorld(t, 5)
	m := w.manager()
	w.create()
	before := w.settled()
	goroutines := sample(m, "go_goroutines")

	for _, fault := range []struct {
		name string
		do   func()
	}{
		{"API server away", func() {
			w.do("stop", apiServer)
			failures := sample(m, `rest_client_requests_total{code="<error>",host="`+strings.TrimPrefix(cluster.Config.Host, "https://")+`",method="GET"}`)
			controlplane.Eventually(t, "the manager to try in vain", func(context.Context) string {
				if now := sample(m, `rest_client_requests_total{code="<error>",host="`+strings.TrimPrefix(cluster.Config.Host, "https://")+`",method="GET"}`); now < failures+6 {
					return fmt.Sprint(now)
				}
				return ""
			})
			// A restart would only empty the caches.
			for _, path := range []string{"/healthz", "/readyz"} {
				if status, body := m.Get("health", path); status != http.StatusOK {
					t.Errorf("%s says %d while the API server is away: %s", path, status, body)
				}
			}
			w.do("start", apiServer)
		}},
		{"API server killed", func() { w.do("kill", apiServer) }},
		{"etcd restarted", func() { w.do("restart", etcd) }},
		{"etcd killed", func() { w.do("kill", etcd) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			w := &world{T: t, namespace: w.namespace, user: w.user, kubelet: w.kubelet, names: w.names, versions: w.versions}
			for round := range rounds {
				fault.do()
				w.answers()
				after := w.settled()
				w.unchanged(before, after)
				// It has not gone deaf: a change is carried out, and to this Performer alone.
				changed := w.names[round%len(w.names)]
				w.upgrade(changed)
				last := w.settled()
				w.unchanged(after, last, changed)
				before = last
			}
			steady(m, goroutines)
		})
	}
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
	if n := strings.Count(m.Log.String(), "Cannot list or watch"); n > 3*4*rounds*3 {
		t.Errorf("%d lines about the same", n)
	}
}

// TestCRDRemovedAndPutBack deletes the CRD, and with it all Performers.
func TestCRDRemovedAndPutBack(t *testing.T) {
	w := newWorld(t, 3)
	m := w.manager()
	w.create()
	w.settled()
	if err := cluster.Kube.Discovery().RESTClient().Delete().AbsPath(controlplane.CRD).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	controlplane.Eventually(t, "the Performers and their pods gone", func(ctx context.Context) string {
		pods, err := cluster.Kube.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil || len(pods.Items) > 0 {
			return fmt.Sprintf("%d pods, %v", len(pods.Items), err)
		}
		err = cluster.Kube.Discovery().RESTClient().Get().AbsPath(controlplane.CRD).Do(ctx).Error()
		if !apierrors.IsNotFound(err) {
			return fmt.Sprintf("the CRD: %v", err)
		}
		return ""
	})
	m.AwaitLog("Cannot list or watch")
	if err := cluster.InstallCRD(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.create()
	w.settled()
	w.upgrade(w.names[0])
	w.settled()
}

// TestPermissionWithdrawn takes all permissions from a running manager, and gives them back.
func TestPermissionWithdrawn(t *testing.T) {
	w := newWorld(t, 4)
	m := w.manager()
	w.create()
	before := w.settled()
	goroutines := sample(m, "go_goroutines")
	for range rounds {
		refused := sample(m, `hourglass_reconcile_total{result="error"}`)
		restore := w.withoutPermissions()
		changed := w.names[0]
		w.upgrade(changed)
		controlplane.Eventually(t, "a refusal", func(context.Context) string {
			if sample(m, `hourglass_reconcile_total{result="error"}`) == refused {
				return "none"
			}
			return ""
		})
		restore()
		after := w.settled()
		w.unchanged(before, after, changed)
		before = after
	}
	steady(m, goroutines)
}

// TestWatchExpired lets the manager sleep while the API server forgets what the manager saw last.
func TestWatchExpired(t *testing.T) {
	w := newWorld(t, 4)
	m := w.manager("-v=4")
	w.create()
	before := w.settled()

	if err := m.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.upgrade(w.names[0])
	// The watch cache of a server that starts knows nothing of what was before.
	w.do("restart", apiServer)
	w.answers()
	if err := m.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.unchanged(before, w.settled(), w.names[0])
	if !strings.Contains(m.Log.String(), "too old resource version") {
		t.Log("the server still knew the version; the watch went on")
	}
}

// TestFlood changes Performers a thousand times, in ways that ask for nothing and in one that does.
func TestFlood(t *testing.T) {
	w := newWorld(t, 20)
	m := w.manager()
	w.create()
	before := w.settled()
	goroutines := sample(m, "go_goroutines")
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
		controlplane.Eventually(t, "an empty queue", func(context.Context) string {
			if depth := sample(m, `workqueue_depth{name="performer"}`); depth > 0 {
				return fmt.Sprint(depth)
			}
			return ""
		})
	}
	steady(m, goroutines)
	if failed := sample(m, `hourglass_reconcile_total{result="error"}`); failed > 0 {
		t.Errorf("%g syncs failed", failed)
	}
}
