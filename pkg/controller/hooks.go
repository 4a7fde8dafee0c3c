// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// Hooks are told of what the controller does, for metrics. Each may be nil; all may be called from
// several goroutines at once, and must not block. What they get as a result or a reason is one of a
// small set of words.
type Hooks struct {
	// SyncBegan and SyncEnded frame each sync. The second is told what came of it, how many seconds
	// it took, and the error if there was one.
	SyncBegan func()
	SyncEnded func(result string, seconds float64, err error)
	// BackedOff is told how many seconds a Performer waits for another try after an error.
	BackedOff func(seconds float64)
	// PodCreated and PodDeleted are told why a pod was made or deleted.
	PodCreated func(reason string)
	PodDeleted func(reason string)
	// Upgraded is told how an upgrade ended, and how many seconds after it began.
	Upgraded func(result string, seconds float64)
}

func (h Hooks) syncBegan() {
	if h.SyncBegan != nil {
		h.SyncBegan()
	}
}

func (h Hooks) syncEnded(r result, seconds float64, err error) {
	if h.SyncEnded != nil {
		h.SyncEnded(string(r), seconds, err)
	}
}

func (h Hooks) backedOff(d time.Duration) {
	if h.BackedOff != nil {
		h.BackedOff(d.Seconds())
	}
}

// Why pods are created.
const (
	createdFirst       = "first"       // there was none before
	createdUpgrade     = "upgrade"     // another revision is asked for
	createdFailure     = "failure"     // the one before ended by itself
	createdReplacement = "replacement" // the one before was deleted, evicted or lost
)

// podCreated is told of a pod that was created for p, whose status was written just before.
func (h Hooks) podCreated(p *v1alpha1.Performer, pod *corev1.Pod) {
	if h.PodCreated == nil {
		return
	}
	switch s := &p.Status; {
	case s.PodOrdinal == 0:
		h.PodCreated(createdFirst)
	case s.CurrentRevision != "" && pod.Annotations[performer.AnnotationRevision] != s.CurrentRevision:
		h.PodCreated(createdUpgrade)
	case s.FailureCount > 0:
		h.PodCreated(createdFailure)
	default:
		h.PodCreated(createdReplacement)
	}
}

func (h Hooks) podDeleted(why performer.DeleteReason) {
	if h.PodDeleted != nil {
		h.PodDeleted(string(why))
	}
}

// How upgrades end.
const (
	upgradeCompleted  = "completed"   // the revision that is asked for serves
	upgradeSuperseded = "superseded"  // another one was asked for before
	upgradeRolledBack = "rolled_back" // the one that served all along was asked for again
)

// statusWritten looks for the end of an upgrade between two statuses.
func (h Hooks) statusWritten(before, after *v1alpha1.PerformerStatus, now time.Time) {
	if h.Upgraded == nil || before.CurrentRevision == "" || before.CurrentRevision == before.UpdateRevision {
		return
	}
	took := 0.0
	if before.LastUpgrade != nil {
		took = max(0, now.Sub(before.LastUpgrade.Time).Seconds())
	}
	switch {
	case after.CurrentRevision == before.UpdateRevision:
		h.Upgraded(upgradeCompleted, took)
	case after.UpdateRevision == before.UpdateRevision:
		// It goes on.
	case after.UpdateRevision == after.CurrentRevision:
		h.Upgraded(upgradeRolledBack, took)
	default:
		h.Upgraded(upgradeSuperseded, took)
	}
}

// Words are all that the hooks may be told, for metrics that begin at zero.
var (
	SyncResults     = []string{string(resultSuccess), string(resultError), string(resultConflict), string(resultSkipped), string(resultPanic)}
	CreationReasons = []string{createdFirst, createdUpgrade, createdFailure, createdReplacement}
	DeletionReasons = []string{string(performer.DeletedWithPerformer), string(performer.DeletedUpgraded), string(performer.DeletedSuperseded),
		string(performer.DeletedEnded), string(performer.DeletedDuplicate)}
	UpgradeResults = []string{upgradeCompleted, upgradeSuperseded, upgradeRolledBack}
)
