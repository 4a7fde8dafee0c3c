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
			name: "new: create everything and set the finalizer",
			o:    Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			want: "create service, create pod 0, finalizers [" + render.Finalizer + "]", requeueAfter: whole,
		},
		{
			name:     "new, namespaced permissions only: no finalizer",
			o:        Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			settings: Settings{WithoutFinalizer: true},
			want:     "create service, create pod 0", requeueAfter: whole,
		},
		{
			name:     "namespaced permissions only: remove an earlier finalizer",
			o:        observed(newPerformer(settled, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b", render.Finalizer} }), testPod(first, 0)),
			settings: Settings{WithoutFinalizer: true},
			want:     "finalizers [a/b]",
		},
		{name: "starting: wait for an event", o: observed(running, testPod(running, 0))},
		{name: "ready: no action", o: observed(running, testPod(running, 0, ready(time.Hour)))},
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
			name: "the pod is being deleted: record the ordinal, then create the successor",
			o:    observed(running, testPod(running, 0, ready(0), dying)),
			want: "record ordinal 1, create pod 1",
		},
		{name: "the pod is gone", o: observed(running), want: "record ordinal 1, create pod 1"},
		{
			name: "the ordinal is recorded and its pod was never seen: use the same name",
			o:    observed(newPerformer(settled, status(4, "performer-x-3"))),
			want: "create pod 4",
		},
		{
			name: "the status was lost: use an ordinal above the highest one seen",
			o:    observed(newPerformer(settled), older(6, dying)),
			want: "record ordinal 7, create pod 7",
		},

		// Changes by others.
		{
			name: "the image was edited on the pod",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
			})),
			want: "record ordinal 1, create pod 1",
		},
		{
			name: "admission substituted the image at creation: record the image",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Image = "mirror/repo:1"
			})),
			want: "record image of performer-x-0",
		},
		{
			name: "a recorded image stays valid when the pod is changed in other ways",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "mirror/repo:1"
				pod.Annotations[render.AnnotationAdmittedImage] = "mirror/repo:1"
			})),
		},
		{
			name: "two desired pods, one of them serving: delete the other",
			o:    observed(running, testPod(running, 0, ready(0)), testPod(running, 1, waitingForTraffic)),
			want: "delete performer-x-1",
		},
		{
			name: "two ready and serving pods: move the traffic to the newer one",
			o:    withSlices(observed(running, testPod(running, 0, ready(0)), testPod(running, 1, ready(0))), "performer-x-1"),
			want: "delete performer-x-0",
		},

		// Failures.
		{
			name:         "the pod ended: delay its successor",
			o:            observed(running, testPod(running, 0, ended(4*time.Second))),
			requeueAfter: 6 * time.Second,
		},
		{
			name: "the pod ended and the delay is over: create its successor",
			o:    observed(running, testPod(running, 0, ended(10*time.Second))),
			want: "record ordinal 1, create pod 1, delete performer-x-0",
		},
		{
			name: "the pod ended according to a clock that is ahead: ignore that time",
			o:    observed(running, testPod(running, 0, ended(-time.Hour))),
			want: "record ordinal 1, create pod 1, delete performer-x-0",
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
			want: "record ordinal 1, create pod 1, delete performer-x-0",
		},
		{
			name:         "failures are forgiven once the pod was ready for long enough",
			o:            observed(newPerformer(failures(2), status(0, "performer-x-0")), testPod(running, 0, ready(4*time.Minute))),
			requeueAfter: 6 * time.Minute,
		},
		{
			name:    "invalid name",
			o:       Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Name = "a.b" }), Now: testNow},
			problem: ReasonInvalidName,
		},

		// Pods and Services of the earlier operator.
		{
			name: "legacy pod that matches the spec: adopt it at the desired revision",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(running)), running, earlierService),
			want: "patch service, adopt performer-x as " + render.Revision(&running.Spec), requeueAfter: time.Second,
		},
		{
			name: "legacy pod that does not match: adopt it as legacy",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(before)), running, earlierService),
			want: "patch service, adopt performer-x as legacy", requeueAfter: time.Second,
		},
		{
			name: "adopted a moment ago: delay the selector of the Service",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name, pod.Annotations[render.AnnotationServingSince] = "performer-x", render.Timestamp(testNow.Add(-2*time.Second))
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			requeueAfter: 3 * time.Second,
		},
		{
			name: "adopted long enough ago: change the selector",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name = "performer-x"
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			want: "patch service",
		},
		{
			name: "adopted a moment ago: no upgrade before the selector is changed",
			o: withService(observed(newPerformer(status(0, "performer-x"), func(p *v1alpha1.Performer) { p.Status.CurrentRevision = LegacyRevision }),
				testPod(running, 0, ready(0), func(pod *corev1.Pod) {
					pod.Name, pod.Annotations[render.AnnotationServingSince] = "performer-x", render.Timestamp(testNow.Add(-2*time.Second))
					pod.Annotations[render.AnnotationRevision], pod.Labels[render.LabelRevision] = LegacyRevision, LegacyRevision
				})), running, func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }),
			requeueAfter: 3 * time.Second,
		},

		// Deletion.
		{
			name: "deleted: delete the pods, then the Service",
			o:    observed(newPerformer(deleted), testPod(running, 0, ready(0))),
			want: "delete performer-x-0, delete service",
		},
		{
			name:         "deleted: wait for the pods, but not forever",
			o:            Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow},
			requeueAfter: 150 * time.Second,
		},
		{
			name: "deleted: abandon a pod that does not terminate",
			o:    Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow.Add(time.Hour)},
			want: "finalizers []",
		},
		{
			name: "deleted: everything is gone",
			o:    Observed{Performer: newPerformer(deleted), Now: testNow},
			want: "finalizers []",
		},
		{
			name: "deleted with --cascade=orphan: keep everything",
			o: observed(newPerformer(deleted, func(p *v1alpha1.Performer) {
				p.Finalizers = append(p.Finalizers, "orphan")
			}), testPod(running, 0, ready(0))),
			want: "finalizers [orphan]",
		},
		{
			name: "deleted, with a finalizer of others only",
			o:    observed(newPerformer(deleted, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b"} }), testPod(running, 0)),
		},
	})
}

func TestRecordedStatusOfSuccessor(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.CurrentRevision, p.Status.UpdateRevision, p.Status.FailureCount = "before", "before", 4
	})
	plan := planOf(observed(p), testSettings)
	recorded := plan.Actions[0].(WriteStatus).Status
	if recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("lastUpgrade %v, want now", recorded.LastUpgrade)
	}
	if recorded.FailureCount != 0 {
		t.Errorf("the failures of an earlier spec still count: %d", recorded.FailureCount)
	}
	if recorded.Phase != v1alpha1.PhaseUpgrading || recorded.Ready {
		t.Errorf("phase %s, ready %v", recorded.Phase, recorded.Ready)
	}

	p.Status.UpdateRevision = render.Revision(&p.Spec)
	p.Status.LastUpgrade = nil
	failed := testPod(p, 0, ended(time.Hour))
	recorded = planOf(observed(p, failed), testSettings).Actions[0].(WriteStatus).Status
	if recorded.FailureCount != 5 || recorded.LastUpgrade != nil {
		t.Errorf("after a failure: failureCount %d, lastUpgrade %v", recorded.FailureCount, recorded.LastUpgrade)
	}
}
