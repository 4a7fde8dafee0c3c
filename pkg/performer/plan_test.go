// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// brief writes a plan's actions in one line.
func brief(plan Plan) string {
	var words []string
	for _, action := range plan.Actions {
		switch a := action.(type) {
		case CreateService:
			words = append(words, "create service")
		case PatchService:
			words = append(words, "patch service")
		case DeleteService:
			words = append(words, "delete service")
		case WriteStatus:
			words = append(words, fmt.Sprintf("record %d", a.Status.PodOrdinal))
		case CreatePod:
			words = append(words, fmt.Sprintf("create pod %d", a.Ordinal))
		case PatchPod:
			words = append(words, "label "+a.Live.Name)
		case DeletePod:
			words = append(words, "delete "+a.Live.Name)
		case SetFinalizers:
			words = append(words, fmt.Sprintf("finalizers %v", a.Finalizers))
		}
	}
	return strings.Join(words, ", ")
}

func TestMakePlan(t *testing.T) {
	otherImage := func(p *v1alpha1.Performer) { p.Spec.Image = "repo:0" }
	older := func(ordinal int32, change ...func(*corev1.Pod)) *corev1.Pod {
		return testPod(newPerformer(otherImage), ordinal, change...)
	}
	withUpdated := func(p *v1alpha1.Performer) { p.Status.UpdateRevision = Revision(&p.Spec) }
	failures := func(n int32) func(*v1alpha1.Performer) {
		return func(p *v1alpha1.Performer) { withUpdated(p); p.Status.FailureCount = n }
	}
	deleted := func(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} }

	first := newPerformer()
	running := newPerformer(withUpdated, status(0, "performer-x-0"))
	tests := []struct {
		name      string
		o         Observed
		settings  Settings
		want      string
		lookAgain time.Duration
		problem   string
	}{
		{
			name: "new: everything, the finalizer beside the other writes",
			o:    Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			want: "create service, create pod 0, finalizers [" + Finalizer + "]",
		},
		{
			name:     "new, with Roles only: no finalizer",
			o:        Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			settings: Settings{WithoutFinalizer: true},
			want:     "create service, create pod 0",
		},
		{
			name:     "with Roles only, a finalizer from before goes",
			o:        observed(newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b", Finalizer} }), testPod(first, 0)),
			settings: Settings{WithoutFinalizer: true},
			want:     "finalizers [a/b]",
		},
		{name: "starting: wait for an event", o: observed(running, testPod(running, 0))},
		{name: "ready: nothing", o: observed(running, testPod(running, 0, ready(time.Hour)))},
		{
			name: "the Service is gone",
			o:    Observed{Performer: running, Pods: []*corev1.Pod{testPod(running, 0, ready(0))}, Now: testNow},
			want: "create service",
		},
		{
			name: "the pod lost a label",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				delete(pod.Labels, LabelServing)
			})),
			want: "label performer-x-0",
		},
		{
			name: "the pod lost all labels",
			o:    observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) { pod.Labels = nil })),
			want: "label performer-x-0",
		},
		{
			name: "the AVS changed, which is a label",
			o: observed(newPerformer(withUpdated, status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
				p.Spec.AVSAddress = "0xdef"
			}), testPod(running, 0, ready(0))),
			want: "label performer-x-0",
		},
		{
			name: "the pod is being deleted: its successor at once, the ordinal on record first",
			o:    observed(running, testPod(running, 0, ready(0), dying)),
			want: "record 1, create pod 1",
		},
		{
			name: "the pod is gone",
			o:    observed(running),
			want: "record 1, create pod 1",
		},
		{
			name: "the ordinal is on record and its pod was never known: the same name again",
			o:    observed(newPerformer(withUpdated, status(4, "performer-x-3"))),
			want: "create pod 4",
		},
		{
			name: "the status was lost: beyond the highest ordinal seen",
			o:    observed(newPerformer(withUpdated), older(6, dying)),
			want: "record 7, create pod 7",
		},
		{
			name: "the spec changed: the successor first, then the old pod goes",
			o:    observed(running, older(0, ready(0))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "the resources changed",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				delete(pod.Annotations, AnnotationResources)
			})),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "the image was edited on the pod",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
			})),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "admission rewrote the image at creation: that is how it is here",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Image = "mirror/repo:1"
			})),
		},
		{
			name: "two of what is asked for: the ready one stays",
			o:    observed(running, testPod(running, 0, ready(0)), testPod(running, 1)),
			want: "delete performer-x-1",
		},
		{
			name: "two that are ready: the newer one stays",
			o:    observed(running, testPod(running, 0, ready(0)), testPod(running, 1, ready(0))),
			want: "delete performer-x-0",
		},
		{
			name: "a pod that is not of our making makes way",
			o: observed(running, testPod(running, 0, ready(0)), testPod(running, 9, func(pod *corev1.Pod) {
				pod.Name = "performer-x"
			})),
			want: "delete performer-x",
		},
		{
			name:      "the pod ended: its successor waits",
			o:         observed(running, testPod(running, 0, ended(4*time.Second))),
			lookAgain: 6 * time.Second,
		},
		{
			name: "it has waited",
			o:    observed(running, testPod(running, 0, ended(10*time.Second))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:      "the fourth failure in a row waits 80 seconds",
			o:         observed(newPerformer(failures(3), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			lookAgain: 80 * time.Second,
		},
		{
			name:      "the hundredth waits five minutes",
			o:         observed(newPerformer(failures(99), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			lookAgain: 5 * time.Minute,
		},
		{
			name: "an evicted pod did not end by itself",
			o:    observed(running, testPod(running, 0, evicted)),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "a pod of another spec that ended delays nothing",
			o:    observed(running, older(0, ended(0))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:      "failures are forgiven later",
			o:         observed(newPerformer(failures(2), status(0, "performer-x-0")), testPod(running, 0, ready(4*time.Minute))),
			lookAgain: 6 * time.Minute,
		},
		{
			name: "hardware that can't be: nothing is made and nothing taken down",
			o: observed(newPerformer(withUpdated, func(p *v1alpha1.Performer) {
				p.Spec.HardwareRequirements = &v1alpha1.HardwareRequirements{TEERequired: true}
			}), testPod(running, 0, ready(0))),
			problem: ReasonInvalidSpec,
		},
		{
			name:    "a name that can't be",
			o:       Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Name = "a.b" }), Now: testNow},
			problem: ReasonInvalidName,
		},
		{
			name: "deleted: Service, then pods",
			o:    observed(newPerformer(deleted), testPod(running, 0, ready(0))),
			want: "delete service, delete performer-x-0",
		},
		{
			name:      "deleted: wait for the pods, but not for ever",
			o:         Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow},
			lookAgain: 150 * time.Second,
		},
		{
			name: "deleted: a pod that never goes is left",
			o:    Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow.Add(time.Hour)},
			want: "finalizers []",
		},
		{
			name: "deleted: all gone",
			o:    Observed{Performer: newPerformer(deleted), Now: testNow},
			want: "finalizers []",
		},
		{
			name: "deleted with --cascade=orphan: all stays",
			o: observed(newPerformer(deleted, func(p *v1alpha1.Performer) {
				p.Finalizers = append(p.Finalizers, "orphan")
			}), testPod(running, 0, ready(0))),
			want: "finalizers [orphan]",
		},
		{
			name: "deleted and held by others",
			o:    observed(newPerformer(deleted, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b"} }), testPod(running, 0)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := tt.o.Performer.DeepCopy()
			plan := MakePlan(tt.o, tt.settings)
			if got := brief(plan); got != tt.want {
				t.Errorf("actions:\n got %s\nwant %s", got, tt.want)
			}
			if plan.LookAgain != tt.lookAgain {
				t.Errorf("look again in %v, want %v", plan.LookAgain, tt.lookAgain)
			}
			if got := problemReason(plan.Problem); got != tt.problem {
				t.Errorf("problem %q, want %q", got, tt.problem)
			}
			if !jsonEqual(before, tt.o.Performer) {
				t.Error("planning changed the Performer, which belongs to the cache")
			}
		})
	}
}

