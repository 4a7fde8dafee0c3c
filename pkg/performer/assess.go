// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// Observed has the inputs to a decision.
type Observed struct {
	// Performer as last seen. It is never nil and never changed here.
	Performer *v1alpha1.Performer
	// Pods that the Performer controls, and its orphaned pods (IsOrphan), in any order. Those for which
	// NeedsFullObject holds are complete, as the API server returned them; of the others the controller
	// may have dropped the fields that this package does not read.
	Pods []*corev1.Pod
	// Service of the Performer's name, if the Performer controls it; else nil.
	Service *corev1.Service
	// Endpoints holds the names of the pods that the Service's endpoint slices show as ready. It is
	// nil where the slices were not read: because Assessment.NeedsEndpoints was false, or because
	// reading them is forbidden.
	Endpoints map[string]bool
	// Refused holds the writes that the API server refused lately. Where there is another way to the
	// same result, the plan takes it.
	Refused map[Write]bool
	// CreatedPods is how many pods were created for the present spec, one in place of the other.
	CreatedPods int
	// NextPod is when another one may be created, if they kept being replaced; the zero time if any time
	// is fine.
	NextPod time.Time
	// Leaving are the names of pods of an earlier Performer of this name, sorted, that are not gone yet.
	Leaving []string
	// ForeignPods are the pods that name the Performer in their labels, and are neither the Performer's nor
	// about to go, in any order.
	ForeignPods []*corev1.Pod
	// Contended is the problem to report while others keep undoing what the operator does, or nil.
	Contended *Problem
	// Nodes are the nodes that are not NodeUp, by name: those of the pods, and those that the pods were
	// moved from as far as they exist. It is nil if NodesKnown is false.
	Nodes map[string]Node
	// NodesKnown is whether the operator can read nodes.
	NodesKnown bool
	// NodesUnread is whether it may, as far as anybody knows, and could not yet. Then NodesKnown is false.
	NodesUnread bool
	// FailoversHeld says why no failover from a lost node may begin now, in words for a condition. It is
	// empty if one may.
	FailoversHeld string
	// Budget is the PodDisruptionBudget of render.BudgetName, if the Performer controls it or it is an orphan
	// (IsOrphan); else nil.
	Budget *policyv1.PodDisruptionBudget
	// OtherBudgets are the names of the PodDisruptionBudgets of others that select a pod of the Performer,
	// sorted.
	OtherBudgets []string
	// BudgetsKnown is whether the operator can read and write PodDisruptionBudgets.
	BudgetsKnown bool
	// BudgetsUnread is whether it may, as far as anybody knows, and could not read them yet. Then BudgetsKnown
	// is false.
	BudgetsUnread bool
	// Evictions are the Evictions of pods with names as the Performer's pods have them, for which the operator
	// is a responder, in any order. It is nil if EvictionsKnown is false.
	Evictions []*lifecyclev1alpha1.Eviction
	// EvictionsKnown is whether the operator can watch Evictions and respond to them.
	EvictionsKnown bool
	// EvictionsUnread is whether it may, as far as anybody knows, and could not read them yet. Then
	// EvictionsKnown is false.
	EvictionsUnread bool
	// Now is the time of the observation.
	Now time.Time
}

// RespondsToEvictions reports whether new pods name the operator as a responder of Evictions. Those that are
// created before the Evictions are read have it for as long as they run.
func (o Observed) RespondsToEvictions() bool { return o.EvictionsKnown || o.EvictionsUnread }

// HighestOrdinal returns the highest ordinal among the pods, or -1. A value above the status's
// PodOrdinal proves that the Performer as observed is out of date, or that its status was lost.
func (o Observed) HighestOrdinal() int32 {
	highest := int32(-1)
	for _, pod := range o.Pods {
		if ordinal, ok := render.PodOrdinal(o.Performer.Name, pod.Name); ok {
			highest = max(highest, ordinal)
		}
	}
	return highest
}

// Settings are the same for every Performer of an installation.
type Settings struct {
	// ClusterDomain is the DNS domain of the cluster, such as cluster.local.
	ClusterDomain string
	// WithoutFinalizer is set where the operator holds Roles in single namespaces only: deleting a
	// namespace may delete the operator's Role before the operator has removed its finalizers, which
	// would then block the deletion forever. Owner references clean up instead.
	WithoutFinalizer bool
	// TEEs are the trusted execution environments that a Performer can require, by type in lower case.
	TEEs map[string]render.TEE
}

