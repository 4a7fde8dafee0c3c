// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// A Target is the object that an action writes to.
type Target struct {
	// Kind is one of the Kind constants.
	Kind string
	// Name of the object; empty for the Performer itself.
	Name string
}

// The kinds of targets.
const (
	KindPerformer = "Performer"
	KindPod       = "Pod"
	KindService   = "Service"
	KindBudget    = "PodDisruptionBudget"
	KindEviction  = "Eviction"
)

// A Verb is what an action does to its target.
type Verb string

// The verbs of actions.
const (
	VerbCreate Verb = "create"
	VerbTry    Verb = "try" // a dry run of a creation
	VerbPatch  Verb = "patch"
	VerbResize Verb = "resize"
	VerbDelete Verb = "delete"
	VerbReport Verb = "report" // the status
)

// A Write is a verb and its target. Two actions of the same Write succeed or fail for the same reasons.
type Write struct {
	Verb Verb
	Target
}

// WriteOf returns the write of an action. For a CopyPod it names the source and not the copy: if the copy
// fails, nothing else may happen to the source.
func WriteOf(action Action) Write {
	pod := func(verb Verb, pod *corev1.Pod) Write { return Write{verb, Target{KindPod, pod.Name}} }
	service := func(verb Verb, service *corev1.Service) Write {
		return Write{verb, Target{KindService, service.Name}}
	}
	budget := func(verb Verb, budget *policyv1.PodDisruptionBudget) Write {
		return Write{verb, Target{KindBudget, budget.Name}}
	}
	switch a := action.(type) {
	case CreateService:
		return service(VerbCreate, a.Service)
	case AdoptService:
		return service(VerbPatch, a.Live)
	case PatchService:
		return service(VerbPatch, a.Live)
	case DeleteService:
		return service(VerbDelete, a.Live)
	case TryPod:
		return pod(VerbTry, a.Pod)
	case CreatePod:
		return pod(VerbCreate, a.Pod)
	case CopyPod:
		return pod(VerbCreate, a.Source)
	case AdoptPod:
		return pod(VerbPatch, a.Live)
	case PatchPod:
		return pod(VerbPatch, a.Live)
	case ResizePod:
		return pod(VerbResize, a.Live)
	case DeletePod:
		return pod(VerbDelete, a.Live)
	case CreateBudget:
		return budget(VerbCreate, a.Budget)
	case PatchBudget:
		return budget(VerbPatch, a.Live)
	case DeleteBudget:
		return budget(VerbDelete, a.Live)
	case WriteStatus:
		return Write{VerbReport, Target{Kind: KindPerformer}}
	default: // SetFinalizers
		return Write{VerbPatch, Target{Kind: KindPerformer}}
	}
}

// after returns the writes that must have succeeded before an action.
func after(action Action) []Write {
	switch a := action.(type) {
	case DeleteService:
		return a.After
	case WriteStatus:
		return a.After
	case DeletePod:
		return a.After
	case SetFinalizers:
		return a.After
	case CreatePod, CopyPod:
		return []Write{{VerbReport, Target{Kind: KindPerformer}}} // which records the ordinal
	default:
		return nil
	}
}

// Failures are the writes that failed while a plan is executed. The execution continues with the actions
// that don't depend on them, so that one refusal blocks as little as possible.
type Failures map[Write]bool

// Add records that the action failed, or was skipped.
func (f Failures) Add(action Action) { f[WriteOf(action)] = true }

// Block reports whether the action must be skipped.
func (f Failures) Block(action Action) bool {
	needed := after(action)
	write := WriteOf(action)
	for failed := range f {
		if slices.Contains(needed, failed) {
			return true
		}
		// A pod that can't be patched can still be deleted, which is how an upgrade then ends.
		if failed.Target == write.Target && (write.Verb != VerbDelete || failed.Verb == VerbCreate) {
			return true
		}
	}
	return false
}
