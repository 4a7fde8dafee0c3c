// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// An Action is one write to the API server. The executor carries out the actions of a plan in their
// order and stops at the first that fails; but what pods need goes on where the API server refuses a
// change of the Service, or a copy.
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
	// CopyPod makes a pod like one that is going (CopyOf). The ordinal is on record. Otherwise is the
	// pod to make of that ordinal where the copy is refused, or nil.
	CopyPod struct {
		Source    *corev1.Pod
		Ordinal   int32
		Otherwise *corev1.Pod
	}
	// PatchPod sets labels and annotations on a live pod. An empty value removes the key.
	PatchPod struct {
		Live        *corev1.Pod
		Labels      map[string]string
		Annotations map[string]string
	}
	// ResizePod gives the container of a live pod other resources without a restart. Where the
	// cluster refuses, Hash is recorded on the pod in AnnotationResizeRefused.
	ResizePod struct {
		Live      *corev1.Pod
		Container string
		Resources corev1.ResourceRequirements
		Hash      string
	}
	// DeletePod deletes a pod gracefully. Why says it to people, Reason in a word.
	DeletePod struct {
		Live   *corev1.Pod
		Reason DeleteReason
		Why    string
	}

	// SetFinalizers sets the finalizers of the Performer.
	SetFinalizers struct{ Finalizers []string }
)

// A DeleteReason is why a pod is deleted, as it is counted.
type DeleteReason string

const (
	// DeletedWithPerformer: the Performer is being deleted.
	DeletedWithPerformer DeleteReason = "performer_deleted"
	// DeletedUpgraded: its successor has taken over, or is to.
	DeletedUpgraded DeleteReason = "upgraded"
	// DeletedSuperseded: it never served, and another spec is asked for.
	DeletedSuperseded DeleteReason = "superseded"
	// DeletedEnded: it ended by itself.
	DeletedEnded DeleteReason = "ended"
	// DeletedDuplicate: there is another one of the same revision.
	DeletedDuplicate DeleteReason = "duplicate"
)

func (CreateService) isAction() {}
func (PatchService) isAction()  {}
func (DeleteService) isAction() {}
func (WriteStatus) isAction()   {}
func (CreatePod) isAction()     {}
func (CopyPod) isAction()       {}
func (PatchPod) isAction()      {}
func (ResizePod) isAction()     {}
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

// then adds what another plan does.
func (p *Plan) then(next Plan) {
	p.do(next.Actions...)
	if next.LookAgain > 0 {
		p.lookAgain(next.LookAgain)
	}
}

// lookAgain asks for another plan in d, or sooner where that was asked for already.
func (p *Plan) lookAgain(d time.Duration) {
	if p.LookAgain == 0 || d < p.LookAgain {
		p.LookAgain = d
	}
}

// takeoverGrace is how long the pod of an earlier operator has our labels before its Service selects
// by them: the endpoint slice controller must have seen the labels first.
const takeoverGrace = 5 * time.Second

// MakePlan decides what to do next for the Performer of o.
func MakePlan(o Observed, s Settings) Plan {
	if o.Performer.DeletionTimestamp != nil {
		return planDeletion(o)
	}
	var plan Plan
	hw, _ := resolveHardware(o.Performer.Spec.HardwareRequirements, s.TEEs)
	views := viewPods(o, s)
	problem := nameProblem(o.Performer.Name)
	planLabels(&plan, o.Performer, views)
	planResizeRefused(&plan, o.Performer, views)
	if problem == nil {
		problem = specProblem(checkSpec(&o.Performer.Spec, s))
		planService(&plan, o, views)
		planPods(&plan, o, s, hw, views, problem == nil)
	}
	plan.Problem = problem
	if left, counts := progressDeadlineLeft(o, views); counts && left > 0 && problem == nil {
		plan.lookAgain(left)
	}
	planFinalizer(&plan, o, s)
	return plan
}

// planLabels puts back what somebody took off: the labels by which a pod is watched, selected and told
// apart. It comes first, so that what is out of sight without them is seen again.
func planLabels(plan *Plan, p *v1alpha1.Performer, views []podView) {
	for i := range views {
		v := &views[i]
		if lost := MissingPodLabels(p, v.Pod); lost != nil {
			plan.do(PatchPod{v.Pod, lost, nil})
		}
	}
}