// Assessment is the evaluated state of one Performer, computed once: what its spec desires, the state of
// each of its pods, and where its traffic belongs. Plan, Status and NeedsEndpoints are methods of it, so
// that all three use the same facts. It describes the moment of its observation: after a write, assess
// again.
type Assessment struct {
	Observed
	settings Settings

	// The desired state, from the spec.
	revision      string
	resources     corev1.ResourceRequirements // including what the hardware adds
	resourcesHash string
	hardware      render.Hardware
	// nameProblem and specProblem say why no Service, or no desired pod, can be created; nil if they can.
	nameProblem, specProblem *Problem

	// pods are Observed.Pods in the same order, with their state.
	pods []*assessedPod
	// desiredPod is the live pod that matches the spec, or nil.
	desiredPod *assessedPod
	// trafficTarget is the pod that should receive the traffic now, or nil if none is ready.
	trafficTarget *assessedPod
	// outgoing are the pods that still receive traffic alongside the traffic target.
	outgoing []*assessedPod
	deadline deadline
}

// Assess evaluates the state of the observed Performer.
func Assess(o Observed, s Settings) *Assessment {
	spec := &o.Performer.Spec
	a := &Assessment{
		Observed:      o,
		settings:      s,
		revision:      desiredRevision(o),
		resourcesHash: render.ResourcesHash(spec),
		nameProblem:   nameProblem(o.Performer.Name),
	}
	// If the hardware can't be resolved, specProblem reports it; pods are then compared without it.
	hw, mistake := render.ResolveHardware(spec.HardwareRequirements, s.TEEs)
	a.hardware = hw
	a.resources = hw.AddTo(spec.Resources)
	mistakes := validation.ValidateSpec(spec, a.resources, mistake)
	if o.Performer.Status.CurrentRevision != a.revision {
		// What served already is not given up for its size.
		mistakes = append(mistakes, validation.CheckSize(spec)...)
	}
	a.specProblem = specProblem(mistakes)

	a.pods = make([]*assessedPod, 0, len(o.Pods))
	for _, pod := range o.Pods {
		a.pods = append(a.pods, a.assessPod(pod))
	}
	a.desiredPod = a.findDesiredPod()
	a.trafficTarget = a.findTrafficTarget()
	a.outgoing = a.findOutgoing()
	a.deadline = a.progressDeadline()
	return a
}

// desiredRevision returns the revision of the spec. If the status or a pod has an equivalent revision of an
// earlier operator, it returns that one, so that the difference does not look like an upgrade.
func desiredRevision(o Observed) string {
	used := []string{o.Performer.Status.UpdateRevision, o.Performer.Status.CurrentRevision}
	for _, pod := range o.Pods {
		used = append(used, pod.Annotations[render.AnnotationRevision])
	}
	revision := render.Revision(&o.Performer.Spec)
	if slices.Contains(used, revision) {
		return revision // the usual case, without the cost of the others
	}
	for _, equivalent := range render.Revisions(&o.Performer.Spec) {
		if slices.Contains(used, equivalent) {
			return equivalent
		}
	}
	return revision
}

// usesRecreate reports whether the upgrade strategy is Recreate: never two pods at a time.
func (a *Assessment) usesRecreate() bool {
	return render.Recreates(&a.Performer.Spec)
}

// canCreate reports whether the desired pod can be created, as far as the spec shows.
func (a *Assessment) canCreate() bool { return a.specProblem == nil }

// reportedPod returns the pod that the status describes, or nil: the one that serves, or else the one that
// is about to serve. The traffic target may be unable to serve yet, while another pod does.
func (a *Assessment) reportedPod() *assessedPod {
	if a.trafficTarget == nil {
		return a.desiredPod
	}
	if !a.trafficTarget.serves() {
		for _, p := range a.pods {
			if p.state == podReady && p.serves() {
				return p
			}
		}
	}
	return a.trafficTarget
}

// findDesiredPod returns the live pod that matches the spec, or nil if there is none or it needs a successor
// on another node.
func (a *Assessment) findDesiredPod() *assessedPod {
	var best *assessedPod
	for _, p := range a.pods {
		if !p.alive() || p.outdated() {
			continue
		}
		if best == nil || p.betterThan(best) {
			best = p
		}
	}
	if best != nil && a.needsSuccessor(best) {
		return nil
	}
	return best
}

// MatchesSpec reports whether pod is alive and matches the spec of p.
func MatchesSpec(p *v1alpha1.Performer, pod *corev1.Pod, s Settings) bool {
	return Assess(Observed{Performer: p, Pods: []*corev1.Pod{pod}}, s).desiredPod != nil
}
