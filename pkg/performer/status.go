// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// NextStatus returns the status that tells what o holds, with problem, if not nil, as what keeps
// the operator from doing what is asked. It equals the present status where there is nothing new
// to tell, so comparing the two says whether to write.
func NextStatus(o Observed, s Settings, problem *Problem) v1alpha1.PerformerStatus {
	p := o.Performer
	status := *p.Status.DeepCopy()
	status.ObservedGeneration = p.Generation
	status.UpdateRevision = Revision(&p.Spec)

	views := viewPods(o, s)
	shown := tellOfPod(&status, views)

	// An object may only tell of a Service that is really its own.
	status.ServiceName, status.GRPCEndpoint = "", ""
	if o.Service != nil {
		status.ServiceName = o.Service.Name
		status.GRPCEndpoint = endpoint(p, s.ClusterDomain, dialPort(o.Service, shown, GRPCPort(&p.Spec)))
	}

	serves := shown != nil && shown.state == podReady && shown.mismatch == ""
	if beginsUpgrade(&p.Status, &status, serves) && (problem == nil || problem.Kind != Terminal) {
		now := metav1Time(o.Now)
		status.LastUpgrade = &now
	}
	sit := situate(o, &status, views, problem)
	status.Ready = sit.available
	if status.FailureCount > 0 && sit.upToDate && o.Now.Sub(readySince(shown.Pod)) >= failuresForgivenAfter {
		status.FailureCount = 0
	}
	setConditions(&status, sit.conditions(), p.Generation, o.Now)
	if status.Phase = sit.phase(); status.Phase != p.Status.Phase {
		// Where it is missing it stays so until then: since when the phase is what it is nobody knows
		// any more, and a new version of the operator must not write to every Performer to say so.
		now := metav1Time(o.Now)
		status.PhaseTransitionTime = &now
	}
	return status
}

// shownPod returns the pod that serves, or is to serve, or nil.
func shownPod(views []podView) *podView {
	if shown := favoured(views); shown != nil {
		return shown
	}
	return current(views)
}

// beginsUpgrade tells whether next is the first status to tell of the revision that is asked for, while
// another one serves or has served; or the same one, to which an upgrade goes back, and which does not
// serve now.
func beginsUpgrade(before, next *v1alpha1.PerformerStatus, serves bool) bool {
	return next.CurrentRevision != "" && before.UpdateRevision != next.UpdateRevision && !serves
}

// tellOfPod fills in what the status says of the pod that serves, or is to serve, and returns that
// pod, or nil where there is none.
func tellOfPod(status *v1alpha1.PerformerStatus, views []podView) *podView {
	shown := shownPod(views)
	if shown == nil {
		// The name stays until the next pod is decided on: it tells that that ordinal is used up.
		status.ReadyTime, status.RestartCount = nil, 0
		return nil
	}
	if status.PodName != shown.Name {
		status.PodName, status.ReadyTime = shown.Name, nil
	}
	status.PodOrdinal = max(status.PodOrdinal, shown.ordinal)
	status.RestartCount = 0
	if c := performerContainerStatus(shown.Pod); c != nil {
		status.RestartCount = c.RestartCount
	}
	if shown.state == podReady {
		since := metav1Time(readySince(shown.Pod))
		status.ReadyTime = &since
		status.CurrentRevision = shown.revision()
		if c := performerContainer(shown.Pod); c != nil {
			status.CurrentImage = c.Image
		}
	}
	return shown
}

// worstPodProblem returns the problem of the pod that is asked for, or of the one that ended and
// whose successor waits.
func worstPodProblem(asked *podView, views []podView, hw *v1alpha1.HardwareRequirements) *Problem {
	if asked != nil {
		return podProblem(asked, hw)
	}
	for i := range views {
		if v := &views[i]; v.mismatch == "" && endedByItself(v) {
			return podProblem(v, hw)
		}
	}
	return nil
}

