// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestTrimmingChangesNoDecision compares the decisions on full objects with those on trimmed ones, in
// every state that a decision distinguishes.
func TestTrimmingChangesNoDecision(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "u", Generation: 3, Finalizers: []string{render.Finalizer}},
		Spec:       v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"},
	}
	settings := performer.Settings{ClusterDomain: render.DefaultClusterDomain}
	var pod *corev1.Pod
	var service *corev1.Service
	for _, action := range performer.Assess(performer.Observed{Performer: p, Now: now}, settings).Plan().Actions {
		switch a := action.(type) {
		case performer.CreatePod:
			pod = a.Pod
		case performer.CreateService:
			service = a.Service
		}
	}
	// Fields that the server, the kubelet and users set.
	pod.UID, pod.ResourceVersion, pod.CreationTimestamp = "p", "7", metav1.NewTime(now)
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubelet"}}
	pod.Annotations["mine"] = "1"
	pod.Spec.NodeName = "n"
	pod.Spec.Volumes = []corev1.Volume{{Name: "v"}}
	pod.Status.PodIP = "10.0.0.1"
	service.Annotations = map[string]string{"mine": "1"}
	service.Spec.ClusterIP = "10.96.0.9"
	// The deadline has passed, so that the status says what a pod waits for.
	p.Status.UpdateRevision = render.Revision(&p.Spec)
	p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(now.Add(-time.Hour))}}
	pod.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour))

	running := corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now)},
	}}
	container := func(state corev1.ContainerState) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: render.ContainerName, Image: "repo:1", ImageID: "x", RestartCount: 4, State: state}}
	}
	runs := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-time.Minute))}}
	crashed := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error", Message: "the end of the log", FinishedAt: metav1.NewTime(now.Add(-2 * time.Minute))}}
	// inject adds an init container to a pod whose own container waits for it.
	inject := func(pod *corev1.Pod, policy *corev1.ContainerRestartPolicy, state corev1.ContainerState) {
		pod.Spec.InitContainers = []corev1.Container{{Name: "injected", Image: "mesh:1", RestartPolicy: policy, Env: []corev1.EnvVar{{Name: "a", Value: "b"}}}}
		pod.Status.InitContainerStatuses = container(state)
		pod.Status.InitContainerStatuses[0].Name = "injected"
		pod.Status.ContainerStatuses = container(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}})
	}
	for name, change := range map[string]func(*corev1.Pod, *corev1.Service){
		"starting":       func(*corev1.Pod, *corev1.Service) {},
		"ready":          func(pod *corev1.Pod, _ *corev1.Service) { pod.Status = running },
		"terminating":    func(pod *corev1.Pod, _ *corev1.Service) { pod.DeletionTimestamp = &metav1.Time{Time: now} },
		"other revision": func(pod *corev1.Pod, _ *corev1.Service) { pod.Annotations[render.AnnotationRevision] = "x" },
		"other resources": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationResources] = "x"
		},
		"draining": func(pod *corev1.Pod, _ *corev1.Service) {
			delete(pod.Labels, render.LabelServing)
			pod.Annotations[render.AnnotationDrainingSince] = now.Format(time.RFC3339)
			pod.Annotations[render.AnnotationRevision] = "x"
			pod.Spec.Containers[0].Ports[0].ContainerPort = 1
			pod.Status = running
		},
		"resized": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationResources] = "resizing"
			pod.Status.ContainerStatuses = container(corev1.ContainerState{})
			pod.Status.ContainerStatuses[0].Resources = &corev1.ResourceRequirements{}
		},
		"other resources requested": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationResources] = "x"
			pod.Annotations[render.AnnotationRequestedResources] = `{"limits":{"cpu":"1"}}`
		},
		"being resized": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationResources] = "resizing"
			pod.Annotations[render.AnnotationResizingSince] = now.Add(-time.Hour).Format(time.RFC3339)
			pod.Status = running
		},
		"resize refused": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationResources] = "x"
			pod.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&p.Spec)
		},
		"edited image": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Generation, pod.Spec.Containers[0].Image = 2, "x"
		},
		"unschedulable": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "no room"}}
		},
		"crashed": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Status.ContainerStatuses = container(crashed)
		},
		"crash loop": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Status = running
			pod.Status.ContainerStatuses = container(runs)
			pod.Status.ContainerStatuses[0].LastTerminationState = crashed
		},
		"unhealthy": func(pod *corev1.Pod, _ *corev1.Service) { pod.Status.ContainerStatuses = container(runs) },
		"scheduling gate": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "a.b/c"}}
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonSchedulingGated, Message: "gated"}}
		},
		"readiness gate": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "a.b/c"}}
			pod.Status.ContainerStatuses = container(runs)
			pod.Status.ContainerStatuses[0].Ready = true
		},
		"outdated, and a readiness gate has never been met": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Annotations[render.AnnotationRevision] = "x"
			pod.Status.StartTime = ptr.To(metav1.NewTime(now.Add(-time.Hour)))
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
				{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: *pod.Status.StartTime}}
		},
		"init container runs":    func(pod *corev1.Pod, _ *corev1.Service) { inject(pod, nil, runs) },
		"init container crashed": func(pod *corev1.Pod, _ *corev1.Service) { inject(pod, nil, crashed) },
		"sidecar is not ready": func(pod *corev1.Pod, _ *corev1.Service) {
			inject(pod, ptr.To(corev1.ContainerRestartPolicyAlways), runs)
		},
		"terminating, held by a finalizer": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.DeletionTimestamp, pod.Finalizers = &metav1.Time{Time: now}, []string{"a.b/c"}
		},
		"image pull error": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Status.ContainerStatuses = container(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no"}})
		},
		"evicted": func(pod *corev1.Pod, _ *corev1.Service) {
			pod.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory",
				Conditions: []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}}
		},
		"labels":   func(pod *corev1.Pod, service *corev1.Service) { pod.Labels, service.Labels = nil, nil },
		"selector": func(_ *corev1.Pod, service *corev1.Service) { service.Spec.Selector["x"] = "y" },
		"external name": func(pod *corev1.Pod, service *corev1.Service) {
			pod.Status, service.Spec.Type = running, corev1.ServiceTypeExternalName
		},
		"headless": func(pod *corev1.Pod, service *corev1.Service) {
			pod.Status, service.Spec.ClusterIP = running, corev1.ClusterIPNone
		},
		"the Service is terminating": func(pod *corev1.Pod, service *corev1.Service) {
			pod.Status = running
			service.DeletionTimestamp, service.Finalizers = &metav1.Time{Time: now}, []string{"a.b/c"}
		},
		"port": func(_ *corev1.Pod, service *corev1.Service) { service.Spec.Ports[0].TargetPort = intstr.FromInt32(1) },
	} {
		t.Run(name, func(t *testing.T) {
			fullPod, fullService := pod.DeepCopy(), service.DeepCopy()
			change(fullPod, fullService)
			p := p.DeepCopy()
			if fullPod.Finalizers != nil {
				p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
			}
			full := performer.Observed{Performer: p, Pods: []*corev1.Pod{fullPod}, Service: fullService, Now: now}
			trimmed := performer.Observed{Performer: p, Now: now,
				Pods:    []*corev1.Pod{mustTrim(t, fullPod.DeepCopy())},
				Service: mustTrim(t, fullService.DeepCopy()),
			}
			if a, b := performer.Assess(full, settings).Plan(), performer.Assess(trimmed, settings).Plan(); !samePlans(a, b) {
				t.Errorf("plans differ:\n%+v\n%+v", a, b)
			}
			if a, b := performer.Assess(full, settings).Status(nil), performer.Assess(trimmed, settings).Status(nil); !equality.Semantic.DeepEqual(a, b) {
				t.Errorf("statuses differ:\n%+v\n%+v", a, b)
			}
			if again := mustTrim(t, trimmed.Pods[0].DeepCopy()); !equality.Semantic.DeepEqual(again, trimmed.Pods[0]) {
				t.Error("trimming is not idempotent")
			}
		})
	}
}

