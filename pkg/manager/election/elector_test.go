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
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// testConfig is what the flags say by default.
var testConfig = Config{
	Lease:         types.NamespacedName{Namespace: "home", Name: "b8e8a8a8.hourglass.eigenlayer.io"},
	LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
}

// election is an elector against a fake API server, in a synctest bubble.
type election struct {
	*LeaseElector
	client *fake.Clientset
	answer atomic.Pointer[func(verb string) error] // the server's, to requests for leases
	led    atomic.Bool
	log    managertest.Logs
	stop   context.CancelFunc
	ended  chan error
}

func newElection(t *testing.T) *election {
	t.Helper()
	client := fake.NewClientset()
	elector, err := NewLeaseElector(client, client, testConfig)
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
	go func() { e.ended <- e.Run(ctx, func() { e.led.Store(true) }) }()
	synctest.Wait()
	return e
}

// answers has the server answer requests for leases with what f returns, where that isn't nil.
func (e *election) answers(f func(verb string) error) { e.answer.Store(&f) }

// conflict is the answer to a write that is based on an old state.
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

func TestElectionIsWonKeptAndReleased(t *testing.T) {
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
			t.Errorf("complained: %q", e.log.All())
		}
	})
}

func TestReleaseLeavesTheLeaseOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended
		lease := e.getLease(t)
		other := "other"
		lease.Spec.HolderIdentity = &other
		if err := e.client.Tracker().Update(coordinationv1.SchemeGroupVersion.WithResource("leases"), lease, "home"); err != nil {
			t.Fatal(err)
		}
		if err := e.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.holder(t); got != other {
			t.Errorf("the lease is held by %q", got)
		}
	})
}

func TestReleaseTriesAgainAfterAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended
		conflicts := 0
		e.answers(func(verb string) error {
			if verb != "update" || conflicts == 2 {
				return nil
			}
			conflicts++
			return conflict()
		})
		if err := e.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.holder(t); got != "" {
			t.Errorf("the lease is still held by %q", got)
		}
	})
}

func TestLeaseThatCannotBeRenewedIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.answers(func(string) error { return errors.New("etcd is away") })
		begin := time.Now()
		err := <-e.ended
		if err == nil || err.Error() != "lost the lease home/b8e8a8a8.hourglass.eigenlayer.io: not renewed within 10s: etcd is away" {
			t.Errorf("got %v", err)
		}
		// The last renewal and the deadline from the next try on; another may lead after 15 s.
		if took := time.Since(begin); took > 12*time.Second {
			t.Errorf("gave up after %s", took)
		}
		if got := e.log.Count("Cannot read or write the lease"); got != 1 {
			t.Errorf("complained %d times: %q", got, e.log.All())
		}
	})
}

// TestLateNewsOfAFreeLease reaches a manager that has won already, while the server is away: it has its
// deadline all the same.
func TestLateNewsOfAFreeLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.answers(func(string) error { return errors.New("etcd is away") })
		e.free <- struct{}{}
		select {
		case err := <-e.ended:
			if err == nil || !strings.Contains(err.Error(), "not renewed within 10s") {
				t.Errorf("got %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("leads on without a renewal")
			e.stop()
			<-e.ended
		}
	})
}

// TestALeaderThatHangsIsNotHealthy has a renewal hang in a way that no deadline ends: then a restart helps.
func TestALeaderThatHangsIsNotHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		hang := make(chan struct{})
		e.answers(func(string) error {
			<-hang
			return errors.New("too late")
		})
		time.Sleep(30 * time.Second)
		if err := e.Check(); err != nil {
			t.Errorf("not healthy, too early: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := e.Check(); err == nil {
			t.Error("healthy 5 s after the lease of 15 s and the grace of 20 s")
		}
		close(hang)
		if err := <-e.ended; err == nil {
			t.Error("goes on")
		}
	})
}

func TestLeaseThatWasTakenIsLostAtTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		lease := e.getLease(t)
		other := "other"
		lease.Spec.HolderIdentity = &other
		if err := e.client.Tracker().Update(coordinationv1.SchemeGroupVersion.WithResource("leases"), lease, "home"); err != nil {
			t.Fatal(err)
		}
		// The fake server has no resourceVersions, so a renewal would just win the lease back.
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

func TestStandbyTellsOnceWhatItSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended

		// The same server, seen by another manager, to which the lease is forbidden for a while.
		e.answers(func(string) error {
			return apierrors.NewForbidden(coordinationv1.Resource("leases"), "x", errors.New("no"))
		})
		standby, err := NewLeaseElector(e.client, e.client, testConfig)
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

// TestStandbySeesARelease counts what a standby asks and how long it takes to lead after a release,
// with and without the permission to watch.
func TestStandbySeesARelease(t *testing.T) {
	for _, tt := range []struct {
		name     string
		mayWatch bool
		within   time.Duration
	}{
		{"watching", true, 0},
		// client-go looks every two seconds, each time later by a random part of 1.2 times that.
		{"polling", false, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leader := newElection(t)
				var reads atomic.Int32
				leader.client.PrependWatchReactor("leases", func(clienttesting.Action) (bool, watch.Interface, error) {
					return !tt.mayWatch, nil, apierrors.NewForbidden(coordinationv1.Resource("leases"), "x", errors.New("no"))
				})
				standby, err := NewLeaseElector(leader.client, leader.client, testConfig)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(new(managertest.Logs).Context(t.Context()))
				leads, ended := make(chan struct{}), make(chan error, 1)
				go func() { ended <- standby.Run(ctx, func() { close(leads) }) }()
				time.Sleep(time.Minute)
				for _, action := range leader.client.Actions() {
					if action.Matches("get", "leases") {
						reads.Add(1)
					}
				}
				// Those of client-go's own standby: one every two seconds, or a little more.
				if n := reads.Load(); n > 32 {
					t.Errorf("%d reads of the lease in a minute", n)
				}

				leader.stop()
				<-leader.ended
				begin := time.Now()
				if err := leader.Release(t.Context()); err != nil {
					t.Fatal(err)
				}
				<-leads
				if took := time.Since(begin); took > tt.within {
					t.Errorf("leads after %s", took)
				}
				// It keeps what it has won.
				time.Sleep(time.Minute)
				if got := leader.holder(t); got != standby.lock.Identity() {
					t.Errorf("the lease is held by %q", got)
				}
				if err := standby.Check(); err != nil {
					t.Errorf("not healthy: %v", err)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
