// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestPlanUpgrade(t *testing.T) {
	checkPlans(t, []planTest{
		// An upgrade, step by step.
		{
			name: "the spec changed: add the new port to the Service, create the successor next to the old pod",
			o:    withService(observed(upgrading(), older(0, ready(0))), before),
			want: "patch service, record ordinal 1, create pod 1", requeueAfter: whole,
		},
		{
			name:         "the successor starts",
			o:            withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
			requeueAfter: rest,
		},
		{
			name: "the successor is ready: move traffic to it",
			o:    withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic, ready(0)))),
			want: "traffic to performer-x-1", requeueAfter: slicesPoll,
		},
		{
			name:         "the serving pod lost the label by which it is selected",
			o:            withBothPorts(observed(begun(), older(0, ready(0), without(render.LabelPerformer)), testPod(first, 1, waitingForTraffic))),
			want:         "label performer-x-0",
			requeueAfter: rest,
		},
		{
			name:         "the terminating pod lost the label by which it is watched",
			o:            withBothPorts(observed(begun(), older(0, dying, without(render.LabelPerformer)), testPod(first, 1))),
			want:         "label performer-x-0, record ordinal 2, copy performer-x-0 to pod 2",
			requeueAfter: rest,
		},
		{
			name:         "the serving pod lost the serving label while it is not ready",
			o:            withBothPorts(observed(begun(), older(0, without(render.LabelServing)), testPod(first, 1, waitingForTraffic))),
			want:         "label performer-x-0",
			requeueAfter: rest,
		},
		{
			name: "both pods serve, the slices do not show the new one",
			o: withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow)
			})), "performer-x-0"),
			want: "patch service", requeueAfter: slicesPoll,
		},
		{
			name: "the slices do not show the new pod for a long time: read them less often",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0"),
			want: "patch service", requeueAfter: maxSlicesPoll,
		},
		{
			name: "the slices show the new pod",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "the old pod does not drain by itself",
			o:    withSlices(observed(begun(), older(0, ready(0), withoutSleep), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, remove traffic from performer-x-0", requeueAfter: 10 * time.Second,
		},
		{
			name: "the old pod was created with a shorter drainSeconds",
			o:    withSlices(observed(begun(drainingFor(20)), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, remove traffic from performer-x-0", requeueAfter: 20 * time.Second,
		},
		{
			name: "the old pod was created with a longer drainSeconds",
			o:    withSlices(observed(begun(drainingFor(5)), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "drainSeconds is 0: delete the old pod at once",
			o:    withSlices(observed(begun(drainingFor(0)), older(0, ready(0), withoutSleep), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "reading the slices is forbidden: wait",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow.Add(-9 * time.Second))
			})),
			want: "patch service", requeueAfter: 2250 * time.Millisecond,
		},
		{
			name: "reading the slices is forbidden: waited long enough",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow.Add(-10 * time.Second))
			})),
			want: "patch service, delete performer-x-0", requeueAfter: whole - 10*time.Second,
		},
		{
			name:         "the old pod is terminating and drains",
			o:            withBothPorts(observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), deletedAgo(4*time.Second)), testPod(first, 1, ready(0)))),
			requeueAfter: 6 * time.Second,
		},
		{
			name: "the old pod is terminating and has drained",
			o:    withBothPorts(observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), deletedAgo(10*time.Second)), testPod(first, 1, ready(0)))),
		},
		{
			name: "the old pod drains by its labels",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(4*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service", requeueAfter: 6 * time.Second,
		},
		{
			name: "the old pod has drained by its labels",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(10*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},
		{
			name: "drainSeconds is 0",
			o:    observed(newPerformer(settled, status(1, "performer-x-1"), drainingFor(0)), older(0, ready(0), draining(0)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},

		// Interruptions.
		{
			name: "a newer spec supersedes a pod that never served",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Image = "repo:9" }), older(0, ready(0)),
				testPod(first, 1, waitingForTraffic))),
			want: "delete performer-x-1, record ordinal 2, create pod 2", requeueAfter: rest,
		},
		{
			name: "rollback while the old pod serves: keep it",
			o:    withService(observed(before, older(0, ready(0)), testPod(first, 1, waitingForTraffic)), before),
			want: "delete performer-x-1",
		},
		{
			name: "rollback while the old pod drains: move the traffic back",
			o:    withSlices(withService(observed(before, older(0, ready(0), draining(time.Second)), testPod(first, 1, ready(0))), before), "performer-x-1"),
			want: "patch service, traffic to performer-x-0", requeueAfter: slicesPoll,
		},
		{
			name: "the new pod becomes unready while the old one drains: move the traffic back",
			o:    withService(observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(time.Second)), testPod(first, 1)), first),
			want: "patch service, traffic to performer-x-0",
		},
		{
			name: "the old pod is evicted while the new one is not ready: copy it",
			o:    withService(observed(begun(), older(0, dying), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record ordinal 2, copy performer-x-0 to pod 2", requeueAfter: rest,
		},
		{
			name: "the old pod ended while the new one is not ready: delay the copy",
			o:    withService(observed(begun(), older(0, ended(4*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", requeueAfter: 6 * time.Second,
		},
		{
			name: "the old pod ended and the delay is over: copy it",
			o:    withService(observed(begun(), older(0, ended(10*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record ordinal 2, copy performer-x-0 to pod 2, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "the copy already exists",
			o:    withService(observed(begun(), older(0, dying), older(2), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", requeueAfter: rest,
		},
		{
			name: "the old pod is evicted and the desired pod can't be created: copy it",
			o:    withService(observed(upgrading(tee), older(0, dying)), before),
			want: "patch service, record ordinal 1, copy performer-x-0 to pod 1", problem: ReasonInvalidSpec,
		},
		{
			name: "the old pod is evicted before the new one exists: copy it, or else create the new one",
			o:    withService(observed(upgrading(), older(0, evicted)), before),
			want: "patch service, record ordinal 1, copy performer-x-0 to pod 1 or create pod, delete performer-x-0", requeueAfter: whole,
		},
		{
			name: "the Service has no port for the new pod yet: the old pod keeps its traffic",
			o: withSlices(withService(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }),
				older(0, ready(0), func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "" }),
				testPod(newPerformer(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }), 1, ready(0))), before, func(s *corev1.Service) {
				s.Spec.Ports[0].TargetPort = intstr.FromInt32(before.Spec.Config.GRPCPort)
			}), "performer-x-1"),
			want: "patch service", requeueAfter: rest,
		},
		{
			name: "unknown hardware: create and delete nothing",
			o:    withBothPorts(observed(upgrading(tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},
		{
			name: "the deadline has passed: no requeue",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Hour)}
			}), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
		},

		// Recreate.
		{
			name: "Recreate: delete the old pod first",
			o:    observed(upgrading(recreate), older(0, ready(0))),
			want: "patch service, try performer-x-1, delete performer-x-0", requeueAfter: whole,
		},
		{
			name: "Recreate: wait until the old pod is gone",
			o:    observed(begun(recreate), older(0, dying)), requeueAfter: rest,
		},
		{
			name: "Recreate: the old pod is gone",
			o:    observed(begun(recreate)),
			want: "create pod 1", requeueAfter: rest,
		},
		{
			name: "Recreate: a pod that ended is deleted and counted as a failure",
			o:    observed(newPerformer(settled, recreate, status(0, "performer-x-0")), testPod(running, 0, ended(10*time.Second))),
			want: "delete performer-x-0, record ordinal 0",
		},
		{
			name: "Recreate set during an upgrade takes effect at the next step",
			o:    withSlices(observed(begun(recreate), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-1"),
			want: "patch service, delete performer-x-0", requeueAfter: rest,
		},
		{
			name: "Recreate: unknown hardware deletes nothing",
			o:    withBothPorts(observed(upgrading(recreate, tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},
	})
}

// TestRecreateRecordsTheReplacement replaces a pod by one of the same revision. The recorded status has
// the time of the upgrade, and does not report the deleted pod as ready.
func TestRecreateRecordsTheReplacement(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		p.Status.UpdateRevision, p.Status.CurrentRevision = render.Revision(&p.Spec), render.Revision(&p.Spec)
	})
	plan := planOf(observed(p, testPod(p, 0, ready(0), func(pod *corev1.Pod) {
		pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
	})), testSettings)
	if got := brief(plan); got != "try performer-x-1, delete performer-x-0, record ordinal 0" {
		t.Fatalf("actions: %s", got)
	}
	recorded := plan.Actions[2].(WriteStatus).Status
	if recorded.Ready || recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("recorded: ready %v, last upgrade %v", recorded.Ready, recorded.LastUpgrade)
	}
}
