// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// waitsFor is a container that the kubelet can't start.
func waitsFor(reason, message string) string {
	return fmt.Sprintf(`{"status":{"phase":"Pending","containerStatuses":[{"name":"performer","image":"i","imageID":"","ready":false,"restartCount":0,`+
		`"state":{"waiting":{"reason":%q,"message":%q}}}]}}`, reason, message)
}

func TestProgressDeadline(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	impatient := func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32), ProgressDeadlineSeconds: ptr.To[int32](1)}
	}
	w.create("first", impatient)
	w.running("a", impatient)
	w.patch("a", `{"spec":{"version":"2"}}`)
	w.AwaitPod("performer-a-1")
	overdue := func(p *v1alpha1.Performer) bool {
		c := conditionOf(p, v1alpha1.ConditionProgressing)
		return c.Status == metav1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" && p.Status.ObservedGeneration == p.Generation
	}
	p := w.awaitPerformer("a", "overdue", overdue)
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" || conditionOf(p, v1alpha1.ConditionStalled).Status != metav1.ConditionTrue ||
		kstatus(p) != kstatusFailed || p.Status.Phase != v1alpha1.PhaseUpgrading {
		t.Errorf("status %+v", p.Status)
	}
	wait.For(t, "an event", func(context.Context) error {
		events := op.told(w.namespace)
		if !slices.ContainsFunc(events, func(e string) bool { return len(e) > 32 && e[:32] == "Warning ProgressDeadlineExceeded" }) {
			return fmt.Errorf("the events are %q", events)
		}
		return nil
	})

	// A newer spec has a deadline of its own: it begins anew.
	w.patch("a", `{"spec":{"version":"3","upgradeStrategy":{"progressDeadlineSeconds":600}}}`)
	p = w.awaitPerformer("a", "in progress again", func(p *v1alpha1.Performer) bool {
		return p.Status.ObservedGeneration == p.Generation && kstatus(p) == kstatusInProgress
	})
	if !p.Status.Ready {
		t.Errorf("status %+v", p.Status)
	}
	w.patch("a", `{"spec":{"upgradeStrategy":{"progressDeadlineSeconds":1}}}`)
	w.awaitPerformer("a", "overdue again", overdue)
	w.MakeReady("performer-a-2")
	w.awaitOn("a", "performer-a-2")

	// The first pod has a deadline too, and is still taken when it comes later.
	p = w.awaitPerformer("first", "overdue", overdue)
	if p.Status.Ready || kstatus(p) != kstatusFailed {
		t.Errorf("status %+v", p.Status)
	}
	w.MakeReady("performer-first-0")
	w.awaitOn("first", "performer-first-0")
	h.checkNoGap("a")
	h.checkStatuses("a")
	h.checkStatuses("first")
}

// TestDeadlineOfASpecThatFollowsARefusedOne wants that what the refused spec spent is not counted.
func TestDeadlineOfASpecThatFollowsARefusedOne(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	w.running("a", func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32), ProgressDeadlineSeconds: ptr.To[int32](600)}
	})
	w.patch("a", `{"spec":{"scheduling":{"priorityClassName":"there-is-none"}}}`)
	w.awaitPerformer("a", "the refusal", hasReason(v1alpha1.ConditionReady, "PodRefused"))
	// It is refused for an hour.
	w.patch("a", `{"metadata":{"labels":{"a":"b"}}}`)
	wait.For(t, "an hour", func(ctx context.Context) error {
		p := w.performer("a")
		ago := metav1.NewTime(p.CreationTimestamp.Add(-3600e9))
		p.Status.LastUpgrade = &ago
		for i := range p.Status.Conditions {
			p.Status.Conditions[i].LastTransitionTime = ago
		}
		if _, err := hourglass.HourglassV1alpha1().Performers(w.namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
			return err
		}
		return nil
	})
	w.patch("a", `{"spec":{"scheduling":null,"version":"2"}}`)
	generation := w.performer("a").Generation
	w.AwaitPod("performer-a-1")
	p := w.awaitPerformer("a", "the upgrade", func(p *v1alpha1.Performer) bool {
		return p.Status.ObservedGeneration == generation && kstatus(p) != kstatusCurrent && conditionOf(p, v1alpha1.ConditionReady).Reason != "PodRefused"
	})
	if kstatus(p) != kstatusInProgress {
		t.Errorf("it has just begun, and is %s: %+v", kstatus(p), p.Status)
	}
	if p.Status.LastUpgrade.Before(&p.CreationTimestamp) {
		t.Errorf("lastUpgrade is of the upgrade before: %s", p.Status.LastUpgrade)
	}
	w.MakeReady("performer-a-1")
	w.awaitOn("a", "performer-a-1")
	h.checkNoGap("a")
	h.checkStatuses("a")
}
