// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestPlanOfAnUpgrade(t *testing.T) {
	checkPlans(t, []planTest{
		// An upgrade, step by step.
		{
			name: "the spec changed: both ports on the Service, the successor beside the old pod",
			o:    withService(observed(upgrading(), older(0, ready(0))), before),
			want: "patch service, record 1, create pod 1", requeueAfter: whole,
		},
		{
			name:         "the successor starts",
			o:            withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
			requeueAfter: rest,
		},
		{
			name: "the successor is ready: it gets traffic",
			o:    withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic, ready(0)))),
			want: "traffic to performer-x-1", requeueAfter: slicesPoll,
		},
		{
			name:         "meanwhile the old pod lost the label by which it is selected",
			o:            withBothPorts(observed(begun(), older(0, ready(0), without(render.LabelPerformer)), testPod(first, 1, waitingForTraffic))),
			want:         "label performer-x-0",
			requeueAfter: rest,
		},
		{
			name:         "or that by which it is watched, while it goes",
			o:            withBothPorts(observed(begun(), older(0, dying, without(render.LabelApp)), testPod(first, 1))),
			want:         "label performer-x-0, record 2, copy performer-x-0 to 2",
			requeueAfter: rest,
		},
		{
			name:         "or that by which it serves, while it is not ready",
			o:            withBothPorts(observed(begun(), older(0, without(render.LabelServing)), testPod(first, 1, waitingForTraffic))),
			want:         "label performer-x-0",
			requeueAfter: rest,
		},
		{
			name: "both have traffic, the slices do not show the new one",
			o: withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow)
			})), "performer-x-0"),
			want: "patch service", requeueAfter: slicesPoll,
		},
		{
			name: "they do not show it for long: ask less",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0"),
			want: "patch service", requeueAfter: maxSlicesPoll,
		},
		{
			name: "the slices show it",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, no traffic to performer-x-0", requeueAfter: 10 * time.Second,
		},
		{
			name: "the slices may not be read: wait",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow.Add(-9 * time.Second))
			})),
			want: "patch service", requeueAfter: 2250 * time.Millisecond,
		},
		{
			name: "the slices may not be read: waited long enough",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow.Add(-10 * time.Second))
			})),
			want: "patch service, no traffic to performer-x-0", requeueAfter: 10 * time.Second,
		},
		{
			name: "the old one drains",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(4*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service", requeueAfter: 6 * time.Second,
		},
		{
			name: "it has drained",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(10*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},
		{
			name: "no drain asked for",
			o: observed(newPerformer(settled, status(1, "performer-x-1"), func(p *v1alpha1.Performer) {
				p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: ptr.To[int32](0)}
			}), older(0, ready(0), draining(0)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},

		// What comes between.
		{
			name: "a newer spec supersedes one that never served",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Image = "repo:9" }), older(0, ready(0)),
				testPod(first, 1, waitingForTraffic))),
			want: "delete performer-x-1, record 2, create pod 2", requeueAfter: rest,
		},
		{
			name: "back to the old spec while its pod serves: it stays",
			o:    withService(observed(before, older(0, ready(0)), testPod(first, 1, waitingForTraffic)), before),
			want: "delete performer-x-1",
		},
		{
			name: "back to the old spec while its pod drains: it serves again",
			o:    withSlices(withService(observed(before, older(0, ready(0), draining(time.Second)), testPod(first, 1, ready(0))), before), "performer-x-1"),
			want: "patch service, traffic to performer-x-0", requeueAfter: slicesPoll,
		},
		{
			name: "the new one dies while the old one drains: the old one serves again",
			o:    withService(observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(time.Second)), testPod(first, 1)), first),
			want: "patch service, traffic to performer-x-0",
		},
		{
			name: "the old one is evicted while the new one can't run: a copy of it",
			o:    withService(observed(begun(), older(0, dying), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record 2, copy performer-x-0 to 2", requeueAfter: rest,
		},
		{
			name: "the old one ends by itself while the new one can't run: a copy after a delay",
			o:    withService(observed(begun(), older(0, ended(4*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", requeueAfter: 6 * time.Second,
		},
		{
			name: "that has passed",
			o:    withService(observed(begun(), older(0, ended(10*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record 2, copy performer-x-0 to 2, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "there is a copy already",
			o:    withService(observed(begun(), older(0, dying), older(2), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", requeueAfter: rest,
		},
		{
			name: "the old one is evicted while what is asked for can't be made: a copy of it",
			o:    withService(observed(upgrading(tee), older(0, dying)), before),
			want: "patch service, record 1, copy performer-x-0 to 1", problem: ReasonInvalidSpec,
		},
		{
			name: "the old one is evicted before there is a new one: a copy of it, or else the new one",
			o:    withService(observed(upgrading(), older(0, evicted)), before),
			want: "patch service, record 1, copy performer-x-0 to 1 or create it anew, delete performer-x-0", requeueAfter: whole,
		},
		{
			name: "the Service may not lead to the new one yet: the old one keeps its traffic",
			o: withSlices(withService(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }),
				older(0, ready(0), func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "" }),
				testPod(newPerformer(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }), 1, ready(0))), before, func(s *corev1.Service) {
				s.Spec.Ports[0].TargetPort = intstr.FromInt32(before.Spec.Config.GRPCPort)
			}), "performer-x-1"),
			want: "patch service",
		},
		{
			name: "hardware that can't be: nothing is made and nothing taken down",
			o:    withBothPorts(observed(upgrading(tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},
		{
			name: "the deadline is over: no more looking again",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Hour)}
			}), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
		},

		// Recreate.
		{
			name: "Recreate: the old one goes first",
			o:    observed(upgrading(recreate), older(0, ready(0))),
			want: "patch service, delete performer-x-0", requeueAfter: whole,
		},
		{
			name: "Recreate: wait until it is gone",
			o:    observed(begun(recreate), older(0, dying)), requeueAfter: rest,
		},
		{
			name: "Recreate: it is gone",
			o:    observed(begun(recreate)),
			want: "create pod 1", requeueAfter: rest,
		},
		{
			name: "Recreate: a pod that ended is counted before it goes",
			o:    observed(newPerformer(settled, recreate, status(0, "performer-x-0")), testPod(running, 0, ended(10*time.Second))),
			want: "delete performer-x-0, record 0",
		},
		{
			name: "Recreate asked for in mid-upgrade takes effect at the next step",
			o:    withSlices(observed(begun(recreate), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-1"),
			want: "patch service, delete performer-x-0",
		},
		{
			name: "Recreate: what can't be takes nothing down",
			o:    withBothPorts(observed(upgrading(recreate, tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},
	})
}

// TestRecreateRecordsWhatItReplaces has a pod replaced at the same revision: what is recorded tells when that began, and
// not that the pod which is told to end still serves.
func TestRecreateRecordsWhatItReplaces(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		p.Status.UpdateRevision, p.Status.CurrentRevision = render.Revision(&p.Spec), render.Revision(&p.Spec)
	})
	plan := planOf(observed(p, testPod(p, 0, ready(0), func(pod *corev1.Pod) {
		pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
	})), testSettings)
	if got := brief(plan); got != "delete performer-x-0, record 0" {
		t.Fatalf("actions: %s", got)
	}
	recorded := plan.Actions[1].(WriteStatus).Status
	if recorded.Ready || recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("recorded: ready %v, last upgrade %v", recorded.Ready, recorded.LastUpgrade)
	}
}
