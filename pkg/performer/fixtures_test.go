// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Fixtures of this package's tests: a Performer x in the namespace ns, and pods in the states that the
// rules distinguish.

var (
	testNow      = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testSettings = Settings{ClusterDomain: render.DefaultClusterDomain, TEEs: render.DefaultTEEs()}
)

func newPerformer(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{
			Name: "x", Namespace: "ns", UID: "uid-x", Generation: 1, Finalizers: []string{render.Finalizer},
		},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress:      "0xabc",
			Image:           "repo:1",
			ImagePullPolicy: corev1.PullIfNotPresent,
			Config:          v1alpha1.PerformerConfig{GRPCPort: render.DefaultGRPCPort},
		},
		Status: v1alpha1.PerformerStatus{ObservedGeneration: -1},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

// testPod returns the pod of the given ordinal for the spec of p, as the API server would return it:
// scheduled, serving for an hour, and not ready.
func testPod(p *v1alpha1.Performer, ordinal int32, change ...func(*corev1.Pod)) *corev1.Pod {
	pod := render.Pod(p, ordinal, render.Hardware{})
	render.SetServing(pod, testNow.Add(-time.Hour))
	pod.UID = types.UID("uid-" + pod.Name)
	pod.Generation = 1
	pod.CreationTimestamp = metav1.NewTime(testNow.Add(-time.Hour))
	pod.Status.Phase = corev1.PodPending
	for _, f := range change {
		f(pod)
	}
	return pod
}

func ready(since time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Phase = corev1.PodRunning
		setPodCondition(pod, corev1.PodCondition{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(testNow.Add(-since)),
		})
	}
}

func ended(ago time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Phase = corev1.PodFailed
		pod.Status.Conditions = nil
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: render.ContainerName,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 3, Reason: "Error", FinishedAt: metav1.NewTime(testNow.Add(-ago)),
			}},
		}}
	}
}

// waitingForTraffic makes the pod one that was created next to a serving pod.
func waitingForTraffic(pod *corev1.Pod) {
	delete(pod.Labels, render.LabelServing)
	delete(pod.Annotations, render.AnnotationServingSince)
}

// servingFor makes the pod one that got its traffic the given time ago.
func servingFor(ago time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow.Add(-ago))
	}
}

// draining makes the pod one that lost its traffic the given time ago.
func draining(ago time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		waitingForTraffic(pod)
		pod.Annotations[render.AnnotationDrainingSince] = render.Timestamp(testNow.Add(-ago))
	}
}

// withoutSleep makes the pod one that does not drain by itself, such as a pod of the earlier operator.
func withoutSleep(pod *corev1.Pod) {
	pod.Spec.Containers[0].Lifecycle = nil
}

// without removes a label, as somebody else might.
func without(label string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { delete(pod.Labels, label) }
}

func dying(pod *corev1.Pod) {
	pod.DeletionTimestamp = &metav1.Time{Time: testNow.Add(30 * time.Second)}
}

// deletedAgo makes the pod one that was deleted the given time ago, and is in its grace period.
func deletedAgo(ago time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		grace := *pod.Spec.TerminationGracePeriodSeconds
		pod.DeletionTimestamp = &metav1.Time{Time: testNow.Add(time.Duration(grace)*time.Second - ago)}
		pod.DeletionGracePeriodSeconds = &grace
	}
}

// drainingFor sets drainSeconds.
func drainingFor(seconds int32) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: &seconds}
	}
}

func evicted(pod *corev1.Pod) {
	ended(0)(pod)
	setPodCondition(pod, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue})
}

func unschedulable(message string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		setPodCondition(pod, corev1.PodCondition{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message,
		})
	}
}

func waiting(reason, message string) func(*corev1.Pod) {
	return containerState(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}, nil)
}

func containerState(now corev1.ContainerState, last *corev1.ContainerStateTerminated) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: render.ContainerName, Image: "repo:1", State: now,
			LastTerminationState: corev1.ContainerState{Terminated: last},
		}}
	}
}

