// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// waitsFor returns the status of a pod whose container the kubelet can't start.
func waitsFor(reason, message string) string {
	return fmt.Sprintf(`{"status":{"phase":"Pending","containerStatuses":[{"name":"performer","image":"i","imageID":"","ready":false,"restartCount":0,`+
		`"state":{"waiting":{"reason":%q,"message":%q}}}]}}`, reason, message)
}

func TestProgressDeadline(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	impatient := func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32), ProgressDeadlineSeconds: ptr.To[int32](1)}
	}
	ns.Create("first", impatient)
	ns.Running("a", impatient)
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.AwaitPod("performer-a-1")
	overdue := func(p *v1alpha1.Performer) bool {
		c := controlplane.Condition(p, v1alpha1.ConditionProgressing)
		return c.Status == metav1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" && p.Status.ObservedGeneration == p.Generation
	}
	p := ns.AwaitPerformer("a", "the progress deadline to be exceeded", overdue)
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" || controlplane.Condition(p, v1alpha1.ConditionStalled).Status != metav1.ConditionTrue ||
		kstatus(p) != kstatusFailed || p.Status.Phase != v1alpha1.PhaseUpgrading {
		t.Errorf("status %+v", p.Status)
	}
	wait.For(t, "a Warning event of reason ProgressDeadlineExceeded", func(context.Context) error {
		events := op.takeEvents(ns.Name)
		if !slices.ContainsFunc(events, func(e string) bool { return len(e) > 32 && e[:32] == "Warning ProgressDeadlineExceeded" }) {
			return fmt.Errorf("the events are %q", events)
		}
		return nil
	})

	// A newer spec has a deadline of its own, which starts again.
	ns.Patch("a", `{"spec":{"version":"3","upgradeStrategy":{"progressDeadlineSeconds":600}}}`)
	p = ns.AwaitPerformer("a", "Performer a to be in progress again", func(p *v1alpha1.Performer) bool {
		return p.Status.ObservedGeneration == p.Generation && kstatus(p) == kstatusInProgress
	})
	if !p.Status.Ready {
		t.Errorf("status %+v", p.Status)
	}
	ns.Patch("a", `{"spec":{"upgradeStrategy":{"progressDeadlineSeconds":1}}}`)
	ns.AwaitPerformer("a", "the progress deadline to be exceeded again", overdue)
	ns.MakeReady("performer-a-2")
	ns.AwaitReadyOn("a", "performer-a-2")

	// The first pod has a deadline too, and still serves if it is ready after it.
	p = ns.AwaitPerformer("first", "the progress deadline to be exceeded", overdue)
	if p.Status.Ready || kstatus(p) != kstatusFailed {
		t.Errorf("status %+v", p.Status)
	}
	ns.MakeReady("performer-first-0")
	ns.AwaitReadyOn("first", "performer-first-0")
	h.checkNoGap("a")
	h.checkStatuses("a")
	h.checkStatuses("first")
}

// TestDeadlineAfterARefusedSpec checks that the time of the refused spec is not counted.
func TestDeadlineAfterARefusedSpec(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	ns.Running("a", func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32), ProgressDeadlineSeconds: ptr.To[int32](600)}
	})
	ns.Patch("a", `{"spec":{"scheduling":{"priorityClassName":"there-is-none"}}}`)
	ns.AwaitReason("a", v1alpha1.ConditionReady, "PodRefused")
	// It has been refused for an hour.
	ns.Patch("a", `{"metadata":{"labels":{"a":"b"}}}`)
	wait.For(t, "the status to be backdated by an hour", func(ctx context.Context) error {
		p := ns.Performer("a")
		ago := metav1.NewTime(p.CreationTimestamp.Add(-3600e9))
		p.Status.LastUpgrade = &ago
		for i := range p.Status.Conditions {
			p.Status.Conditions[i].LastTransitionTime = ago
		}
		if _, err := hourglass.HourglassV1alpha1().Performers(ns.Name).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
			return err
		}
		return nil
	})
	ns.Patch("a", `{"spec":{"scheduling":null,"version":"2"}}`)
	generation := ns.Performer("a").Generation
	ns.AwaitPod("performer-a-1")
	p := ns.AwaitPerformer("a", "the upgrade to begin", func(p *v1alpha1.Performer) bool {
		return p.Status.ObservedGeneration == generation && kstatus(p) != kstatusCurrent && controlplane.Condition(p, v1alpha1.ConditionReady).Reason != "PodRefused"
	})
	if kstatus(p) != kstatusInProgress {
		t.Errorf("the upgrade has just begun, and is %s: %+v", kstatus(p), p.Status)
	}
	if p.Status.LastUpgrade.Before(&p.CreationTimestamp) {
		t.Errorf("lastUpgrade is of the upgrade before: %s", p.Status.LastUpgrade)
	}
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
	h.checkNoGap("a")
	h.checkStatuses("a")
}
