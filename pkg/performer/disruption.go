// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// A disruption takes the pod away although the spec did not change. A pod that is deleted or evicted is
// replaced when that happens (drain.go). The rules here act earlier: a pod whose node is being drained or is
// lost, or that is the target of an Eviction (evictions.go), is displaced. It counts as one that doesn't
// satisfy the spec, so that the desired pod is created elsewhere, and the traffic moves to that as in an
// upgrade.

func (a *Assessment) disruption() v1alpha1.DisruptionType {
	return render.Disruption(&a.Performer.Spec)
}

// displacedBy returns the state of the pod's node if the pod must leave that node.
func (a *Assessment) displacedBy(pod *corev1.Pod) Node {
	node := a.Nodes[pod.Spec.NodeName]
	switch {
	case node.State == NodeLost && a.disruption() != v1alpha1.NoneDisruption,
		node.State == NodeDraining && a.disruption() == v1alpha1.SurgeDisruption && !a.movedInVain(pod):
		return node
	}
	return Node{}
}

// movedInVain reports whether the pod was created to leave a node, and is on one that was being drained by
// then, that or another: it tolerates drains, or something other than the scheduler chooses its node. Further
// moves would lead from one such node to the next, without end.
func (a *Assessment) movedInVain(pod *corev1.Pod) bool {
	left, node := MovedFrom(pod), a.Nodes[pod.Spec.NodeName]
	return slices.Contains(left, pod.Spec.NodeName) ||
		len(left) > 0 && node.State == NodeDraining && !node.Since.IsZero() && node.Since.Before(pod.CreationTimestamp.Time)
}

// MovedFrom returns the node that the pod was created to leave, and after it those that its predecessors left
// and that were still drained or lost then; empty if it was not created to leave a node.
func MovedFrom(pod *corev1.Pod) []string {
	return strings.FieldsFunc(pod.Annotations[render.AnnotationMovedFrom], func(r rune) bool { return r == ',' })
}

// recordMove records on the successor which node it leaves, as MovedFrom returns it.
func (a *Assessment) recordMove(successor *corev1.Pod, moving *assessedPod) {
	left := []string{moving.Spec.NodeName}
	for _, node := range MovedFrom(moving.Pod) {
		if a.Nodes[node].State != NodeUp && !slices.Contains(left, node) {
			left = append(left, node)
		}
	}
	successor.Annotations[render.AnnotationMovedFrom] = strings.Join(left, ",")
}

// displaced reports whether the pod must leave its node.
func (p *assessedPod) displaced() bool { return p.node.State != NodeUp || p.eviction != "" }

// lost reports whether the pod is displaced because its node is lost.
func (p *assessedPod) lost() bool { return p.node.State == NodeLost }

// betterThan reports whether p is the better one of two live pods that match the spec.
func (p *assessedPod) betterThan(other *assessedPod) bool {
	switch {
	case p.displaced() != other.displaced():
		return !p.displaced()
	case p.displaced():
		// The newer one was created to replace the other.
		return p.ordinal > other.ordinal
	case p.state != other.state:
		return p.state > other.state
	case p.serves() != other.serves():
		// The other one was created to replace a displaced pod, whose node is back.
		return p.serves()
	default:
		return p.ordinal > other.ordinal
	}
}

// needsSuccessor reports whether a pod that matches the spec needs a successor elsewhere now. A pod that is
// not ready has no callers to move. A drain of the node to which traffic is moving begins when it has moved.
func (a *Assessment) needsSuccessor(p *assessedPod) bool {
	if p.lost() {
		return a.FailoversHeld == ""
	}
	return p.displaced() && p.state == podReady &&
		!slices.ContainsFunc(a.pods, func(other *assessedPod) bool { return other != p && other.alive() && !other.lost() })
}

// movingPod returns the displaced pod that the desired pod replaces, or nil.
func (a *Assessment) movingPod() *assessedPod {
	var moving *assessedPod
	for _, p := range a.pods {
		// Caches list pods in any order, and the message must not vary.
		if p != a.desiredPod && p.alive() && p.displaced() && p.serves() && (moving == nil || p.Name < moving.Name) {
			moving = p
		}
	}
	return moving
}

