// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// An Action is one write to the API server. The executor carries out the actions of a plan in their
// order and stops at the first that fails.
type Action interface{ isAction() }

type (
	// CreateService makes the Service.
	CreateService struct{ Service *corev1.Service }
	// PatchService gives a live Service back what it lost.
	PatchService struct {
		Live   *corev1.Service
		Change ServiceChange
	}
	// DeleteService deletes the Service.
	DeleteService struct{ Live *corev1.Service }

	// WriteStatus writes the status before the actions behind it, so that the ordinal of the pod to
	// come is on record whatever happens next.
	WriteStatus struct{ Status v1alpha1.PerformerStatus }
	// CreatePod makes a pod. The ordinal in its name is on record.
	CreatePod struct {
		Pod     *corev1.Pod
		Ordinal int32
	}
	// PatchPod sets labels on a live pod.
	PatchPod struct {
		Live   *corev1.Pod
		Labels map[string]string
	}
	// DeletePod deletes a pod gracefully. Why is for people.
	DeletePod struct {
		Live *corev1.Pod
		Why  string
	}

	// SetFinalizers sets the finalizers of the Performer.
	SetFinalizers struct{ Finalizers []string }
)

func (CreateService) isAction() {}
func (PatchService) isAction()  {}
func (DeleteService) isAction() {}
func (WriteStatus) isAction()   {}
func (CreatePod) isAction()     {}
func (PatchPod) isAction()      {}
func (DeletePod) isAction()     {}
func (SetFinalizers) isAction() {}

// A Plan is what to do next.
type Plan struct {
	// Actions to carry out, in order.
	Actions []Action
	// Problem that keeps the plan from doing more, or nil.
	Problem *Problem
	// LookAgain is when to plan again though nothing changes; 0: there is no need.
	LookAgain time.Duration
	// Abandoned names the pods that a deletion no longer waits for.
	Abandoned []string
}

func (p *Plan) do(actions ...Action) {
	p.Actions = append(p.Actions, actions...)
}

// lookAgain asks for another plan in d, or sooner where that was asked for already.
func (p *Plan) lookAgain(d time.Duration) {
	if p.LookAgain == 0 || d < p.LookAgain {
		p.LookAgain = d
	}
}

// Times that the rules name.
const (
	// firstRetryDelay is how long the successor of a pod that ended by itself waits; it doubles
	// with each further one, up to maxRetryDelay.
	firstRetryDelay = 10 * time.Second
	maxRetryDelay   = 5 * time.Minute
	// failuresForgivenAfter is how long a pod must be ready for its predecessors' failures to be
	// forgotten.
	failuresForgivenAfter = 10 * time.Minute
	// abandonAfter is how long past its grace period a deletion waits for a pod. A kubelet that
	// lives needs seconds; one that does not, never comes back with an answer.
	abandonAfter = 2 * time.Minute
)

// MakePlan decides what to do next for the Performer of o.
func MakePlan(o Observed, s Settings) Plan {
	if o.Performer.DeletionTimestamp != nil {
		return planDeletion(o)
	}
	var plan Plan
	hw, problem := resolveHardware(o.Performer.Spec.HardwareRequirements)
	if p := nameProblem(o.Performer.Name); p != nil {
		problem = p
	}
	if problem == nil {
		planService(&plan, o)
		planPods(&plan, o, s, hw)
	}
	plan.Problem = problem
	planFinalizer(&plan, o, s)
	return plan
}

func planService(plan *Plan, o Observed) {
	switch live := o.Service; {
	case live == nil:
		plan.do(CreateService{buildService(o.Performer)})
	case live.DeletionTimestamp != nil:
		// Its deletion event brings us back.
	default:
		if change := ServiceChangeFor(o.Performer, live); !change.empty() {
			plan.do(PatchService{live, change})
		}
	}
}

// planPods keeps one pod of what is asked for now. A pod that is not what is asked for is replaced
// by making its successor first, so that a spec which the API server refuses takes nothing down.
func planPods(plan *Plan, o Observed, s Settings, hw hardware) {
	p := o.Performer
	views := viewPods(o)
	cur := current(views)
	if cur == nil {
		if wait := retryDelay(o, views); wait > 0 {
			plan.lookAgain(wait)
			return
		}
		planSuccessor(plan, o, s, hw, views)
	} else {
		if labels := missingLabels(cur.Labels, podLabels(p, Revision(&p.Spec))); labels != nil {
			plan.do(PatchPod{cur.Pod, labels})
		}
		if p.Status.FailureCount > 0 && cur.state == podReady {
			if left := failuresForgivenAfter - o.Now.Sub(readySince(cur.Pod)); left > 0 {
				plan.lookAgain(left)
			}
		}
	}
	for _, v := range views {
		switch {
		case v.state == podDying, cur != nil && v.Pod == cur.Pod:
		case v.mismatch != "":
			plan.do(DeletePod{v.Pod, v.mismatch})
		case v.state == podFinished:
			plan.do(DeletePod{v.Pod, "it ended by itself"})
		default:
			plan.do(DeletePod{v.Pod, "a newer one takes its place"})
		}
	}
}