// situate gathers what the conditions and the phase are made of.
func situate(o Observed, status *v1alpha1.PerformerStatus, views []podView, problem *Problem) situation {
	p := o.Performer
	sit := situation{
		deleting: p.DeletionTimestamp != nil,
		problem:  problem,
		shown:    shownPod(views),
		asked:    current(views),
		handing:  len(handover(views)) > 0,
		endpoint: status.GRPCEndpoint,
		from:     status.CurrentRevision,
		to:       status.UpdateRevision,
		wasReady: status.ReadyTime != nil,
	}
	if sit.problem == nil {
		sit.problem = worstPodProblem(sit.asked, views, p.Spec.HardwareRequirements)
	}
	if asked := sit.asked; asked != nil && podConditionTrue(asked.Pod, corev1.PodScheduled) {
		// Worth telling where it was told that no node takes the pod. Else it is a step like others.
		was := conditionOf(&p.Status, v1alpha1.ConditionReady)
		sit.scheduled = was != nil && (was.Reason == ReasonSchedulingFailed || was.Reason == ReasonHardwareUnavailable || was.Reason == ReasonScheduled)
	}
	if left, counts := progressDeadlineLeft(o, views); counts && left <= 0 {
		sit.overdue = true
	}
	if strategyOf(p) == v1alpha1.RecreateUpgrade && sit.asked == nil && len(views) > 0 {
		// Caches give them in any order, and the message must not vary.
		sit.waitsFor = slices.MinFunc(views, func(a, b podView) int { return cmp.Compare(a.Name, b.Name) }).Name
	}
	service := o.Service != nil && o.Service.DeletionTimestamp == nil
	sit.available = service && sit.shown != nil && sit.shown.state == podReady && !sit.deleting &&
		(sit.shown.serves() || !hasOurSelector(p, o.Service))
	sit.upToDate = sit.available && sit.shown.mismatch == "" && sit.shown.resize == resizeNone && !sit.handing &&
		sit.problem == nil && hasOurSelector(p, o.Service)
	return sit
}

// situation is what the conditions and the phase are made of.
type situation struct {
	deleting, available, upToDate, handing, wasReady, scheduled, overdue bool

	problem  *Problem
	shown    *podView // the pod that serves, or is to serve
	asked    *podView // the pod that is asked for
	waitsFor string   // the pod that has to be gone before that is made
	endpoint string
	from, to string
}

func (s *situation) upgrading() bool {
	return s.from != "" && s.from != s.to || s.handing
}

// conditions returns the conditions in their order, without generation and times.
func (s *situation) conditions() []metav1.Condition {
	reason, message := s.progress()
	stalled := !s.deleting && (s.overdue || s.problem != nil && s.problem.Kind == Terminal)
	degraded := condition(v1alpha1.ConditionDegraded, false, ReasonAsExpected, "Nothing is wrong")
	if s.problem != nil && !s.deleting {
		reason, message = s.problem.Reason, s.problem.Message
		degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
	}
	if s.overdue && !s.deleting && (s.problem == nil || s.problem.Kind != Terminal) {
		reason, message = ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: "+message+s.silence()
		if s.problem == nil {
			degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
		}
	}
	available := condition(v1alpha1.ConditionAvailable, false, reason, message)
	if s.available {
		available = condition(v1alpha1.ConditionAvailable, true, ReasonServiceReady,
			fmt.Sprintf("%s routes to Pod %s, which is ready", s.endpoint, s.shown.Name))
	}
	conditions := []metav1.Condition{
		available,
		condition(v1alpha1.ConditionProgressing, !stalled, reason, message),
		degraded,
	}
	switch {
	case stalled:
		conditions = append(conditions, condition(v1alpha1.ConditionStalled, true, reason, message))
	case !s.upToDate:
		conditions = append(conditions, condition(v1alpha1.ConditionReconciling, true, reason, message))
	}
	return append(conditions, condition(v1alpha1.ConditionReady, s.upToDate, reason, message))
}

// silence says so where the container runs and is not heard of, which is no problem until it lasts.
func (s *situation) silence() string {
	if s.asked == nil || s.asked.state == podReady || s.problem != nil {
		return ""
	}
	if c := performerContainerStatus(s.asked.Pod); c == nil || c.State.Running == nil {
		return ""
	}
	port, _ := listensOn(s.asked.Pod, DefaultGRPCPort)
	return fmt.Sprintf("; its container is running but does not answer grpc.health.v1.Health/Check with SERVING on port %d", port)
}

