// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// testConfig has the defaults of the flags.
var testConfig = Config{
	Lease:         types.NamespacedName{Namespace: "home", Name: "b8e8a8a8.hourglass.eigenlayer.io"},
	LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
}

// election is an elector with a fake API server, in a synctest bubble.
type election struct {
	*LeaseElector
	client *fake.Clientset
	answer atomic.Pointer[func(verb string) error] // of the server to requests for Leases
	led    atomic.Bool
	log    managertest.Logs
	stop   context.CancelFunc
	ended  chan error
}

// newElection starts an elector that has won when newElection returns.
func newElection(t *testing.T) *election {
	t.Helper()
	return startElection(t, func(*election) {})
}

// startElection starts an elector after prepare, and returns once all its goroutines wait.
func startElection(t *testing.T, prepare func(*election)) *election {
	t.Helper()
	client := fake.NewClientset()
	elector, err := New(client, client, testConfig)
	if err != nil {
		t.Fatal(err)
	}
	e := &election{LeaseElector: elector, client: client, ended: make(chan error, 1)}
	client.PrependReactor("*", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if answer := e.answer.Load(); answer != nil {
			err := (*answer)(action.GetVerb())
			return err != nil, nil, err
		}
		return false, nil, nil
	})
	ctx, stop := context.WithCancel(e.log.Context(t.Context()))
	e.stop = stop
	t.Cleanup(stop)
	prepare(e)
	go func() { e.ended <- e.Run(ctx, func() { e.led.Store(true) }) }()
	synctest.Wait()
	return e
}

// answers makes the server respond to requests for Leases with the error of f, unless that is nil.
func (e *election) answers(f func(verb string) error) { e.answer.Store(&f) }

// conflict is the error of a write that is based on an old version.
func conflict() error {
	return apierrors.NewConflict(coordinationv1.Resource("leases"), "x", errors.New("newer"))
}

func (e *election) holder(t *testing.T) string {
	t.Helper()
	return *e.getLease(t).Spec.HolderIdentity
}

func (e *election) getLease(t *testing.T) *coordinationv1.Lease {
	t.Helper()
	lease, err := e.client.CoordinationV1().Leases("home").Get(t.Context(), "b8e8a8a8.hourglass.eigenlayer.io", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func TestLeadUntilRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		if !e.led.Load() {
			t.Fatal("does not lead")
		}
		time.Sleep(time.Minute)
		if got := e.holder(t); got != e.lock.Identity() {
			t.Errorf("the lease is held by %q", got)
		}

		e.stop()
		if err := <-e.ended; err != nil {
			t.Errorf("a stop is no error: %v", err)
		}
		if got := e.holder(t); got != e.lock.Identity() {
			t.Errorf("the lease went before it was released, to %q", got)
		}
		if err := e.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.holder(t); got != "" {
			t.Errorf("the lease is still held by %q", got)
		}
		if e.log.Count("Cannot") > 0 {
			t.Errorf("logged a failure: %q", e.log.All())
		}
	})
}

func TestLeaseIsLostWithoutRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.answers(func(string) error { return errors.New("etcd is away") })
		begin := time.Now()
		err := <-e.ended
		if err == nil || err.Error() != "lost the lease home/b8e8a8a8.hourglass.eigenlayer.io: not renewed within 10s: etcd is away" {
			t.Errorf("got %v", err)
		}
		// The retry period and the deadline. Another manager may lead after 15 s.
		if took := time.Since(begin); took > 12*time.Second {
			t.Errorf("gave up after %s", took)
		}
		if got := e.log.Count("Cannot read or write the lease"); got != 1 {
			t.Errorf("logged the failure %d times: %q", got, e.log.All())
		}
	})
}

// TestStuckLeaderIsNotHealthy has a renewal hang that no deadline ends. Only a restart helps.
func TestStuckLeaderIsNotHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		hang := make(chan struct{})
		e.answers(func(string) error {
			<-hang
			return errors.New("too late")
		})
		time.Sleep(30 * time.Second)
		if err := e.Check(); err != nil {
			t.Errorf("not healthy too early: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := e.Check(); err == nil {
			t.Error("healthy 5 s after the lease of 15 s and the grace of 20 s")
		}
		close(hang)
		if err := <-e.ended; err == nil {
			t.Error("Run returned no error")
		}
	})
}

func TestTakenLeaseIsLostAtNextRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		lease := e.getLease(t)
		other := "other"
		lease.Spec.HolderIdentity = &other
		if err := e.client.Tracker().Update(coordinationv1.SchemeGroupVersion.WithResource("leases"), lease, "home"); err != nil {
			t.Fatal(err)
		}
		// The fake server does not check resourceVersions, so a renewal would win the Lease back.
		e.answers(func(verb string) error {
			if verb == "update" {
				return conflict()
			}
			return nil
		})
		begin := time.Now()
		if err := <-e.ended; err == nil || !strings.Contains(err.Error(), "other holds it now") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("noticed after %s", took)
		}
	})
}

func TestStandbyLogsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended

		// Another manager with the same server, which forbids it the Lease for a while.
		e.answers(func(string) error {
			return apierrors.NewForbidden(coordinationv1.Resource("leases"), "x", errors.New("no"))
		})
		standby, err := New(e.client, e.client, testConfig)
		if err != nil {
			t.Fatal(err)
		}
		var log managertest.Logs
		ctx, stop := context.WithCancel(log.Context(t.Context()))
		var led atomic.Bool
		go func() { e.ended <- standby.Run(ctx, func() { led.Store(true) }) }()
		time.Sleep(time.Minute)
		e.answer.Store(nil)
		time.Sleep(5 * time.Second)
		if led.Load() {
			t.Error("leads while another holds the lease")
		}
		for part, want := range map[string]int{"Cannot read or write": 1, "can be read and written again": 1, "Standing by": 1} {
			if got := log.Count(part); got != want {
				t.Errorf("logged %q %d times, want %d: %q", part, got, want, log.All())
			}
		}
		time.Sleep(20 * time.Second)
		if !led.Load() {
			t.Error("does not lead after the lease has expired")
		}
		stop()
		if err := <-e.ended; err != nil {
			t.Error(err)
		}
	})
}
