// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// trim keeps the fields that package performer reads, and drops the others before an object is cached. A
// trimmed Pod or Service must never be sent in an update, which would erase the dropped fields.
func trim(obj any) (any, error) {
	switch o := obj.(type) {
	case *v1alpha1.Performer:
		// Its status is updated from the cached object, which therefore stays complete.
		o.ManagedFields = nil
	case *corev1.Pod:
		return trimPod(o), nil
	case *corev1.Service:
		return trimService(o), nil
	case *corev1.Node:
		trimNode(o)
	case *policyv1.PodDisruptionBudget:
		// Its status changes with every pod that becomes ready.
		*o = policyv1.PodDisruptionBudget{ObjectMeta: trimMeta(&o.ObjectMeta), Spec: o.Spec}
	case *lifecyclev1alpha1.Eviction:
		return trimEviction(o), nil
	}
	return obj, nil
}

// readAnnotations are the annotations of a pod that package performer reads.
var readAnnotations = []string{
	render.AnnotationRevision,
	render.AnnotationResources,
	render.AnnotationAdmittedImage,
	render.AnnotationRequestedResources,
	render.AnnotationResizeRefused,
	render.AnnotationResizingSince,
	render.AnnotationServingSince,
	render.AnnotationDrainingSince,
	render.AnnotationMovedFrom,
}

func trimPod(pod *corev1.Pod) *corev1.Pod {
	trimmed := &corev1.Pod{ObjectMeta: trimMeta(&pod.ObjectMeta)}
	for _, key := range readAnnotations {
		if value, ok := pod.Annotations[key]; ok {
			metav1.SetMetaDataAnnotation(&trimmed.ObjectMeta, key, value)
		}
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		trimmed.Spec.Containers = append(trimmed.Spec.Containers, corev1.Container{
			Name: c.Name, Image: c.Image, Ports: c.Ports, Resources: c.Resources, Lifecycle: render.SleepOf(c.Lifecycle),
		})
	}
	trimmed.Spec.NodeName = pod.Spec.NodeName
	trimmed.Spec.TerminationGracePeriodSeconds = pod.Spec.TerminationGracePeriodSeconds
	// The other fields of init containers are not read, and take much memory.
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		trimmed.Spec.InitContainers = append(trimmed.Spec.InitContainers, corev1.Container{Name: c.Name, RestartPolicy: c.RestartPolicy})
	}
	trimmed.Spec.SchedulingGates, trimmed.Spec.ReadinessGates = pod.Spec.SchedulingGates, pod.Spec.ReadinessGates
	trimmed.Status = corev1.PodStatus{
		Phase:      pod.Status.Phase,
		Reason:     pod.Status.Reason,
		Message:    pod.Status.Message,
		Conditions: pod.Status.Conditions,
		StartTime:  pod.Status.StartTime,

		InitContainerStatuses: trimContainerStatuses(pod.Status.InitContainerStatuses),
		ContainerStatuses:     trimContainerStatuses(pod.Status.ContainerStatuses),
	}
	return trimmed
}

func trimContainerStatuses(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	var trimmed []corev1.ContainerStatus
	for i := range statuses {
		c := &statuses[i]
		trimmed = append(trimmed, corev1.ContainerStatus{
			Name:                 c.Name,
			Image:                c.Image,
			Ready:                c.Ready,
			RestartCount:         c.RestartCount,
			State:                trimContainerState(c.State),
			LastTerminationState: trimContainerState(c.LastTerminationState),
			Resources:            c.Resources,
		})
	}
	return trimmed
}

// trimContainerState drops the message of a container that terminated, which may have 4 KiB.
func trimContainerState(state corev1.ContainerState) corev1.ContainerState {
	if t := state.Terminated; t != nil {
		state.Terminated = &corev1.ContainerStateTerminated{ExitCode: t.ExitCode, Reason: t.Reason, FinishedAt: t.FinishedAt}
	}
	return state
}

func trimService(service *corev1.Service) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: trimMeta(&service.ObjectMeta),
		Spec: corev1.ServiceSpec{
			Type:       service.Spec.Type,
			ClusterIP:  service.Spec.ClusterIP,
			ClusterIPs: service.Spec.ClusterIPs,
			IPFamilies: service.Spec.IPFamilies,
			Selector:   service.Spec.Selector,
			Ports:      service.Spec.Ports,
		},
	}
}

// trimNode keeps what the state of a node depends on. It changes the node in place: a thousand kubelets
// update their nodes every few minutes, and more often in a storm.
func trimNode(node *corev1.Node) {
	var conditions []corev1.NodeCondition
	for i := range node.Status.Conditions {
		if c := &node.Status.Conditions[i]; c.Type == corev1.NodeReady {
			ready := corev1.NodeCondition{Type: c.Type, Status: c.Status}
			if c.Status != corev1.ConditionTrue {
				ready.Reason, ready.Message, ready.LastTransitionTime = c.Reason, c.Message, c.LastTransitionTime
			}
			conditions = []corev1.NodeCondition{ready}
		}
	}
	*node = corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, UID: node.UID, ResourceVersion: node.ResourceVersion},
		Spec:       corev1.NodeSpec{Unschedulable: node.Spec.Unschedulable, Taints: node.Spec.Taints},
		Status:     corev1.NodeStatus{Conditions: conditions},
	}
}

// trimEviction keeps the target, who requests the eviction, whether that ended, and what concerns the operator
// as a responder.
func trimEviction(e *lifecyclev1alpha1.Eviction) *lifecyclev1alpha1.Eviction {
	trimmed := &lifecyclev1alpha1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: e.Name, Namespace: e.Namespace, UID: e.UID, ResourceVersion: e.ResourceVersion},
		Spec:       e.Spec,
	}
	trimmed.Status.Requesters = e.Status.Requesters
	for _, c := range e.Status.Conditions {
		if c.Status == metav1.ConditionTrue {
			trimmed.Status.Conditions = append(trimmed.Status.Conditions, metav1.Condition{Type: c.Type, Status: c.Status})
		}
	}
	for _, r := range e.Status.TargetResponders {
		if r.Name == render.EvictionResponder {
			trimmed.Status.TargetResponders = []lifecyclev1alpha1.TargetResponder{r}
		}
	}
	for _, r := range e.Status.Responders {
		if r.Name == render.EvictionResponder {
			trimmed.Status.Responders = []lifecyclev1alpha1.ResponderStatus{r}
		}
	}
	return trimmed
}

func trimMeta(meta *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:                       meta.Name,
		Namespace:                  meta.Namespace,
		UID:                        meta.UID,
		ResourceVersion:            meta.ResourceVersion,
		Generation:                 meta.Generation,
		CreationTimestamp:          meta.CreationTimestamp,
		DeletionTimestamp:          meta.DeletionTimestamp,
		DeletionGracePeriodSeconds: meta.DeletionGracePeriodSeconds,
		Labels:                     meta.Labels,
		OwnerReferences:            meta.OwnerReferences,
		Finalizers:                 meta.Finalizers,
	}
}