// TestTrimmingSavesMemory checks that what admission and containers can make large is dropped.
func TestTrimmingSavesMemory(t *testing.T) {
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: strings.Repeat("x", 4096)}}
	large := []corev1.Container{{Name: "a", Env: []corev1.EnvVar{{Name: "a", Value: strings.Repeat("x", 1<<20)}}}}
	statuses := []corev1.ContainerStatus{{Name: "a", State: ended, LastTerminationState: ended}}
	pod := mustTrim(t, &corev1.Pod{
		Spec:   corev1.PodSpec{InitContainers: large, Containers: large},
		Status: corev1.PodStatus{InitContainerStatuses: statuses, ContainerStatuses: statuses},
	})
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 2048 {
		t.Errorf("%d bytes are left: %.2048s", len(text), text)
	}
}

func mustTrim[T any](t *testing.T, object T) T {
	t.Helper()
	trimmed, err := trim(object)
	if err != nil {
		t.Fatal(err)
	}
	return trimmed.(T)
}

// samePlans compares two plans. The live objects of their actions are the same if their names and
// versions are.
func samePlans(a, b performer.Plan) bool {
	for _, plan := range []*performer.Plan{&a, &b} {
		for i, action := range plan.Actions {
			switch action := action.(type) {
			case performer.PatchPod:
				action.Live = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: action.Live.Name, ResourceVersion: action.Live.ResourceVersion}}
				plan.Actions[i] = action
			case performer.DeletePod:
				action.Live = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: action.Live.Name, ResourceVersion: action.Live.ResourceVersion}}
				plan.Actions[i] = action
			case performer.PatchService:
				action.Live = nil
				plan.Actions[i] = action
			}
		}
	}
	return equality.Semantic.DeepEqual(a, b)
}
