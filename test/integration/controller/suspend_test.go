// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// TestSuspendAndResume scales a Performer to 0 and back.
func TestSuspendAndResume(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	for name, change := range map[string]func(*v1alpha1.Performer){
		"green": func(*v1alpha1.Performer) {},
		"red":   recreates,
	} {
		t.Run(name, func(t *testing.T) {
			ns := ns.As(t)
			running := ns.Running(name, change)
			service := ns.Service("performer-" + name)
			if running.Status.Replicas != 1 || running.Status.Selector != "hourglass.eigenlayer.io/performer="+name {
				t.Errorf("the scale of a running Performer: %d of %q", running.Status.Replicas, running.Status.Selector)
			}

			ns.Patch(name, `{"spec":{"replicas":0}}`)
			p := ns.AwaitPerformer(name, "Performer "+name+" to be suspended", func(p *v1alpha1.Performer) bool {
				return kstatus(p) == kstatusCurrent && p.Status.Phase == v1alpha1.PhaseSuspended
			})
			if p.Status.Ready || p.Status.Replicas != 0 || len(ns.Pods(name)) > 0 || len(p.Finalizers) == 0 {
				t.Errorf("suspended: %d pods, finalizers %v, status %+v", len(ns.Pods(name)), p.Finalizers, p.Status)
			}
			// A mistake is reported before it matters.
			ns.Patch(name, `{"spec":{"image":"repo:no tag"}}`)
			ns.AwaitReason(name, v1alpha1.ConditionStalled, performer.ReasonInvalidSpec)
			ns.Patch(name, `{"spec":{"image":"repo:1"}}`)
			ns.AwaitReason(name, v1alpha1.ConditionReady, performer.ReasonSuspended)

			ns.Patch(name, `{"spec":{"replicas":1}}`)
			ns.MakeReady("performer-" + name + "-1")
			p = ns.AwaitReadyOn(name, "performer-"+name+"-1")
			if p.Status.FailureCount != 0 || p.Status.Phase != v1alpha1.PhaseRunning || p.Status.CurrentRevision != running.Status.CurrentRevision {
				t.Errorf("resumed: %+v", p.Status)
			}
			if again := ns.Service("performer-" + name); again.UID != service.UID {
				t.Error("the Service is another one")
			}
		})
	}
}

// TestCreatedSuspended creates a Performer with no replicas.
func TestCreatedSuspended(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Create("late", func(p *v1alpha1.Performer) { p.Spec.Replicas = new(int32) })
	p := ns.AwaitReason("late", v1alpha1.ConditionReady, performer.ReasonSuspended)
	if kstatus(p) != kstatusCurrent || p.Status.ServiceName == "" || len(ns.Pods("late")) > 0 {
		t.Errorf("created suspended: %+v", p.Status)
	}
	ns.Patch("late", `{"spec":{"replicas":1}}`)
	ns.MakeReady("performer-late-0")
	ns.AwaitReadyOn("late", "performer-late-0")
}
