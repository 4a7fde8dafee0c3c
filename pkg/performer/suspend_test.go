// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func suspended(p *v1alpha1.Performer) { p.Spec.Replicas = ptr.To[int32](0) }

const suspendedMessage = "Suspended: spec.replicas is 0; scale to 1 to resume: kubectl scale -n ns performer/x --replicas=1"

func TestPlanSuspended(t *testing.T) {
	p := newPerformer(settled, status(0, "performer-x-0"), suspended)
	recreating := newPerformer(settled, status(0, "performer-x-0"), suspended, recreate)
	resumed := newPerformer(settled, status(0, "performer-x-0"), func(p *v1alpha1.Performer) { p.Spec.Replicas = ptr.To[int32](1) })
	invalid := newPerformer(settled, status(0, "performer-x-0"), suspended, tee)
	changed := upgrading(suspended)
	checkPlans(t, []planTest{
		{name: "never started", o: withService(Observed{Performer: newPerformer(suspended), Now: testNow}, p)},
		{name: "no Service", o: Observed{Performer: p, Now: testNow}, want: "create service"},
		{name: "the serving pod drains by itself", o: observed(p, testPod(p, 0, ready(time.Hour))), want: "delete performer-x-0"},
		{name: "it drains", o: observed(p, testPod(p, 0, ready(time.Hour), deletedAgo(4*time.Second))), requeueAfter: 6 * time.Second},
		{name: "the serving pod does not drain by itself", o: observed(p, testPod(p, 0, ready(time.Hour), withoutSleep)),
			want: "remove traffic from performer-x-0", requeueAfter: 10 * time.Second},
		{name: "it has drained for a while", o: observed(p, testPod(p, 0, ready(time.Hour), draining(4*time.Second))), requeueAfter: 6 * time.Second},
		{name: "it has drained", o: observed(p, testPod(p, 0, ready(time.Hour), draining(10*time.Second))), want: "delete performer-x-0"},
		{name: "it terminates", o: observed(p, testPod(p, 0, ready(time.Hour), dying)), requeueAfter: whole},
		{name: "a pod that is not ready", o: observed(p, testPod(p, 0)), want: "delete performer-x-0"},
		{name: "a pod that ended", o: observed(p, testPod(p, 0, ended(0))), want: "delete performer-x-0"},
		{name: "Recreate", o: observed(recreating, testPod(recreating, 0, ready(time.Hour))), want: "delete performer-x-0"},
		{name: "in an upgrade", o: withBothPorts(observed(changed, older(0, ready(time.Hour)), testPod(changed, 1, waitingForTraffic))),
			want: "delete performer-x-0, delete performer-x-1"},
		{name: "an invalid spec", o: withBothPorts(observed(invalid, older(0, ready(time.Hour), draining(time.Minute)))),
			want: "delete performer-x-0", problem: ReasonInvalidSpec},
		{name: "another spec, which has no deadline", o: withService(Observed{Performer: changed, Now: testNow}, changed)},

		{name: "resumed", o: withService(Observed{Performer: resumed, Now: testNow}, resumed), want: "record ordinal 1, create pod 1"},
		{name: "resumed while the pod drains", o: observed(resumed, testPod(resumed, 0, ready(time.Hour), draining(time.Second))),
			want: "traffic to performer-x-0"},
		{name: "resumed while the pod terminates", o: observed(resumed, testPod(resumed, 0, ready(time.Hour), draining(time.Minute), dying)),
			want: "record ordinal 1, create pod 1"},
	})
}

func TestStatusSuspended(t *testing.T) {
	p := newPerformer(settled, status(0, "performer-x-0"), suspended, func(p *v1alpha1.Performer) { p.Status.FailureCount = 3 })
	invalid := newPerformer(suspended, tee)
	noPod := func(p *v1alpha1.Performer) Observed {
		return withService(Observed{Performer: p, Now: testNow}, p)
	}
	for _, tt := range []struct {
		name                         string
		o                            Observed
		problem                      *Problem
		ready                        bool
		conditions, message, kstatus string
	}{
		{name: "the pod still serves", o: observed(p, testPod(p, 0, ready(0))), ready: true,
			conditions: "Available=True/ServiceReady Progressing=True/Suspended Degraded=False/AsExpected Reconciling=True/Suspended Ready=False/Suspended",
			message:    "Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)", kstatus: "InProgress"},
		{name: "the pod drains", o: observed(p, testPod(p, 0, ready(0), draining(0))),
			conditions: "Available=False/Suspended Progressing=True/Suspended Degraded=False/AsExpected Reconciling=True/Suspended Ready=False/Suspended",
			message:    "Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)", kstatus: "InProgress"},
		{name: "the pod terminates, and crashes", o: observed(p, testPod(p, 0, ended(0), dying)),
			conditions: "Available=False/Suspended Progressing=True/Suspended Degraded=False/AsExpected Reconciling=True/Suspended Ready=False/Suspended",
			message:    "Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)", kstatus: "InProgress"},
		{name: "no pod", o: noPod(p),
			conditions: "Available=False/Suspended Progressing=True/Suspended Degraded=False/AsExpected Ready=True/Suspended",
			message:    suspendedMessage, kstatus: "Current"},
		{name: "no Service", o: Observed{Performer: p, Now: testNow},
			conditions: "Available=False/Suspended Progressing=True/Suspended Degraded=False/AsExpected Reconciling=True/Suspended Ready=False/Suspended",
			message:    suspendedMessage, kstatus: "InProgress"},
		{name: "an invalid spec", o: noPod(invalid), problem: &Problem{Terminal, ReasonInvalidSpec, "no"},
			conditions: "Available=False/InvalidSpec Progressing=False/InvalidSpec Degraded=True/InvalidSpec Stalled=True/InvalidSpec Ready=False/InvalidSpec",
			message:    "no", kstatus: "Failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := statusOf(tt.o, testSettings, tt.problem)
			if got.Phase != v1alpha1.PhaseSuspended || got.Ready != tt.ready || got.FailureCount != 0 {
				t.Errorf("phase %s, ready %v, %d failures", got.Phase, got.Ready, got.FailureCount)
			}
			if text := briefConditions(got.Conditions); text != tt.conditions {
				t.Errorf("conditions:\n got %s\nwant %s", text, tt.conditions)
			}
			if message := conditionOf(&got, v1alpha1.ConditionReady).Message; message != tt.message {
				t.Errorf("message:\n got %s\nwant %s", message, tt.message)
			}
			if k := kstatus(tt.o.Performer, got); k != tt.kstatus {
				t.Errorf("kstatus %s, want %s", k, tt.kstatus)
			}
		})
	}
}

