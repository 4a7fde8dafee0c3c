// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/contention"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

const (
	// maxRefusedDelay is the longest time between two tries of a write that the API server refuses. The
	// cause, such as a quota, a policy or another owner's Service, is not watched.
	maxRefusedDelay = time.Minute
	// quietConflicts is how many conflicts in a row are retried without being reported: usually
	// somebody else wrote at the same time. An admission webhook may answer with a conflict each time.
	quietConflicts = 3
	// promptRepairs is how many times in a row the same repair is made at once. Each further one waits
	// longer, up to maxRepairDelay, and is reported.
	promptRepairs  = 3
	maxRepairDelay = time.Minute
	// refusalsForgottenAfter is how long after the last one the refusals of a write no longer count.
	refusalsForgottenAfter = 10 * time.Minute
	// repairsForgottenAfter is how long a repair must last before the earlier ones no longer count.
	repairsForgottenAfter = 2 * maxRepairDelay
)

// attempts remembers, for each Performer, the writes that failed and those that somebody undid, so that
// they are repeated with growing delays. It is lost when the process ends. The next process tries each
// write without a delay at first.
type attempts struct {
	mu         sync.Mutex
	performers map[cache.ObjectName]*history
}

// history is what attempts remembers of one Performer. It starts over when the spec changes.
type history struct {
	uid           types.UID
	generation    int64
	circumstances circumstances // at the end of the last sync
	refused       map[performer.Write]*refusedWrite
	repaired      map[string]*repair
	pods          createdPods
	status        string // what the operator last wrote of the status, as a hash; empty if it did not
}

// refusedWrite is a write that the API server refuses, or answers with a conflict.
type refusedWrite struct {
	refusals, conflicts int
	last                time.Time // the last of them
	next                time.Time // when to try again
	problem             *performer.Problem
}

// repair is a change that the operator made again and again.
type repair struct {
	times   int
	last    time.Time
	problem *performer.Problem // once it is reported
}

func newAttempts() *attempts {
	return &attempts{performers: map[cache.ObjectName]*history{}}
}

// forget removes the history of a Performer that is gone.
func (a *attempts) forget(name cache.ObjectName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.performers, name)
}

// change calls f with the history of a Performer, which is created if necessary.
func (a *attempts) change(name cache.ObjectName, f func(*history)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.performers[name]
	if h == nil {
		h = &history{refused: map[performer.Write]*refusedWrite{}, repaired: map[string]*repair{}}
		a.performers[name] = h
	}
	f(h)
}

// consider adds to an observation what is remembered of the Performer, and returns when to sync again at
// the latest for that to change; 0 means never. A change of the circumstances brings refused writes forward.
func (a *attempts) consider(name cache.ObjectName, o *performer.Observed, otherService types.UID) (requeueAfter time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.performers[name]
	if h == nil {
		return 0
	}
	var podsLeft time.Duration
	if h.generation != o.Performer.Generation || h.uid != o.Performer.UID {
		delete(a.performers, name)
		return 0
	}
	if len(h.refused) > 0 { // which is rare, and every sync comes here
		if now := circumstancesOf(o, otherService); now != h.circumstances {
			h.circumstances = now
			for _, w := range h.refused {
				w.next = time.Time{}
			}
		}
	}
	for write, w := range h.refused {
		switch {
		case o.Now.Sub(w.last) > refusalsForgottenAfter:
			delete(h.refused, write)
		case w.refusals > 0:
			if o.Refused == nil {
				o.Refused = map[performer.Write]bool{}
			}
			o.Refused[write] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(h.repaired)) { // of two problems always the same one
		r := h.repaired[key]
		left := repairsForgottenAfter - o.Now.Sub(r.last)
		switch {
		case left <= 0:
			delete(h.repaired, key)
		case r.problem != nil:
			o.Contended = cmp.Or(o.Contended, r.problem)
			requeueAfter = sooner(requeueAfter, left)
		}
	}
	o.CreatedPods = h.pods.count
	o.NextPod, podsLeft = h.pods.next(o)
	return sooner(requeueAfter, podsLeft)
}

// settle records the circumstances at the end of a sync, which the writes of the operator itself changed.
func (a *attempts) settle(name cache.ObjectName, o *performer.Observed, otherService types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.performers[name]; h != nil && len(h.refused) > 0 {
		h.circumstances = circumstancesOf(o, otherService)
	}
}

// wait returns how long a write still has to wait, and the problem to report meanwhile.
func (a *attempts) wait(name cache.ObjectName, write performer.Write, now time.Time) (left time.Duration, problem *performer.Problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.performers[name]; h != nil {
		if w := h.refused[write]; w != nil && w.next.After(now) {
			return w.next.Sub(now), w.problem
		}
	}
	return 0, nil
}

// refuse records a refusal, and returns when to try again. The delay doubles from one second.
func (a *attempts) refuse(name cache.ObjectName, o *performer.Observed, write performer.Write, problem *performer.Problem) (wait time.Duration) {
	a.change(name, func(h *history) {
		h.uid, h.generation = o.Performer.UID, o.Performer.Generation
		w := h.refusedWrite(write)
		wait = contention.Doubled(time.Second, w.refusals, maxRefusedDelay)
		w.refusals++
		w.last, w.next, w.problem = o.Now, o.Now.Add(wait), problem
	})
	return wait
}

// conflict records a conflict, and returns whether there were too many in a row to stay quiet.
func (a *attempts) conflict(name cache.ObjectName, o *performer.Observed, write performer.Write) (tooMany bool) {
	a.change(name, func(h *history) {
		h.uid, h.generation = o.Performer.UID, o.Performer.Generation
		w := h.refusedWrite(write)
		w.conflicts++
		w.last = o.Now
		tooMany = w.conflicts > quietConflicts
	})
	return tooMany
}

// succeed forgets the failures of a write.
func (a *attempts) succeed(name cache.ObjectName, write performer.Write) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.performers[name]; h != nil {
		delete(h.refused, write)
	}
}