// MissingPodLabels returns the labels that a pod of p lacks by which it is watched, selected and told
// apart, or nil. Of a pod that an earlier operator made, and that has not been taken over yet, that is
// only what it is watched by.
func MissingPodLabels(p *v1alpha1.Performer, pod *corev1.Pod) map[string]string {
	v := podView{Pod: pod}
	if v.revision() == "" {
		return missing(pod.Labels, map[string]string{LabelApp: AppName})
	}
	labels := podLabels(p, v.revision())
	if v.serves() {
		labels[LabelServing] = ServingTrue
	}
	return missing(pod.Labels, labels)
}

func planService(plan *Plan, o Observed, views []podView) {
	ports := servicePorts(o.Performer, views)
	switch live := o.Service; {
	case live == nil:
		plan.do(CreateService{buildService(o.Performer, ports)})
	case live.DeletionTimestamp != nil:
		// Its deletion event brings us back.
	default:
		change := serviceChange(o.Performer, live, ports)
		if takes := favoured(views); change.Selector != nil && takes != nil {
			if left := stampedAt(takes, AnnotationServingSince).Add(takeoverGrace).Sub(o.Now); !takes.serves() || left > 0 {
				change.Selector = nil
				plan.lookAgain(max(left, time.Second))
			}
		}
		if !change.empty() {
			plan.do(PatchService{live, change})
		}
	}
}

// planPods keeps one pod of what is asked for now, and traffic on the best one there is. Where what
// is asked for can't be made, it keeps up what there is.
func planPods(plan *Plan, o Observed, s Settings, hw hardware, views []podView, canMake bool) {
	p := o.Performer
	if planAdoption(plan, o, views, hw) {
		return
	}
	cur := current(views)
	if strategyOf(p) == v1alpha1.RecreateUpgrade {
		if canMake {
			planRecreate(plan, o, s, hw, views)
		}
	} else {
		planBlueGreen(plan, o, s, hw, views, canMake)
	}
	if cur == nil {
		return
	}
	if image := admittedImage(cur.Pod, p.Spec.Image); image != "" {
		plan.do(PatchPod{cur.Pod, nil, map[string]string{AnnotationAdmittedImage: image}})
	}
	planResize(plan, o, cur, addResources(p.Spec.Resources, hw.resources))
	if p.Status.FailureCount > 0 && cur.state == podReady {
		if left := failuresForgivenAfter - o.Now.Sub(readySince(cur.Pod)); left > 0 {
			plan.lookAgain(left)
		}
	}
}

// planBlueGreen makes the pod that is asked for beside what runs, and moves the traffic to it.
func planBlueGreen(plan *Plan, o Observed, s Settings, hw hardware, views []podView, canMake bool) {
	var creation Plan
	source, copying := planCopy(&creation, o, s, views)
	cur := current(views)
	waits := false
	if cur == nil && canMake {
		wait := retryDelay(o, views)
		switch {
		case wait > 0:
			creation.lookAgain(wait)
			waits = true
		case copying != nil:
			// Beside the copy it is made next.
			copying.Otherwise = buildPod(o.Performer, copying.Ordinal, hw)
		case favoured(views) != nil && !hasOurSelector(o.Performer, o.Service):
			// The Service would send traffic to the new pod at once; planService sees to that first.
		default:
			planSuccessor(&creation, o, s, hw, views)
		}
	}
	if copying != nil {
		creation.do(*copying)
	}
	// First the traffic, and what gives room: a pod that is refused ends the plan, and a quota may
	// have no room until an earlier one has gone.
	planTraffic(plan, o, views)
	plan.then(creation)
	if cur == nil && !canMake || waits {
		return
	}
	for i := range views {
		if v := &views[i]; v.state == podFinished && (copying != nil || source == nil || v.Pod != source.Pod) {
			plan.do(DeletePod{v.Pod, DeletedEnded, "it ended by itself"})
		}
	}
}