func setPodCondition(pod *corev1.Pod, c corev1.PodCondition) {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == c.Type {
			pod.Status.Conditions[i] = c
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, c)
}

// status sets the ordinal and the pod name in the status.
func status(ordinal int32, podName string) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) {
		p.Status.PodOrdinal, p.Status.PodName = ordinal, podName
	}
}

func observed(p *v1alpha1.Performer, pods ...*corev1.Pod) Observed {
	return Observed{Performer: p, Pods: pods, Service: render.Service(p, portsOf(Observed{Performer: p})), Now: testNow}
}

func planOf(o Observed, s Settings) Plan { return Assess(o, s).Plan() }

func statusOf(o Observed, s Settings, problem *Problem) v1alpha1.PerformerStatus {
	return Assess(o, s).Status(problem)
}

// portsOf returns the ports that the Service should have.
func portsOf(o Observed) []corev1.ServicePort { return Assess(o, testSettings).servicePorts() }

// earlierPod returns a pod as the earlier operator created it: without an ordinal in its name, without
// our labels and annotations, and with the defaults of the API server.
func earlierPod(p *v1alpha1.Performer) *corev1.Pod {
	return testPod(p, 0, ready(time.Hour), func(pod *corev1.Pod) {
		pod.Name = "performer-x"
		pod.Annotations = nil
		pod.Labels = map[string]string{render.LabelApp: render.AppName, render.LabelPerformer: p.Name, render.LabelAVS: p.Spec.AVSAddress}
		pod.Spec.SecurityContext = &corev1.PodSecurityContext{}
		pod.Spec.EnableServiceLinks, pod.Spec.AutomountServiceAccountToken = nil, nil
		pod.Spec.ServiceAccountName = "default"
		c := &pod.Spec.Containers[0]
		c.Resources.Requests = requests(c.Resources)
		c.StartupProbe, c.ReadinessProbe, c.LivenessProbe, c.SecurityContext = nil, nil, nil, nil
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: corev1.TaintNodeNotReady})
	})
}

// earlierService makes the Service one of the earlier operator whose labels have been restored.
func earlierService(s *corev1.Service) {
	s.Spec.Selector = map[string]string{render.LabelPerformer: "x"}
	s.Spec.Ports[0].AppProtocol = nil
}

// richSpec returns a spec with fields of every group that shapes the pod.
func richSpec() v1alpha1.PerformerSpec {
	return v1alpha1.PerformerSpec{
		AVSAddress: "0x1", Image: "repo@sha256:0", ImagePullPolicy: corev1.PullAlways, Version: "v1",
		Config: v1alpha1.PerformerConfig{
			GRPCPort:    1234,
			Environment: map[string]string{"A": "1", "B": "2"},
			Args:        []string{"a"}, Command: []string{"c"}, ServiceAccountName: "sa",
		},
		Scheduling: &v1alpha1.SchedulingConfig{
			NodeSelector: map[string]string{"n": "1"},
			Tolerations:  []corev1.Toleration{{Key: "t", Operator: corev1.TolerationOpExists}},
			Affinity:     &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}},
			RuntimeClass: "rc", PriorityClassName: "pc",
		},
		ImagePullSecrets:              []corev1.LocalObjectReference{{Name: "pull"}},
		TerminationGracePeriodSeconds: ptr.To[int64](60),
		PodLabels:                     map[string]string{"team": "a"},
		PodAnnotations:                map[string]string{"note": "b"},
		SecurityContext:               &corev1.SecurityContext{RunAsNonRoot: ptr.To(true)},
		PodSecurityContext:            &corev1.PodSecurityContext{FSGroup: ptr.To[int64](1)},
		Volumes:                       []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		VolumeMounts:                  []corev1.VolumeMount{{Name: "v", MountPath: "/v"}},
	}
}
