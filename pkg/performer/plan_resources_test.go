// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestPlanOfOtherResources(t *testing.T) {
	checkPlans(t, []planTest{
		{
			name: "other resources: on the running pod",
			o:    observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "begin resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "other resources, begun",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
			})),
			want: "resize performer-x-0",
		},
		{
			name: "other resources than those that were refused",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources], pod.Annotations[render.AnnotationResizeRefused] = resizing, "other"
			})),
			want: "begin resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "the kubelet is at it",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
			})),
		},
		{
			name: "it is done",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the cluster refused",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			})),
			want: "record 1, create pod 1",
		},
		{
			name: "the kubelet is of a version that can't",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults,
				containerState(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, nil))),
			want: "note that performer-x-0 can't be resized, record 1, create pod 1",
		},
		{
			name: "less than a thousandth of a CPU, which the server rounds up",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("0.3333")), testPod(newPerformer(cpu("0.3333")), 0, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse("334m")
			}, serverDefaults, func(pod *corev1.Pod) {
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the kubelet can't now: the deadline runs",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, Reason: corev1.PodReasonError,
					LastTransitionTime: metav1.NewTime(testNow.Add(-time.Minute))})
			})),
			requeueAfter: whole - time.Minute,
		},
		{
			name: "the pod with other resources can't run, and the one that served is evicted: a copy of that",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("1000")), testPod(newPerformer(cpu("1")), 0, serverDefaults, evicted, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("1000")).Spec)
			}), testPod(newPerformer(cpu("1000")), 1, waitingForTraffic, serverDefaults)),
			want: "record 2, copy performer-x-0 to 2, delete performer-x-0",
		},
		{
			name: "the cluster refused, and that is taken back",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Annotations[render.AnnotationResizeRefused] = "other"
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the same resources in other words",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1"), func(p *v1alpha1.Performer) {
				p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000m")}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "end resize of performer-x-0",
		},
		{
			name: "the node never can",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible})
			})),
			want: "note that performer-x-0 can't be resized, record 1, create pod 1",
		},
		{
			name: "a pod with other resources starts: the deadline runs",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2"), unreadySince(time.Minute), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			requeueAfter: rest,
		},
		{
			name: "a pod that no longer is ready, long after its upgrade: no deadline",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), unreadySince(time.Hour), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-2 * time.Hour)}
			}), testPod(running, 0)),
		},
		{
			name: "the pod with other resources was ready once, and the one before has been told to end: no copy",
			o: observed(newPerformer(settled, status(1, "performer-x-1"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults, draining(time.Minute), dying, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, serverDefaults)),
		},
		{
			name: "the kubelet is of a version that can't, and the container starts again",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults,
				containerState(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, &corev1.ContainerStateTerminated{})),
				testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			want: "note that performer-x-0 can't be resized",
		},
		{
			name: "what the kubelet said of the resize before does not count",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources], pod.Generation = resizing, 3
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible, ObservedGeneration: 2})
			})),
		},
		{
			name: "a limit goes, which a running pod can't lose",
			o:    observed(running, testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "record 1, create pod 1",
		},
	})
}
