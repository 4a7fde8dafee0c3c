// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/contention"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// statusRepair is the key of the writes of a status that somebody else changed.
const statusRepair = "status"

// repairKey identifies what an action restores, so that the same repair is recognized when it is made
// again; empty for an action that is no repair. Times are not part of it.
func repairKey(action performer.Action) string {
	write := performer.WriteOf(action)
	switch a := action.(type) {
	case performer.PatchPod:
		if key, _ := trafficKeys(a); key != "" {
			return key
		}
		annotations := maps.Clone(a.Annotations)
		if annotations[render.AnnotationResizingSince] != "" {
			annotations[render.AnnotationResizingSince] = "now"
		}
		return fmt.Sprint(write, a.Labels, annotations)
	case performer.PatchService:
		return fmt.Sprint(write, a.Change.Labels, a.Change.Selector, a.Change.Ports != nil)
	case performer.CreateService, performer.AdoptService, performer.AdoptPod, performer.CreateBudget, performer.PatchBudget:
		return fmt.Sprint(write)
	case performer.SetFinalizers:
		return fmt.Sprint(write, a.Finalizers)
	default:
		return ""
	}
}

// trafficKeys returns the key of a patch that moves traffic to or from a pod, and that of its inverse, which
// the operator itself may make when readiness changes; both are empty for another patch.
func trafficKeys(a performer.PatchPod) (key, inverse string) {
	serving, draining := "serving "+a.Live.Name, "draining "+a.Live.Name
	switch {
	case a.Annotations[render.AnnotationServingSince] != "":
		return serving, draining
	case a.Annotations[render.AnnotationDrainingSince] != "":
		return draining, serving
	default:
		return "", ""
	}
}

// undoneRepair returns the key of the repair that the operator itself undoes by an action; empty if there is
// none.
func undoneRepair(action performer.Action) string {
	switch a := action.(type) {
	case performer.PatchPod:
		_, inverse := trafficKeys(a)
		return inverse
	case performer.DeleteBudget:
		return repairKey(performer.CreateBudget{Budget: a.Live})
	default:
		return ""
	}
}

// contention returns the problem that a repair is undone again and again. It reads the object once, since
// the caches drop the managed fields.
func (e *execution) contention(ctx context.Context, action performer.Action) *performer.Problem {
	write := performer.WriteOf(action)
	target := write.Target
	what, paths := repairedFields(action)
	object := strings.TrimSpace(target.Kind + " " + target.Name)
	message := fmt.Sprintf("%s: somebody changes %s each time the operator restores them", object, what)
	if write.Verb == performer.VerbCreate {
		message = object + " is deleted each time the operator creates it"
	} else if live, err := e.read(ctx, target); err == nil {
		if manager := lastManager(live, paths); manager != "" {
			message = fmt.Sprintf("%s: manager %q changes %s each time the operator restores them", object, manager, what)
		}
	}
	return &performer.Problem{
		Kind: performer.Waiting, Reason: performer.ReasonContended,
		Message: message + "; the operator retries with growing delays: exempt the object from what changes it",
	}
}

// statusContention returns the problem that the status is changed again and again.
func (e *execution) statusContention(ctx context.Context) *performer.Problem {
	who := "somebody"
	if live, err := e.read(ctx, performer.Target{Kind: performer.KindPerformer}); err == nil {
		manager := contention.LastManager(live, func(entry *metav1.ManagedFieldsEntry) bool {
			return entry.Manager != ownManager() && entry.Subresource == "status"
		})
		if manager != "" {
			who = fmt.Sprintf("manager %q", manager)
		}
	}
	return &performer.Problem{
		Kind: performer.Waiting, Reason: performer.ReasonContended,
		Message: "Performer: " + who + " changes the status each time the operator writes it; the operator retries with growing delays: " +
			"stop what changes it, such as a second operator",
	}
}

// ownManager returns the name that the API server takes from client-go's user agent for this process.
func ownManager() string { return filepath.Base(os.Args[0]) }

// repairedFields describes the fields that an action restores, and returns their paths in managedFields.
func repairedFields(action performer.Action) (what string, paths [][]string) {
	metadata := func(field string, values map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(values)) {
			paths = append(paths, []string{"f:metadata", "f:" + field, "f:" + key})
		}
		if len(values) > 0 {
			what += fmt.Sprintf(" and %s %s", field, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
	}
	spec := func(field string) {
		paths = append(paths, []string{"f:spec", "f:" + field})
		what += " and spec." + field
	}
	switch a := action.(type) {
	case performer.PatchPod:
		metadata("labels", a.Labels)
		metadata("annotations", a.Annotations)
	case performer.PatchService:
		metadata("labels", a.Change.Labels)
		if a.Change.Selector != nil {
			spec("selector")
		}
		if a.Change.Ports != nil {
			spec("ports")
		}
	case performer.PatchBudget:
		what = " and spec, labels or owner references"
		paths = [][]string{{"f:spec"}, {"f:metadata", "f:labels"}, {"f:metadata", "f:ownerReferences"}}
	case performer.SetFinalizers:
		what, paths = " and finalizers", [][]string{{"f:metadata", "f:finalizers"}}
	default:
		what, paths = " and owner references", [][]string{{"f:metadata", "f:ownerReferences"}}
	}
	return strings.TrimPrefix(what, " and "), paths
}

// read reads the live object of a target.
func (e *execution) read(ctx context.Context, target performer.Target) (metav1.Object, error) {
	namespace := e.name.Namespace
	switch target.Kind {
	case performer.KindPod:
		return e.kube.CoreV1().Pods(namespace).Get(ctx, target.Name, metav1.GetOptions{})
	case performer.KindService:
		return e.kube.CoreV1().Services(namespace).Get(ctx, target.Name, metav1.GetOptions{})
	case performer.KindBudget:
		return e.kube.PolicyV1().PodDisruptionBudgets(namespace).Get(ctx, target.Name, metav1.GetOptions{})
	default:
		return e.hourglass.HourglassV1alpha1().Performers(namespace).Get(ctx, e.name.Name, metav1.GetOptions{})
	}
}

// lastManager returns the name of the manager that last wrote one of the fields, or, if none owns any of
// them since they were removed, of the one that last wrote the object. It is empty if that was this
// process, or is not known.
func lastManager(object metav1.Object, paths [][]string) string {
	self := ownManager()
	others := func(entry *metav1.ManagedFieldsEntry) bool {
		return entry.Manager != self && entry.Subresource != "status"
	}
	return cmp.Or(
		contention.LastManager(object, func(entry *metav1.ManagedFieldsEntry) bool {
			return others(entry) && contention.Owns(entry, paths...)
		}),
		contention.LastManager(object, others))
}