// planSuccessor makes a pod where there is none of what is asked for now.
func planSuccessor(plan *Plan, o Observed, s Settings, hw hardware, views []podView) {
	p := o.Performer
	ordinal, recorded := nextOrdinal(o)
	if !recorded {
		status := NextStatus(o, s, nil)
		status.PodOrdinal = ordinal
		status.FailureCount = nextFailureCount(p, views)
		if beginsUpgrade(p, views) {
			now := metav1Time(o.Now)
			status.LastUpgrade = &now
		}
		plan.do(WriteStatus{status})
	}
	plan.do(CreatePod{buildPod(p, ordinal, hw), ordinal})
}

// beginsUpgrade tells whether a successor is made because the spec changed, and not because a pod
// was lost.
func beginsUpgrade(p *v1alpha1.Performer, views []podView) bool {
	if was := p.Status.UpdateRevision; was != "" && was != Revision(&p.Spec) {
		return true
	}
	return slices.ContainsFunc(views, func(v podView) bool { return v.alive() && v.mismatch != "" })
}

// nextOrdinal returns the ordinal for a new pod, and whether it is on record already. It is where
// the pod recorded last was never made known: then it may not have been made at all.
func nextOrdinal(o Observed) (ordinal int32, recorded bool) {
	status := o.Performer.Status
	highest := HighestOrdinal(o)
	if status.PodName != PodName(o.Performer.Name, status.PodOrdinal) && highest < status.PodOrdinal {
		return status.PodOrdinal, true
	}
	return max(status.PodOrdinal, highest) + 1, false
}

// retryDelay returns how long the successor of a pod that ended by itself still has to wait. A pod
// that was evicted or preempted did not end by itself, and one of another spec says nothing about
// this one.
func retryDelay(o Observed, views []podView) time.Duration {
	var wait time.Duration
	for _, v := range views {
		if v.mismatch == "" && endedByItself(v) {
			delay := maxRetryDelay
			if n := o.Performer.Status.FailureCount; n < 5 {
				delay = firstRetryDelay << n
			}
			wait = max(wait, delay-o.Now.Sub(finishedAt(v.Pod)))
		}
	}
	return wait
}

// nextFailureCount returns the count to record with a successor.
func nextFailureCount(p *v1alpha1.Performer, views []podView) int32 {
	for _, v := range views {
		if v.mismatch == "" && endedByItself(v) {
			return p.Status.FailureCount + 1
		}
	}
	if p.Status.UpdateRevision != Revision(&p.Spec) {
		return 0
	}
	return p.Status.FailureCount
}

func endedByItself(v podView) bool {
	return v.state == podFinished && !podConditionTrue(v.Pod, corev1.DisruptionTarget)
}

// finishedAt returns when a finished pod ended, as near as its status tells.
func finishedAt(pod *corev1.Pod) time.Time {
	at := pod.CreationTimestamp.Time
	if ready := podCondition(pod, corev1.PodReady); ready != nil && ready.LastTransitionTime.After(at) {
		at = ready.LastTransitionTime.Time
	}
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil && t.FinishedAt.After(at) {
			at = t.FinishedAt.Time
		}
	}
	return at
}

// readySince returns when a ready pod became ready.
func readySince(pod *corev1.Pod) time.Time {
	if ready := podCondition(pod, corev1.PodReady); ready != nil {
		return ready.LastTransitionTime.Time
	}
	return time.Time{}
}

func planFinalizer(plan *Plan, o Observed, s Settings) {
	finalizers := o.Performer.Finalizers
	has := slices.Contains(finalizers, Finalizer)
	switch {
	case s.WithoutFinalizer && has:
		plan.do(SetFinalizers{withoutFinalizer(finalizers)})
	case !s.WithoutFinalizer && !has:
		plan.do(SetFinalizers{append(slices.Clone(finalizers), Finalizer)})
	}
}

func withoutFinalizer(finalizers []string) []string {
	return slices.DeleteFunc(slices.Clone(finalizers), func(f string) bool { return f == Finalizer })
}

// planDeletion takes down Service and pods, and lets the Performer go when they are gone. Traffic
// stops first, then the pods get their grace period.
func planDeletion(o Observed) Plan {
	var plan Plan
	p := o.Performer
	if !slices.Contains(p.Finalizers, Finalizer) {
		// Others hold it; owner references see to what is left.
		return plan
	}
	done := SetFinalizers{withoutFinalizer(p.Finalizers)}
	if slices.Contains(p.Finalizers, orphanFinalizer) {
		plan.do(done)
		return plan
	}
	if o.Service != nil && o.Service.DeletionTimestamp == nil {
		plan.do(DeleteService{o.Service})
	}
	waiting := false
	for _, v := range viewPods(o) {
		switch {
		case v.state != podDying:
			plan.do(DeletePod{v.Pod, "the Performer is being deleted"})
			waiting = true
		case o.Now.Before(v.DeletionTimestamp.Add(abandonAfter)):
			plan.lookAgain(v.DeletionTimestamp.Add(abandonAfter).Sub(o.Now))
			waiting = true
		default:
			plan.Abandoned = append(plan.Abandoned, v.Name)
		}
	}
	if !waiting {
		plan.do(done)
		plan.LookAgain = 0
	}
	return plan
}

// orphanFinalizer is what the API server puts on an object that is deleted with --cascade=orphan.
const orphanFinalizer = "orphan"

// missingLabels returns those of want that have lacks or has otherwise, or nil.
func missingLabels(have, want map[string]string) map[string]string {
	var missing map[string]string
	for key, value := range want {
		if have[key] != value {
			if missing == nil {
				missing = map[string]string{}
			}
			missing[key] = value
		}
	}
	return missing
}
