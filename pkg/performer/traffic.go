// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Traffic is moved with the serving label, make before break: the new pod gets the label, the endpoint
// slices show it as ready, then the old pod drains (drain.go).

const (
	// slicesPoll is how soon the endpoint slices are read again while they don't show the new pod.
	// The slice controller is usually faster. Where it is much slower, they are polled with
	// back-off, up to maxSlicesPoll.
	slicesPoll    = 500 * time.Millisecond
	maxSlicesPoll = 30 * time.Second
	// handoverWithoutSlices is how long the old pod keeps its traffic alongside the new one where reading the
	// slices is forbidden. We have measured up to one second for the slice
	// controller; this is ten times as long.
	handoverWithoutSlices = 10 * time.Second
)

// findTrafficTarget returns the pod that should receive the traffic now, or nil if none is ready: the
// desired pod if it is ready; else the ready pod that served last; else the newest ready one.
func (a *Assessment) findTrafficTarget() *assessedPod {
	if a.desiredPod != nil && a.desiredPod.state == podReady {
		return a.desiredPod
	}
	var best *assessedPod
	for _, p := range a.pods {
		if p.state != podReady {
			continue
		}
		if best == nil || p.serves() && !best.serves() || p.serves() == best.serves() && p.ordinal > best.ordinal {
			best = p
		}
	}
	return best
}

// findOutgoing returns the pods that still receive traffic alongside the traffic target. The desired pod
// is not one of them: it keeps the label, so that it serves as soon as it is ready.
func (a *Assessment) findOutgoing() []*assessedPod {
	if a.trafficTarget == nil || !a.trafficTarget.serves() {
		return nil
	}
	var outgoing []*assessedPod
	for _, p := range a.pods {
		if p != a.trafficTarget && p != a.desiredPod && p.alive() && p.serves() {
			outgoing = append(outgoing, p)
		}
	}
	return outgoing
}

// NeedsEndpoints reports whether the plan depends on the endpoint slices. The caller then sets Endpoints
// before it calls Plan.
func (a *Assessment) NeedsEndpoints() bool {
	return len(a.outgoing) > 0 && a.Service != nil && a.Performer.DeletionTimestamp == nil
}

// receivesNewCalls reports whether new connections to the Service reach the pod.
func (a *Assessment) receivesNewCalls(p *assessedPod) bool {
	if a.Endpoints != nil {
		return a.Endpoints[p.Name]
	}
	return a.since(p, render.AnnotationServingSince) >= handoverWithoutSlices
}

// planTraffic moves the traffic to its target, then drains or deletes the other pods. It leaves the
// desired pod alone, whether that is ready or not, unless it must go for an Eviction.
func (a *Assessment) planTraffic(plan *Plan) {
	target := a.trafficTarget
	if target != nil && !hasPortOf(a.Service, target) {
		// planService adds its port first. Until then the old pod keeps serving.
		return
	}
	if target != nil && !target.serves() {
		if target == a.desiredPod && a.patchRefused(target) && a.anotherServes(target) {
			// Its successor gets the label at creation.
			plan.addActions(target.deletion(DeletedSuperseded, "the API server refuses to patch its labels"))
			return
		}
		a.startServing(plan, target)
	}
	for _, p := range a.pods {
		switch {
		case p.evictedUnready():
			plan.addActions(p.deletion(DeletedMoved, fmt.Sprintf("it is the target of Eviction %s, and was not ready", p.eviction)))
		case !p.alive(), p == target, p == a.desiredPod:
		case p.serves() && target != nil:
			a.planHandover(plan, p)
		default:
			a.planSuperfluous(plan, p)
		}
	}
}

// planSuperfluous drains or deletes a live pod that is neither the traffic target nor the desired pod, unless
// it may have to serve again.
func (a *Assessment) planSuperfluous(plan *Plan, p *assessedPod) {
	switch {
	case p.lost() && a.desiredPod == nil:
		// It goes when there is a successor.
	case p.lost() && !a.hasBeenReady(p):
		plan.addActions(p.deletion(DeletedMoved, fmt.Sprintf("node %s %s, and the pod was not ready", p.Spec.NodeName, p.node.Why)))
	case p.serves() && (p.outdated() && a.proved(p) || a.hasBeenReady(p)):
		// No pod is ready. This one may become ready again before its successor does.
		a.planHopeless(plan, p)
	case p.drains():
		reason, why := p.handoverReason()
		a.endDraining(plan, p, reason, why)
	case !p.outdated():
		plan.addActions(p.deletion(DeletedDuplicate, "there is another pod of the same revision"))
	case p.revision() == a.revision && a.NextPod.After(a.Now):
		// Somebody keeps changing the pods of this revision. This one stays until the next one may be
		// created, and shows the change.
	case p.revision() == a.revision:
		plan.addActions(p.deletion(DeletedSuperseded, p.outdatedBecause))
	default:
		plan.addActions(p.deletion(DeletedSuperseded, "a newer spec superseded it before it served"))
	}
}

