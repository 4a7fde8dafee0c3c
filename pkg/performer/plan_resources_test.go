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

func TestPlanResize(t *testing.T) {
	checkPlans(t, []planTest{
		{
			name: "other resources: resize the running pod",
			o:    observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "start resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "other resources: the resize has started",
			o:    observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, resizes(newPerformer(cpu("2"))))),
			want: "resize performer-x-0", requeueAfter: rest,
		},
		{
			name: "other resources: a resize to others has started",
			o:    observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, resizes(newPerformer(cpu("3"))))),
			want: "start resize of performer-x-0, resize performer-x-0", requeueAfter: rest,
		},
		{
			name: "other resources than the refused ones: resize again",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources], pod.Annotations[render.AnnotationResizeRefused] = resizing, "other"
			})),
			want: "start resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "the API server accepted the resize",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), resizes(newPerformer(cpu("2"))), func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Resources = newPerformer(cpu("2")).Spec.Resources
			}, serverDefaults)),
			want: "record resize of performer-x-0", requeueAfter: rest,
		},
		{
			name:         "the kubelet resizes the pod, or does nothing: the progress deadline applies",
			o:            observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, resizes(nil))),
			requeueAfter: rest,
		},
		{
			name: "the resize began ahead of our clock, or at no time",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, resizes(nil), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizingSince] = render.Timestamp(testNow.Add(time.Hour))
			})),
			want: "record resize of performer-x-0", requeueAfter: whole,
		},
		{
			name: "the kubelet resized the pod",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "finish resize of performer-x-0",
		},
		{
			name: "the cluster refused the resize: replace the pod",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			})),
			want: "record ordinal 1, create pod 1",
		},
		{
			name: "the kubelet is too old to resize: replace the pod",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults,
				containerState(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, nil))),
			want: "record refused resize of performer-x-0, record ordinal 1, create pod 1",
		},
		{
			name: "a fraction of a thousandth of a CPU, which the server rounds up",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("0.3333")), testPod(newPerformer(cpu("0.3333")), 0, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse("334m")
			}, serverDefaults, func(pod *corev1.Pod) {
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "finish resize of performer-x-0",
		},
		{
			name: "the kubelet fails to resize: the progress deadline applies",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, resizes(nil), func(pod *corev1.Pod) {
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, Reason: corev1.PodReasonError})
			})),
			requeueAfter: rest,
		},
		{
			name: "the pod with other resources is not ready and the serving pod is evicted: copy the serving pod",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("1000")), testPod(newPerformer(cpu("1")), 0, serverDefaults, evicted, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("1000")).Spec)
			}), testPod(newPerformer(cpu("1000")), 1, waitingForTraffic, serverDefaults)),
			want: "record ordinal 2, copy performer-x-0 to pod 2, delete performer-x-0",
		},
		{
			name: "the cluster refused the resize and the spec was reverted",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Annotations[render.AnnotationResizeRefused] = "other"
			})),
			want: "finish resize of performer-x-0",
		},
		{
			name: "the same resources, written differently",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1"), func(p *v1alpha1.Performer) {
				p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000m")}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "finish resize of performer-x-0",
		},
		{
			name: "the resize is infeasible on the node: replace the pod",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible})
			})),
			want: "record refused resize of performer-x-0, record ordinal 1, create pod 1",
		},
		{
			name: "a pod with other resources is starting: the progress deadline applies",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2"), unreadySince(time.Minute), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			requeueAfter: rest,
		},
		{
			name: "a pod is no longer ready, long after its upgrade: no deadline",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), unreadySince(time.Hour), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-2 * time.Hour)}
			}), testPod(running, 0)),
		},
		{
			name: "the pod with other resources has been ready and its predecessor is terminating: no copy",
			o: observed(newPerformer(settled, status(1, "performer-x-1"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults, draining(time.Minute), dying, func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, serverDefaults)),
		},
		{
			name: "the kubelet is too old to resize and the container restarts",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults,
				containerState(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, &corev1.ContainerStateTerminated{})),
				testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			want: "record refused resize of performer-x-0",
		},
		{
			name: "the condition of an earlier resize does not count",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				resizes(nil)(pod)
				pod.Generation = 3
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible, ObservedGeneration: 2})
			})),
			requeueAfter: rest,
		},
		{
			name: "a limit is removed, which a resize can't do: replace the pod",
			o:    observed(running, testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "record ordinal 1, create pod 1",
		},
	})
}