func problemReason(p *Problem) string {
	if p == nil {
		return ""
	}
	return p.Reason
}

func TestDeletionTellsWhomItLeaves(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} })
	plan := MakePlan(Observed{Performer: p, Pods: []*corev1.Pod{testPod(p, 0, dying)}, Now: testNow.Add(time.Hour)}, testSettings)
	if len(plan.Abandoned) != 1 || plan.Abandoned[0] != "performer-x-0" {
		t.Errorf("abandoned: %v", plan.Abandoned)
	}
}

func TestRecordedStatusOfASuccessor(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.CurrentRevision, p.Status.UpdateRevision, p.Status.FailureCount = "before", "before", 4
	})
	plan := MakePlan(observed(p), testSettings)
	recorded := plan.Actions[0].(WriteStatus).Status
	if recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("lastUpgrade is %v, want now", recorded.LastUpgrade)
	}
	if recorded.FailureCount != 0 {
		t.Errorf("the failures of an earlier spec count on: %d", recorded.FailureCount)
	}
	if recorded.Phase != v1alpha1.PhaseUpgrading || recorded.Ready {
		t.Errorf("phase %s, ready %v", recorded.Phase, recorded.Ready)
	}

	p.Status.UpdateRevision = Revision(&p.Spec)
	p.Status.LastUpgrade = nil
	ends := testPod(p, 0, ended(time.Hour))
	recorded = MakePlan(observed(p, ends), testSettings).Actions[0].(WriteStatus).Status
	if recorded.FailureCount != 5 || recorded.LastUpgrade != nil {
		t.Errorf("after a failure: failureCount %d, lastUpgrade %v", recorded.FailureCount, recorded.LastUpgrade)
	}
}
