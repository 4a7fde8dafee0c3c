// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Draining is deleting: a pod that is deleted, by the operator or by anybody else, first sleeps for
// drainSeconds (render.Pod). Meanwhile its endpoint is serving and terminating: kube-proxy sends new calls to
// it only while no other pod is ready, and open connections stay. It drains even if the operator dies.
//
// A pod without that sleep drains by its labels instead: it loses its traffic, finishes the calls in flight
// for drainSeconds, and is then deleted. Such a pod is one of the earlier operator, one that was created
// under Recreate, with spec.disruption.type None or before drainSeconds was raised, or one whose hook admission replaced.

// drainTime is how long a pod keeps running after losing its traffic.
func (a *Assessment) drainTime() time.Duration {
	return time.Duration(render.DrainSeconds(&a.Performer.Spec)) * time.Second
}

// sleepBeforeStop returns how long the kubelet waits after the deletion of a pod before it stops the container.
func sleepBeforeStop(pod *corev1.Pod) time.Duration {
	c := performerContainer(pod)
	if c == nil || c.Lifecycle == nil || c.Lifecycle.PreStop == nil || c.Lifecycle.PreStop.Sleep == nil {
		return 0
	}
	return time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
}

// startDraining has a pod that receives traffic drain. It deletes the pod if that drains by itself.
func (a *Assessment) startDraining(plan *Plan, p *assessedPod, reason DeleteReason, why string) {
	switch {
	case sleepBeforeStop(p.Pod) >= a.drainTime():
		plan.addActions(p.deletion(reason, why))
	case a.patchRefused(p):
		// The label stays, so the deletion takes the traffic away. The pod finishes the calls in flight
		// in its grace period.
		plan.addActions(p.deletion(reason, why+", and the API server refuses to patch its labels"))
	default:
		plan.addActions(PatchPod{p.Pod,
			map[string]string{render.LabelServing: ""},
			map[string]string{render.AnnotationDrainingSince: render.Timestamp(a.Now), render.AnnotationServingSince: ""}})
		plan.requeueAfter(a.drainTime())
	}
}

// endDraining deletes a pod that drains by its labels, when it has drained.
func (a *Assessment) endDraining(plan *Plan, p *assessedPod, reason DeleteReason, why string) {
	if left := a.drainTime() - a.since(p, render.AnnotationDrainingSince); left > 0 {
		plan.requeueAfter(left)
		return
	}
	plan.addActions(p.deletion(reason, why))
}

// servesOn reports whether a pod that is being deleted still serves: it is ready, its node is not lost, and
// its sleep has not ended.
func (a *Assessment) servesOn(p *assessedPod) bool { return a.servesOnFor(p) > 0 }

// servesOnFor returns for how long a pod that is being deleted still serves; 0 or less if it no longer does.
func (a *Assessment) servesOnFor(p *assessedPod) time.Duration {
	if p.state != podDying || p.lost() || !podConditionTrue(p.Pod, corev1.PodReady) {
		return 0
	}
	// The deletion may have shortened the grace period, in which the kubelet sleeps.
	grace := time.Duration(ptr.Deref(p.DeletionGracePeriodSeconds, 0)) * time.Second
	deleted := notAfter(p.DeletionTimestamp.Add(-grace), a.Now)
	return min(sleepBeforeStop(p.Pod), grace) - a.Now.Sub(deleted)
}

// requeueAfterDrains requests a plan for when a pod that is being deleted stops serving.
func (a *Assessment) requeueAfterDrains(plan *Plan) {
	for _, p := range a.pods {
		if left := a.servesOnFor(p); left > 0 {
			plan.requeueAfter(left)
		}
	}
}