// handoverReason returns why a pod is deleted that has handed its traffic over.
func (p *assessedPod) handoverReason() (DeleteReason, string) {
	switch {
	case p.eviction != "":
		return DeletedMoved, fmt.Sprintf("it is the target of Eviction %s, and its successor is serving", p.eviction)
	case p.displaced():
		return DeletedMoved, fmt.Sprintf("node %s %s, and its successor is serving", p.Spec.NodeName, p.node.Why)
	default:
		return DeletedUpgraded, "its successor is serving"
	}
}

// nodeProblem returns the problem that the pod which serves or should serve is on a lost node, or nil.
func (a *Assessment) nodeProblem() *Problem {
	if moving := a.movingPod(); moving != nil && moving.lost() && len(a.outgoing) == 0 {
		return &Problem{Waiting, ReasonNodeLost, moving.moveText(a.desiredPod)}
	}
	if p := a.desiredPod; p != nil && p.lost() && a.FailoversHeld != "" {
		return &Problem{Waiting, ReasonFailoverHeld, fmt.Sprintf("Node %s %s; the successor of Pod %s is not created yet: %s",
			p.Spec.NodeName, trimmed(p.node.Why), p.Name, trimmed(a.FailoversHeld))}
	}
	return nil
}

// moveText says why the pod is moved, and what that waits for.
func (p *assessedPod) moveText(successor *assessedPod) string {
	next := "its successor is about to be created"
	if successor != nil {
		next = fmt.Sprintf("waiting for Pod %s to become ready", successor.Name)
	}
	switch {
	case p.lost():
		return fmt.Sprintf("Node %s %s; replacing Pod %s: %s", p.Spec.NodeName, trimmed(p.node.Why), p.Name, next)
	case p.eviction != "":
		return fmt.Sprintf("Moving Pod %s, which is the target of Eviction %s: %s", p.Name, p.eviction, next)
	default:
		return fmt.Sprintf("Moving Pod %s from node %s, which %s: %s", p.Name, p.Spec.NodeName, trimmed(p.node.Why), next)
	}
}

// waitingDrain returns the end of a message about what keeps the successor of the pod from being ready: the
// drain or the Eviction that waits for it.
func (p *assessedPod) waitingDrain() string {
	switch {
	case p.lost():
		return fmt.Sprintf("; it replaces Pod %s, whose node %s %s", p.Name, p.Spec.NodeName, trimmed(p.node.Why))
	case p.eviction != "":
		return fmt.Sprintf("; Eviction %s waits for this, since Pod %s serves: to let the eviction go on without it, "+
			"set spec.disruption.type to None", p.eviction, p.Name)
	}
	return fmt.Sprintf("; the drain of node %s, which %s, waits for this, since Pod %s serves there: "+
		"to let the drain go on without it, set spec.disruption.type to Bridge", p.Spec.NodeName, trimmed(p.node.Why), p.Name)
}

// lostNode returns the end of a message about a pod for which the operator waits although its node is lost;
// empty if there is nothing to say.
func (a *Assessment) lostNode(p *assessedPod) string {
	if p == nil || a.Nodes[p.Spec.NodeName].State != NodeLost {
		return ""
	}
	text := fmt.Sprintf("; its node %s %s: ", p.Spec.NodeName, trimmed(a.Nodes[p.Spec.NodeName].Why))
	switch {
	case a.Nodes[p.Spec.NodeName].Gone:
		return text + "Kubernetes deletes the Pod within a minute or two"
	case a.usesRecreate(), p.state == podDying:
		return text + "the Pod is gone when the node is back; if the machine is off for good, run kubectl delete node " + p.Spec.NodeName
	case a.disruption() == v1alpha1.NoneDisruption:
		return text + fmt.Sprintf("to replace it before Kubernetes evicts it, run kubectl delete pod -n %s %s (spec.disruption.type is None)", p.Namespace, p.Name)
	}
	return "" // nodeProblem says more
}

// trimmed returns a text of others without the period at its end, to be continued.
func trimmed(text string) string { return strings.TrimSuffix(text, ".") }
