// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// journal records the calls of the fakes below, in order.
type journal struct {
	mu      sync.Mutex
	entries []string
}

func (j *journal) add(entry string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
}

func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !reflect.DeepEqual(j.entries, want) {
		t.Errorf("order of calls:\ngot  %q\nwant %q", j.entries, want)
	}
}

// lacks fails the test if the journal has one of the entries.
func (j *journal) lacks(t *testing.T, entries ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, entry := range entries {
		if slices.Contains(j.entries, entry) {
			t.Errorf("%s, in %q", entry, j.entries)
		}
	}
}

// fakeWorker takes the given time to finish after its context has ended.
type fakeWorker struct {
	*journal
	drainTime time.Duration
}

func (w fakeWorker) Start(context.Context) { w.add("caches start") }

func (w fakeWorker) Run(ctx context.Context) {
	w.add("workers start")
	<-ctx.Done()
	time.Sleep(w.drainTime)
	w.add("workers end")
}

// fakeElector leads after win, and loses the lease after lose.
type fakeElector struct {
	*journal
	win  chan struct{}
	lose chan error
}

func (e fakeElector) Run(ctx context.Context, lead func()) error {
	e.add("election starts")
	for {
		select {
		case <-e.win:
			lead()
		case err := <-e.lose:
			return err
		case <-ctx.Done():
			e.add("election ends")
			return nil
		}
	}
}

func (e fakeElector) Release(context.Context) error {
	e.add("lease released")
	return nil
}

// trial is a process of fakes that runs in a synctest bubble.
type trial struct {
	*journal
	process *process
	elector fakeElector
	servers chan error
	stop    context.CancelCauseFunc
	ended   chan error
}

func newTrial(t *testing.T, drainTime time.Duration) *trial {
	j := &journal{}
	tr := &trial{
		journal: j,
		elector: fakeElector{j, make(chan struct{}), make(chan error)},
		servers: make(chan error, 1),
		ended:   make(chan error, 1),
	}
	tr.process = &process{
		preflight: func(context.Context) error { j.add("preflight"); return nil },
		worker:    fakeWorker{j, drainTime},
		elector:   tr.elector,
		flush:     func(context.Context) bool { j.add("events flushed"); return true },
		failed:    tr.servers,
		limits:    defaultLimits,
	}
	ctx, stop := context.WithCancelCause(new(managertest.Logs).Context(t.Context()))
	tr.stop = stop
	t.Cleanup(func() { stop(nil) })
	go func() { tr.ended <- tr.process.run(ctx) }()
	synctest.Wait()
	return tr
}

func (tr *trial) lead() {
	tr.elector.win <- struct{}{}
	synctest.Wait()
}

func TestStopOrderOfALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, 19*time.Second)
		tr.lead()
		tr.stop(errors.New("received SIGTERM"))
		if err := <-tr.ended; err != nil {
			t.Errorf("a stop is no error: %v", err)
		}
		tr.expect(t, "preflight", "caches start", "election starts", "workers start",
			"workers end", "events flushed", "election ends", "lease released")
	})
}

func TestStopOrderOfAStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, 0)
		tr.stop(errors.New("received SIGTERM"))
		if err := <-tr.ended; err != nil {
			t.Errorf("a stop is no error: %v", err)
		}
		tr.expect(t, "preflight", "caches start", "election starts",
			"events flushed", "election ends", "lease released")
	})
}

func TestWorkersThatDoNotFinishKeepTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, time.Minute)
		tr.lead()
		begin := time.Now()
		tr.stop(errors.New("received SIGTERM"))
		if err := <-tr.ended; err == nil || !strings.Contains(err.Error(), "not finished within 20s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took != defaultLimits.drain {
			t.Errorf("waited %s", took)
		}
		tr.lacks(t, "workers end", "events flushed", "lease released")
		// The bubble waits for the goroutines, which the end of a process would end.
		time.Sleep(time.Hour)
	})
}

func TestLostLeaseEndsAtOnce(t *testing.T) {
	lost := errors.New("lost the lease")
	for _, tt := range []struct {
		name     string
		stopping bool
	}{{"while working", false}, {"while stopping", true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrial(t, time.Minute)
				tr.lead()
				if tt.stopping {
					tr.stop(errors.New("received SIGTERM"))
					synctest.Wait()
				}
				begin := time.Now()
				tr.elector.lose <- lost
				if err := <-tr.ended; !errors.Is(err, lost) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begin); took != 0 {
					t.Errorf("waited %s", took)
				}
				tr.lacks(t, "workers end", "events flushed", "lease released")
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestFailedServerStopsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the metrics server failed")
		tr := newTrial(t, 0)
		tr.lead()
		tr.servers <- broken
		if err := <-tr.ended; !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		tr.expect(t, "preflight", "caches start", "election starts", "workers start",
			"workers end", "events flushed", "election ends", "lease released")
	})
}

func TestControllerEndsUnexpectedly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, 0)
		tr.process.worker = endingWorker{tr.journal}
		tr.lead()
		if err := <-tr.ended; err == nil || err.Error() != "the controller has ended unexpectedly" {
			t.Errorf("got %v", err)
		}
		tr.expect(t, "preflight", "caches start", "election starts", "workers end",
			"events flushed", "election ends", "lease released")
	})
}

type endingWorker struct{ *journal }

func (w endingWorker) Start(context.Context) {}
func (w endingWorker) Run(context.Context)   { w.add("workers end") }

func TestNothingStartsBeforeThePreflight(t *testing.T) {
	fatal := errors.New("fatal")
	broken := errors.New("the health server failed")
	for _, tt := range []struct {
		name string
		end  func(stop context.CancelCauseFunc, preflight, servers chan<- error)
		want error
	}{
		{"stopped", func(stop context.CancelCauseFunc, _, _ chan<- error) { stop(errors.New("received SIGTERM")) }, nil},
		{"preflight failed", func(_ context.CancelCauseFunc, preflight, _ chan<- error) { preflight <- fatal }, fatal},
		{"server failed", func(_ context.CancelCauseFunc, _, servers chan<- error) { servers <- broken }, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				preflight, servers := make(chan error, 1), make(chan error, 1)
				p := &process{failed: servers, preflight: func(ctx context.Context) error {
					select {
					case err := <-preflight:
						return err
					case <-ctx.Done():
						return ctx.Err()
					}
				}} // without worker and elector: to use them would panic
				ctx, stop := context.WithCancelCause(new(managertest.Logs).Context(t.Context()))
				defer stop(nil)
				tt.end(stop, preflight, servers)
				if err := p.run(ctx); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}