// TestSuspendedUpgrade changes the spec of a suspended Performer. The upgrade begins when it resumes, not
// before: neither its deadline nor its duration includes the suspension.
func TestSuspendedUpgrade(t *testing.T) {
	p := upgrading(suspended)
	at := func(after time.Duration) (Observed, v1alpha1.PerformerStatus) {
		o := withService(Observed{Performer: p, Now: testNow.Add(after)}, p)
		return o, statusOf(o, testSettings, nil)
	}
	_, p.Status = at(0)
	if p.Status.LastUpgrade != nil || p.Status.UpdateRevision != render.Revision(&p.Spec) {
		t.Errorf("while suspended: %+v", p.Status)
	}
	p.Spec.Replicas = nil
	before := p.Status
	o, resumed := at(time.Hour)
	if resumed.LastUpgrade == nil || !resumed.LastUpgrade.Time.Equal(o.Now) || resumed.Phase != v1alpha1.PhaseUpgrading {
		t.Errorf("when it resumes: %+v", resumed)
	}
	if events := Events(&before, &resumed); len(events) != 1 || events[0].Reason != ReasonUpgradeInProgress {
		t.Errorf("events %v", events)
	}
	p.Status = resumed
	if _, later := at(61 * time.Minute); !later.LastUpgrade.Equal(resumed.LastUpgrade) {
		t.Errorf("the upgrade begins again: %v", later.LastUpgrade)
	}
	if left := planOf(o, testSettings).RequeueAfter; left != whole {
		t.Errorf("deadline in %v, want %v", left, whole)
	}
}

func TestSuspensionEvents(t *testing.T) {
	p := newPerformer()
	step := func(pods ...*corev1.Pod) []Event {
		before := p.Status
		o := observed(p, pods...)
		p.Status = statusOf(o, testSettings, nil)
		return Events(&before, &p.Status)
	}
	step(testPod(p, 0, ready(0)))
	suspended(p)
	if events := step(testPod(p, 0, ready(0), draining(0))); len(events) != 0 {
		t.Errorf("while the pod drains: %v", events)
	}
	if events, want := step(), []Event{{corev1.EventTypeNormal, ReasonSuspended, suspendedMessage}}; !slices.Equal(events, want) {
		t.Errorf("got %v, want %v", events, want)
	}
	p.Spec.Replicas = nil
	created := func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.NewTime(testNow) }
	if events := step(testPod(p, 1, created)); len(events) != 0 {
		t.Errorf("while the pod starts: %v", events)
	}
}

func TestScaleStatus(t *testing.T) {
	p := newPerformer()
	const selector = "hourglass.eigenlayer.io/performer=x"
	for name, tt := range map[string]struct {
		pods []*corev1.Pod
		want int32
	}{
		"no pod":                {nil, 0},
		"a pod that starts":     {[]*corev1.Pod{testPod(p, 0)}, 1},
		"in an upgrade":         {[]*corev1.Pod{older(0, ready(0)), testPod(p, 1)}, 2},
		"the old pod drains":    {[]*corev1.Pod{older(0, ready(0), draining(0)), testPod(p, 1, ready(0))}, 1},
		"a pod that terminates": {[]*corev1.Pod{testPod(p, 0, dying)}, 0},
		"a pod that ended":      {[]*corev1.Pod{testPod(p, 0, ended(0))}, 0},
	} {
		if got := statusOf(observed(p, tt.pods...), testSettings, nil); got.Replicas != tt.want || got.Selector != selector {
			t.Errorf("%s: %d replicas of %q, want %d", name, got.Replicas, got.Selector, tt.want)
		}
	}
	if labels := testPod(p, 0).Labels; labels[render.LabelPerformer] != "x" {
		t.Errorf("the selector does not select the pod: %v", labels)
	}

	// A status of an older operator lacks both. That alone is no reason to write.
	p.Status = statusOf(observed(p, testPod(p, 0)), testSettings, nil)
	p.Status.Replicas, p.Status.Selector = 0, ""
	if next := statusOf(observed(p, testPod(p, 0)), testSettings, nil); !jsonEqual(next, p.Status) {
		t.Errorf("the status changed only for the missing fields: %+v", next)
	}
	if next := statusOf(observed(p, testPod(p, 0, ready(0))), testSettings, nil); next.Replicas != 1 || next.Selector != selector {
		t.Errorf("the fields are not set at the next change: %+v", next)
	}
}