// planRecreate makes the pod that is asked for when all others are gone.
func planRecreate(plan *Plan, o Observed, s Settings, hw hardware, views []podView) {
	p, cur := o.Performer, current(views)
	if cur == nil {
		if wait := retryDelay(o, views); wait > 0 {
			plan.lookAgain(wait)
			return
		}
		if len(views) == 0 {
			planSuccessor(plan, o, s, hw, views)
			return
		}
	}
	replaces := false // a pod of this very revision
	for i := range views {
		v := &views[i]
		switch {
		case v.state == podDying:
		case cur != nil && v.Pod == cur.Pod:
			if !v.serves() {
				plan.do(PatchPod{v.Pod, map[string]string{LabelServing: ServingTrue}, map[string]string{AnnotationServingSince: stamp(o.Now), AnnotationDrainingSince: ""}})
			}
		case v.mismatch != "":
			replaces = replaces || v.alive() && v.revision() == Revision(&p.Spec)
			plan.do(DeletePod{v.Pod, DeletedUpgraded, v.mismatch})
		case v.state == podFinished:
			plan.do(DeletePod{v.Pod, DeletedEnded, "it ended by itself"})
		default:
			plan.do(DeletePod{v.Pod, DeletedDuplicate, "there is another one of the same revision"})
		}
	}
	// Recorded behind the deletions, lest it be recorded again and again where those fail: when the
	// successor is made nothing is left to tell of it.
	failures := p.Status.FailureCount
	if cur == nil {
		failures = max(failures, nextFailureCount(p, views))
	}
	if replaces || failures > p.Status.FailureCount {
		status := NextStatus(o.without(plan.Actions), s, nil)
		status.FailureCount = failures
		if replaces {
			now := metav1Time(o.Now)
			status.LastUpgrade = &now
		}
		plan.do(WriteStatus{status})
	}
}

// without returns what is observed once the pods that the actions delete are on their way out.
func (o Observed) without(actions []Action) Observed {
	o.Pods = slices.Clone(o.Pods)
	for _, action := range actions {
		if a, deletes := action.(DeletePod); deletes {
			dying := a.Live.DeepCopy()
			dying.DeletionTimestamp = &metav1.Time{Time: o.Now}
			o.Pods[slices.Index(o.Pods, a.Live)] = dying
		}
	}
	return o
}

// planSuccessor makes a pod where there is none of what is asked for now. It gets traffic from birth
// where no other has any.
func planSuccessor(plan *Plan, o Observed, s Settings, hw hardware, views []podView) {
	p := o.Performer
	ordinal, recorded := nextOrdinal(o)
	if !recorded {
		status := statusWithOrdinal(o, s, ordinal)
		status.FailureCount = nextFailureCount(p, views)
		if replacesRunning(views) {
			now := metav1Time(o.Now)
			status.LastUpgrade = &now
		}
		plan.do(WriteStatus{status})
	}
	pod := buildPod(p, ordinal, hw)
	if !slices.ContainsFunc(views, func(v podView) bool { return v.alive() && v.serves() }) {
		setServing(pod, o.Now)
	}
	plan.do(CreatePod{pod, ordinal})
}

// replacesRunning tells whether a successor is made though a pod lives, and not because one was lost.
func replacesRunning(views []podView) bool {
	return slices.ContainsFunc(views, func(v podView) bool { return v.alive() && v.mismatch != "" }) &&
		!slices.ContainsFunc(views, func(v podView) bool { return v.mismatch == "" })
}

// statusWithOrdinal is the status with the ordinal of a pod that is about to be made. It names no pod
// that is gone, so that the one to come is known not to have been made until it is named.
func statusWithOrdinal(o Observed, s Settings, ordinal int32) v1alpha1.PerformerStatus {
	status := NextStatus(o, s, nil)
	status.PodOrdinal = ordinal
	if shown := shownPod(viewPods(o, s)); shown == nil {
		status.PodName = ""
	}
	return status
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

// missing returns those of want that have lacks or has otherwise, or nil.
func missing(have, want map[string]string) map[string]string {
	var lacks map[string]string
	for key, value := range want {
		if have[key] != value {
			if lacks == nil {
				lacks = map[string]string{}
			}
			lacks[key] = value
		}
	}
	return lacks
}