// repairWait returns how long the same repair has to wait after the earlier ones; 0 if it is due. contended
// is true if there were so many that somebody must be undoing them, reported if that is known already.
func (a *attempts) repairWait(name cache.ObjectName, key string, now time.Time) (left time.Duration, contended, reported bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.performers[name]
	if h == nil || h.repaired[key] == nil {
		return 0, false, false
	}
	r := h.repaired[key]
	if r.times < promptRepairs {
		return 0, false, false
	}
	delay := contention.Doubled(2*time.Second, r.times-promptRepairs, maxRepairDelay)
	return max(0, r.last.Add(delay).Sub(now)), true, r.problem != nil
}

// repaired records that a repair was made.
func (a *attempts) repaired(name cache.ObjectName, o *performer.Observed, key string) {
	a.change(name, func(h *history) {
		h.uid, h.generation = o.Performer.UID, o.Performer.Generation
		r := h.repaired[key]
		if r == nil {
			r = &repair{}
			h.repaired[key] = r
		}
		r.times, r.last = r.times+1, o.Now
	})
}

// wroteStatus records the status that the API server has after a write.
func (a *attempts) wroteStatus(name cache.ObjectName, o *performer.Observed, status *v1alpha1.PerformerStatus) {
	a.change(name, func(h *history) {
		h.uid, h.generation = o.Performer.UID, o.Performer.Generation
		h.status = hashOf(status)
	})
}

// statusUndone reports whether somebody changed the status since the operator wrote it.
func (a *attempts) statusUndone(name cache.ObjectName, status *v1alpha1.PerformerStatus) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.performers[name]
	return h != nil && h.status != "" && h.status != hashOf(status)
}

// hashOf returns a hash of a status. Keeping the status itself would double what it takes of memory.
func hashOf(status *v1alpha1.PerformerStatus) string {
	text, err := json.Marshal(status)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// forgetRepair forgets a repair that the operator itself undid, as when traffic moves to and fro.
func (a *attempts) forgetRepair(name cache.ObjectName, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.performers[name]; h != nil {
		delete(h.repaired, key)
	}
}

// contended records the problem to report while a repair is undone again and again.
func (a *attempts) contended(name cache.ObjectName, key string, problem *performer.Problem) {
	a.change(name, func(h *history) {
		if r := h.repaired[key]; r != nil {
			r.problem = problem
		}
	})
}

// created records that a pod was created.
func (a *attempts) created(name cache.ObjectName, o *performer.Observed, pod string) {
	a.change(name, func(h *history) {
		h.uid, h.generation = o.Performer.UID, o.Performer.Generation
		h.pods.add(pod, o.Now)
	})
}

// deleted records that the operator deleted a pod.
func (a *attempts) deleted(name cache.ObjectName, pod string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.performers[name]; h != nil {
		h.pods.deleted(pod)
	}
}

func (h *history) refusedWrite(write performer.Write) *refusedWrite {
	w := h.refused[write]
	if w == nil {
		w = &refusedWrite{}
		h.refused[write] = w
	}
	return w
}