// progress says how far the Performer is, problems apart.
func (s *situation) progress() (reason, message string) {
	switch {
	case s.deleting:
		return ReasonTerminating, "The Performer is being deleted"
	case s.upToDate:
		return ReasonPodReady, fmt.Sprintf("Pod %s serves at %s", s.shown.Name, s.endpoint)
	case s.handing:
		return ReasonUpgradeInProgress, fmt.Sprintf("Moving the traffic to Pod %s", s.shown.Name)
	case s.waitsFor != "":
		reason = ReasonNoPod
		if s.upgrading() {
			reason = ReasonUpgradeInProgress
		}
		return reason, fmt.Sprintf("Waiting for Pod %s to be gone, as the upgrade strategy Recreate requires", s.waitsFor)
	case s.upgrading() && s.asked != nil:
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s by %s: waiting for Pod %s to be ready", s.from, s.to, s.asked.Name)
	case s.upgrading():
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s by %s", s.from, s.to)
	case s.asked != nil && s.asked.resize != resizeNone:
		return ReasonResizeInProgress, fmt.Sprintf("Resizing Pod %s in place to the requested resources", s.asked.Name)
	case s.shown == nil:
		return ReasonNoPod, "There is no Pod yet"
	case s.shown.state == podReady:
		return ReasonNoService, fmt.Sprintf("Pod %s is ready, but the Service does not route to it yet", s.shown.Name)
	case s.wasReady:
		return ReasonPodUnready, fmt.Sprintf("Pod %s was ready and no longer is", s.shown.Name)
	case s.scheduled:
		return ReasonScheduled, fmt.Sprintf("Pod %s has a node now: waiting for it to be ready", s.shown.Name)
	default:
		return ReasonPodStarting, fmt.Sprintf("Waiting for Pod %s to be ready", s.shown.Name)
	}
}

func (s *situation) phase() v1alpha1.PerformerPhase {
	switch {
	case s.deleting:
		return v1alpha1.PhaseTerminating
	case s.problem != nil && s.problem.Kind != Waiting && !s.available:
		return v1alpha1.PhaseFailed
	case s.upgrading():
		return v1alpha1.PhaseUpgrading
	case s.available:
		return v1alpha1.PhaseRunning
	default:
		return v1alpha1.PhasePending
	}
}

func condition(conditionType string, value bool, reason, message string) metav1.Condition {
	status := metav1.ConditionFalse
	if value {
		status = metav1.ConditionTrue
	}
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message}
}

func conditionOf(status *v1alpha1.PerformerStatus, conditionType string) *metav1.Condition {
	return apimeta.FindStatusCondition(status.Conditions, conditionType)
}

// maxMessageLength is what the CRD allows for the message of a condition.
const maxMessageLength = 32768

// setConditions replaces the conditions, keeping the transition time of each whose status stays.
func setConditions(status *v1alpha1.PerformerStatus, conditions []metav1.Condition, generation int64, now time.Time) {
	for i := range conditions {
		c := &conditions[i]
		c.ObservedGeneration = generation
		if len(c.Message) > maxMessageLength {
			c.Message = c.Message[:maxMessageLength]
		}
		c.LastTransitionTime = metav1Time(now)
		if old := conditionOf(status, c.Type); old != nil && old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
	}
	status.Conditions = conditions
}

// metav1Time returns t to the second, as the API server keeps it: a finer one would differ from
// what comes back, and look like a change.
func metav1Time(t time.Time) metav1.Time {
	return metav1.NewTime(t).Rfc3339Copy()
}

// An Event tells people of a transition.
type Event struct {
	// Type is corev1.EventTypeNormal or corev1.EventTypeWarning.
	Type string
	// Reason is one of the Reason constants.
	Reason  string
	Message string
}

// Events returns what to tell of the step from one status to the next. A status that says the same
// gives none.
func Events(before, after *v1alpha1.PerformerStatus) []Event {
	var events []Event
	tell := func(eventType, conditionType string, want metav1.ConditionStatus, andNewReason bool) {
		now := conditionOf(after, conditionType)
		if now == nil || now.Status != want {
			return
		}
		was := conditionOf(before, conditionType)
		if was == nil || was.Status != want || andNewReason && was.Reason != now.Reason {
			events = append(events, Event{eventType, now.Reason, now.Message})
		}
	}
	if after.CurrentRevision != "" && !before.LastUpgrade.Equal(after.LastUpgrade) {
		message := fmt.Sprintf("Replacing revision %s by %s", after.CurrentRevision, after.UpdateRevision)
		if after.CurrentRevision == after.UpdateRevision {
			message = fmt.Sprintf("Replacing the Pod of revision %s with one that has the requested resources and image", after.CurrentRevision)
		}
		events = append(events, Event{corev1.EventTypeNormal, ReasonUpgradeInProgress, message})
	}
	if before.Ready && !after.Ready && after.Phase != v1alpha1.PhaseTerminating && after.Phase != v1alpha1.PhaseUpgrading {
		tell(corev1.EventTypeWarning, v1alpha1.ConditionAvailable, metav1.ConditionFalse, false)
	}
	tell(corev1.EventTypeWarning, v1alpha1.ConditionDegraded, metav1.ConditionTrue, true)
	tell(corev1.EventTypeNormal, v1alpha1.ConditionReady, metav1.ConditionTrue, false)
	// What makes a performer unavailable often is its problem too; once is enough.
	return slices.CompactFunc(events, func(a, b Event) bool { return a.Message == b.Message })
}
