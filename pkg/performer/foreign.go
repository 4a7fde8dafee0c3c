// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// maxNamedPods is how many of several pods a message names.
const maxNamedPods = 3

// foreignEndpoint reports the pods of others that the Service selects, or nil. The operator does not touch
// what the Performer does not own, and the selector never changes, so only their owner can end it. They are
// reported whether or not they are ready: that may change at any time.
func (a *Assessment) foreignEndpoint() *Problem {
	if a.Service == nil || a.Service.DeletionTimestamp != nil || len(a.ForeignPods) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(render.ServiceSelector(a.Performer))
	var names []string
	controllers := map[string]string{}
	for _, pod := range a.ForeignPods {
		if state := stateOf(pod); state != podFinished && state != podDying && selector.Matches(labels.Set(pod.Labels)) {
			names = append(names, pod.Name)
			controllers[pod.Name] = controllerOf(pod)
		}
	}
	if len(names) == 0 {
		return nil
	}
	// Caches list pods in any order, and the message must not vary.
	slices.Sort(names)
	named := names[:min(len(names), maxNamedPods)]
	texts := make([]string, len(named))
	for i, name := range named {
		texts[i] = fmt.Sprintf("%s (%s)", name, controllers[name])
	}
	pods, more := strings.Join(texts, ", "), ""
	if len(names) > len(named) {
		more = fmt.Sprintf(" and %d more", len(names)-len(named))
	}
	sentence := "Pod %s%s has the labels by which Service %s selects, and receives"
	if len(names) > 1 {
		sentence = "Pods %s%s have the labels by which Service %s selects, and receive"
	}
	return &Problem{Terminal, ReasonForeignEndpoint, fmt.Sprintf(sentence+" calls meant for this Performer while ready: "+
		"run kubectl label pod -n %s %s %s-, and remove the label where a controller sets it",
		pods, more, a.Service.Name, a.Performer.Namespace, strings.Join(named, " "), render.LabelServing)}
}

// controllerOf says which object controls the pod.
func controllerOf(pod *corev1.Pod) string {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return "without a controller"
	}
	return fmt.Sprintf("controlled by %s %s", owner.Kind, owner.Name)
}
