// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestPlan(t *testing.T) {
	checkPlans(t, []planTest{
		{
			name: "new: everything, the finalizer beside the other writes",
			o:    Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			want: "create service, create pod 0, finalizers [" + render.Finalizer + "]", requeueAfter: whole,
		},
		{
			name:     "new, with Roles only: no finalizer",
			o:        Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			settings: Settings{WithoutFinalizer: true},
			want:     "create service, create pod 0", requeueAfter: whole,
		},
		{
			name:     "with Roles only, a finalizer from before goes",
			o:        observed(newPerformer(settled, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b", render.Finalizer} }), testPod(first, 0)),
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
			name: "the pod lost the serving label",
			o:    observed(running, testPod(running, 0, ready(0), waitingForTraffic)),
			want: "traffic to performer-x-0",
		},
		{
			name: "the pod lost all labels",
			o:    observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) { pod.Labels = nil })),
			want: "label performer-x-0",
		},
		{
			name: "the AVS changed, which is a label",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
				p.Spec.AVSAddress = "0xdef"
			}), testPod(running, 0, ready(0))),
			want: "label performer-x-0",
		},
		{
			name: "the pod is being deleted: its successor at once, the ordinal on record first",
			o:    observed(running, testPod(running, 0, ready(0), dying)),
			want: "record 1, create pod 1",
		},
		{name: "the pod is gone", o: observed(running), want: "record 1, create pod 1"},
		{
			name: "the ordinal is on record and its pod was never known: the same name again",
			o:    observed(newPerformer(settled, status(4, "performer-x-3"))),
			want: "create pod 4",
		},
		{
			name: "the status was lost: beyond the highest ordinal seen",
			o:    observed(newPerformer(settled), older(6, dying)),
			want: "record 7, create pod 7",
		},

		// What others did.
		{
			name: "the image was edited on the pod",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
			})),
			want: "record 1, create pod 1",
		},
		{
			name: "admission put in another image at creation: that is noted",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Image = "mirror/repo:1"
			})),
			want: "note the image of performer-x-0",
		},
		{
			name: "and makes no difference when the pod is changed in other ways",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "mirror/repo:1"
				pod.Annotations[render.AnnotationAdmittedImage] = "mirror/repo:1"
			})),
		},
		{
			name: "two of what is asked for, one of them with traffic: the other goes",
			o:    observed(running, testPod(running, 0, ready(0)), testPod(running, 1, waitingForTraffic)),
			want: "delete performer-x-1",
		},
		{
			name: "two that are ready and have traffic: it moves to the newer one",
			o:    withSlices(observed(running, testPod(running, 0, ready(0)), testPod(running, 1, ready(0))), "performer-x-1"),
			want: "no traffic to performer-x-0", requeueAfter: 10 * time.Second,
		},

		// Failures.
		{
			name:         "the pod ended: its successor waits",
			o:            observed(running, testPod(running, 0, ended(4*time.Second))),
			requeueAfter: 6 * time.Second,
		},
		{
			name: "it has waited",
			o:    observed(running, testPod(running, 0, ended(10*time.Second))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "it ended by a clock that is ahead of ours: that tells nothing",
			o:    observed(running, testPod(running, 0, ended(-time.Hour))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:         "the fourth failure in a row waits 80 seconds",
			o:            observed(newPerformer(failures(3), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			requeueAfter: 80 * time.Second,
		},
		{
			name:         "the hundredth waits five minutes",
			o:            observed(newPerformer(failures(99), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			requeueAfter: 5 * time.Minute,
		},
		{
			name: "an evicted pod did not end by itself",
			o:    observed(running, testPod(running, 0, evicted)),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:         "failures are forgiven later",
			o:            observed(newPerformer(failures(2), status(0, "performer-x-0")), testPod(running, 0, ready(4*time.Minute))),
			requeueAfter: 6 * time.Minute,
		},
		{
			name:    "a name that can't be",
			o:       Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Name = "a.b" }), Now: testNow},
			problem: ReasonInvalidName,
		},

		// What an earlier operator left.
		{
			name: "a pod that runs what is asked for",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(running)), running, earlierService),
			want: "patch service, adopt performer-x as " + render.Revision(&running.Spec), requeueAfter: time.Second,
		},
		{
			name: "one that does not",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(before)), running, earlierService),
			want: "patch service, adopt performer-x as legacy", requeueAfter: time.Second,
		},
		{
			name: "it is ours now: the Service waits a little",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name, pod.Annotations[render.AnnotationServingSince] = "performer-x", render.Timestamp(testNow.Add(-2*time.Second))
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			requeueAfter: 3 * time.Second,
		},
		{
			name: "then it selects as ours do",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name = "performer-x"
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			want: "patch service",
		},
		{
			name: "no upgrade before that",
			o: withService(observed(newPerformer(status(0, "performer-x"), func(p *v1alpha1.Performer) { p.Status.CurrentRevision = LegacyRevision }),
				testPod(running, 0, ready(0), func(pod *corev1.Pod) {
					pod.Name, pod.Annotations[render.AnnotationServingSince] = "performer-x", render.Timestamp(testNow.Add(-2*time.Second))
					pod.Annotations[render.AnnotationRevision], pod.Labels[render.LabelRevision] = LegacyRevision, LegacyRevision
				})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			requeueAfter: 3 * time.Second,
		},

		// Deletion.
		{
			name: "deleted: Service, then pods",
			o:    observed(newPerformer(deleted), testPod(running, 0, ready(0))),
			want: "delete service, delete performer-x-0",
		},
		{
			name:         "deleted: wait for the pods, but not for ever",
			o:            Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow},
			requeueAfter: 150 * time.Second,
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
	})
}

func TestRecordedStatusOfASuccessor(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.CurrentRevision, p.Status.UpdateRevision, p.Status.FailureCount = "before", "before", 4
	})
	plan := planOf(observed(p), testSettings)
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

	p.Status.UpdateRevision = render.Revision(&p.Spec)
	p.Status.LastUpgrade = nil
	ends := testPod(p, 0, ended(time.Hour))
	recorded = planOf(observed(p, ends), testSettings).Actions[0].(WriteStatus).Status
	if recorded.FailureCount != 5 || recorded.LastUpgrade != nil {
		t.Errorf("after a failure: failureCount %d, lastUpgrade %v", recorded.FailureCount, recorded.LastUpgrade)
	}
}
