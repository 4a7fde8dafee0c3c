// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/disruptions"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Hooks are called by the controller, for metrics. Each may be nil. All may be called from several
// goroutines at once, and must not block. Each result or reason is one of a small set of values.
type Hooks struct {
	// SyncBegan and SyncEnded are called before and after each sync. SyncEnded gets the result, the
	// duration in seconds, and the error if there was one.
	SyncBegan func()
	SyncEnded func(result string, seconds float64, err error)
	// BackedOff gets the delay in seconds before the retry after an error.
	BackedOff func(seconds float64)
	// PodCreated and PodDeleted get the reason why a pod was created or deleted.
	PodCreated func(reason string)
	PodDeleted func(reason string)
	// Upgraded gets the result of an upgrade and its duration in seconds.
	Upgraded func(result string, seconds float64)
	// Disrupted gets what took the serving pod of a Performer away, what that cost the callers, and for how
	// many seconds no pod was ready.
	Disrupted func(kind, outcome string, gapSeconds float64)
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

// The reasons why pods are created.
const (
	createdFirst       = "first"       // the Performer had no pod before
	createdUpgrade     = "upgrade"     // the desired revision changed
	createdFailure     = "failure"     // the previous pod ended by itself
	createdReplacement = "replacement" // the previous pod was deleted, evicted, lost or suspended
)

// podCreated reports a pod that was created for p, whose status was written just before.
func (h Hooks) podCreated(p *v1alpha1.Performer, pod *corev1.Pod) {
	if h.PodCreated == nil {
		return
	}
	switch s := &p.Status; {
	case s.PodOrdinal == 0:
		h.PodCreated(createdFirst)
	case s.CurrentRevision != "" && pod.Annotations[render.AnnotationRevision] != s.CurrentRevision:
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

// The results of upgrades.
const (
	upgradeCompleted  = "completed"   // the desired revision serves
	upgradeSuperseded = "superseded"  // the desired revision changed again before that
	upgradeRolledBack = "rolled_back" // the desired revision is the serving one again
)

// statusWritten reports the end of an upgrade between two statuses.
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
		// The upgrade goes on.
	case after.UpdateRevision == after.CurrentRevision:
		h.Upgraded(upgradeRolledBack, took)
	default:
		h.Upgraded(upgradeSuperseded, took)
	}
}

func (h Hooks) disrupted(d *disruptions.Disruption) {
	if d != nil && h.Disrupted != nil {
		h.Disrupted(string(d.Kind), string(d.Outcome), d.Gap.Seconds())
	}
}

// The values that hooks may get as result or reason, for metrics that begin at zero.
var (
	SyncResults     = []string{string(resultSuccess), string(resultError), string(resultConflict), string(resultSkipped), string(resultPanic)}
	CreationReasons = []string{createdFirst, createdUpgrade, createdFailure, createdReplacement}
	DeletionReasons = []string{string(performer.DeletedWithPerformer), string(performer.DeletedUpgraded), string(performer.DeletedMoved),
		string(performer.DeletedSuperseded), string(performer.DeletedEnded), string(performer.DeletedDuplicate), string(performer.DeletedSuspended)}
	UpgradeResults     = []string{upgradeCompleted, upgradeSuperseded, upgradeRolledBack}
	DisruptionKinds    = texts(disruptions.Kinds)
	DisruptionOutcomes = texts(disruptions.Outcomes)
)

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}