// planHopeless deletes an outdated pod of a revision that has served, if the pod itself has never been ready
// and keeps its successor from running: such as one that replaced a lost pod and can't pull its image, while
// a quota or the nodes have room for one pod. It first becomes one that drains, so that it is not copied.
func (a *Assessment) planHopeless(plan *Plan, p *assessedPod) {
	if !p.outdated() || !a.neverReady(p) || !a.successorBlocked() || a.patchRefused(p) {
		return
	}
	if a.desiredPod != nil && p.Spec.NodeName == "" {
		// A pod that is unschedulable itself takes no room from the other.
		return
	}
	if left := a.progressLimit() - a.Now.Sub(p.CreationTimestamp.Time); left > 0 && a.problemOf(p) == nil {
		plan.requeueAfter(left)
		return
	}
	patch := PatchPod{p.Pod,
		map[string]string{render.LabelServing: ""},
		map[string]string{render.AnnotationDrainingSince: render.Timestamp(a.Now), render.AnnotationServingSince: ""}}
	deletion := p.deletion(DeletedSuperseded, "it has never been ready, and its successor can't run next to it")
	deletion.After = []Write{WriteOf(patch)}
	plan.addActions(patch, deletion)
}

// successorBlocked reports whether the API server refused lately to create the desired pod, or the pod can't be
// scheduled.
func (a *Assessment) successorBlocked() bool {
	if p := a.desiredPod; p != nil {
		c := podCondition(p.Pod, corev1.PodScheduled)
		return c != nil && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable
	}
	ordinal, _ := a.nextOrdinal()
	return a.Refused[Write{VerbCreate, Target{KindPod, render.PodName(a.Performer.Name, ordinal)}}]
}

// startServing sets the serving label on a pod.
func (a *Assessment) startServing(plan *Plan, to *assessedPod) {
	plan.addActions(PatchPod{to.Pod,
		map[string]string{render.LabelServing: render.ServingTrue},
		map[string]string{render.AnnotationServingSince: render.Timestamp(a.Now), render.AnnotationDrainingSince: ""}})
}

// planHandover has a pod drain once new connections reach the traffic target.
func (a *Assessment) planHandover(plan *Plan, from *assessedPod) {
	target := a.trafficTarget
	if !target.serves() {
		plan.requeueAfter(slicesPoll)
		return
	}
	if !a.receivesNewCalls(target) {
		waited := a.since(target, render.AnnotationServingSince)
		plan.requeueAfter(min(max(waited/4, slicesPoll), maxSlicesPoll))
		return
	}
	reason, why := from.handoverReason()
	a.startDraining(plan, from, reason, why)
}

// patchRefused reports whether the API server refused lately to patch the pod.
func (a *Assessment) patchRefused(p *assessedPod) bool {
	return a.Refused[Write{VerbPatch, Target{KindPod, p.Name}}]
}

// anotherServes reports whether a live pod other than the given one receives traffic. One on a lost node
// does not.
func (a *Assessment) anotherServes(than *assessedPod) bool {
	return slices.ContainsFunc(a.pods, func(p *assessedPod) bool {
		return p != than && p.alive() && p.serves() && (p.state == podReady || !p.lost())
	})
}

// proved reports whether the pod, or its revision, has been ready, so that it may become ready again.
func (a *Assessment) proved(p *assessedPod) bool {
	status := &a.Performer.Status
	return p.state == podReady || p.revision() == status.CurrentRevision || status.PodName == p.Name && status.ReadyTime != nil
}

// hasBeenReady reports whether all that keeps the pod from being ready is outside of its containers: the
// node, whose loss makes its pods not ready, or a readiness gate that was met before.
func (a *Assessment) hasBeenReady(p *assessedPod) bool {
	return PodReady(p.Pod) || podConditionTrue(p.Pod, corev1.ContainersReady) && (p.lost() || !a.neverReady(p))
}

// neverReady reports whether the pod shows that it has never been ready: no kubelet has reported on it, or its
// condition Ready has been False since the kubelet's first report, which also set the start time.
func (a *Assessment) neverReady(p *assessedPod) bool {
	status := &a.Performer.Status
	if status.PodName == p.Name && status.ReadyTime != nil {
		return false
	}
	ready := podCondition(p.Pod, corev1.PodReady)
	if ready == nil {
		return true
	}
	// The two times may be of different seconds.
	started := p.Status.StartTime
	return ready.Status != corev1.ConditionTrue && started != nil && !ready.LastTransitionTime.After(started.Add(time.Second))
}
