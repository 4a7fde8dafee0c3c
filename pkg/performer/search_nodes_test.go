// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestEveryDisruptionSettles searches from a Performer that runs on one of two nodes, while there is a trouble
// of nodes or of the budget, for each type of disruption.
func TestEveryDisruptionSettles(t *testing.T) {
	withoutRaceDetector(t)
	changes := maps.Clone(disruptionTypes)
	maps.Copy(changes, placements)
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := &world{p: withoutFinalizers(change), now: testNow, troubles: disruptions(), nodes: twoNodes()}
			if wrong := start.settles(knownWorlds{}); wrong != "" {
				t.Fatal(wrong)
			}
			for _, m := range start.troubleMoves() {
				start.story = nil
				search(t, 2, start.after(m))
			}
		})
	}
}

var disruptionTypes = map[string]func(*v1alpha1.Performer){
	"Bridge": func(*v1alpha1.Performer) {}, "Surge": surge, "None": disruption(v1alpha1.NoneDisruption), "Recreate": recreate,
}

// placements are Performers with Surge whose pods the scheduler does not simply keep off the node that is
// drained, or can't place elsewhere.
var placements = map[string]func(*v1alpha1.Performer){
	"Surge, tolerating all taints": func(p *v1alpha1.Performer) {
		surge(p)
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}
	},
	"Surge, pinned to a node": func(p *v1alpha1.Performer) {
		surge(p)
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{corev1.LabelHostname: "a"}}
	},
}

func tolerant(pod *corev1.Pod) bool { return len(pod.Spec.Tolerations) > 0 }

func twoNodes() map[string]Node { return map[string]Node{"a": {}, "b": {}} }

// disruptions are the troubles that nodes and budgets have. While a node is drained, its pods are evicted.
func disruptions() []*trouble {
	one := func(node Node) func(*world) {
		return func(w *world) { w.nodeBecomes(w.servingNode(), node) }
	}
	all := func(node Node) func(*world) {
		return func(w *world) {
			for name := range w.nodes {
				w.nodeBecomes(name, node)
			}
		}
	}
	up := func(w *world) {
		w.failoversHeld = ""
		all(Node{})(w)
	}
	const somewhere = "node" // in the words of the scheduler, or with the name of the lost node
	return []*trouble{
		{name: "a drain of the pod's node", begins: one(cordoned), spreads: all(cordoned), ends: up, says: somewhere},
		{name: "a drain of all nodes", begins: all(cordoned), ends: up, says: somewhere},
		{name: "the loss of the pod's node", begins: one(dead), spreads: all(dead), ends: up, says: somewhere},
		{name: "the loss of all nodes", begins: all(dead), ends: up, says: somewhere},
		{name: "the loss of all nodes, in which failovers are held", begins: func(w *world) {
			w.failoversHeld = "most nodes are lost"
			all(dead)(w)
		}, ends: up, says: somewhere},
		{name: "an Eviction of the pod that serves", begins: func(w *world) { w.evictFirst(w.takesCalls()) }, ends: withdraw},
		{name: "an Eviction of the newest pod", ends: withdraw, begins: func(w *world) {
			var names []string
			for _, pod := range w.ours() {
				names = append([]string{pod.Name}, names...)
			}
			w.evictFirst(names)
		}},
		{name: "somebody who deletes the budget", undoes: func(w *world) { w.budget = nil }, says: ReasonContended},
		{name: "somebody who removes the owner of the budget", says: ReasonContended, undoes: func(w *world) {
			if w.budget != nil {
				w.budget = w.budget.DeepCopy()
				w.budget.OwnerReferences = nil
			}
		}},
		{name: "somebody who edits the budget", says: ReasonContended, undoes: func(w *world) {
			if w.budget != nil {
				w.budget = w.budget.DeepCopy()
				w.budget.Spec.MinAvailable = ptr.To(intstr.FromInt32(0))
			}
		}},
	}
}

// evictFirst requests the eviction of the first of the pods.
func (w *world) evictFirst(pods []string) {
	if len(pods) > 0 {
		w.eviction = evictionOf(w.pod(pods[0]))
	}
}

func withdraw(w *world) { w.eviction = nil }

// servingNode returns the node of a pod that takes calls, or else of any pod, or else any node.
func (w *world) servingNode() string {
	for _, name := range w.takesCalls() {
		return w.pod(name).Spec.NodeName
	}
	for _, pod := range w.ours() {
		if pod.Spec.NodeName != "" {
			return pod.Spec.NodeName
		}
	}
	return "a"
}

// nodeBecomes changes what is known of a node. The pods on a node that is lost are no longer ready; when it
// is back, its kubelet says what they are. A drain is about the pods that are on the node when it begins.
func (w *world) nodeBecomes(name string, node Node) {
	w.nodes, w.drained = maps.Clone(w.nodes), maps.Clone(w.drained)
	w.nodes[name] = node
	for _, pod := range w.pods {
		if pod.Spec.NodeName == name {
			w.drained = patched(w.drained, map[string]string{pod.Name: map[bool]string{true: name}[node.State == NodeDraining]})
		}
		if node.State == NodeLost && pod.Spec.NodeName == name && stateOf(pod) != podFinished && podConditionTrue(pod, corev1.PodReady) {
			unreachable(pod)
		}
	}
}

// observeNodes adds the nodes and budgets to an observation.
func (w *world) observeNodes(o *Observed) {
	if w.nodes == nil {
		return
	}
	if o.EvictionsKnown = true; w.eviction != nil {
		o.Evictions = []*lifecyclev1alpha1.Eviction{w.eviction}
	}
	o.NodesKnown, o.BudgetsKnown, o.Nodes, o.Budget, o.FailoversHeld = true, true, map[string]Node{}, w.budget, w.failoversHeld
	for _, pod := range o.Pods {
		for _, name := range append(MovedFrom(pod), pod.Spec.NodeName) {
			if node := w.nodes[name]; node.State != NodeUp {
				o.Nodes[name] = node
			}
		}
	}
}

// reachable reports whether a kubelet runs the pod, or could.
func (w *world) reachable(pod *corev1.Pod) bool { return w.nodes[pod.Spec.NodeName].State != NodeLost }

// schedule finds a node for a pod that has none, and reports whether the pod can run on its node. For a pod
// that tolerates a drain, the worst node is one that is drained and has no pod.
func (w *world) schedule(pod *corev1.Pod) bool {
	if w.nodes == nil || pod.Spec.NodeName != "" {
		return w.reachable(pod)
	}
	best, names := -1, slices.Sorted(maps.Keys(w.nodes))
	for i, name := range names {
		used := slices.ContainsFunc(w.present(), func(p *corev1.Pod) bool { return p.Spec.NodeName == name })
		drained := w.nodes[name].State == NodeDraining
		selected := pod.Spec.NodeSelector[corev1.LabelHostname]
		switch {
		case w.nodes[name].State == NodeLost, drained && !tolerant(pod), selected != "" && selected != name:
		case best < 0, drained && !used:
			best = i
		}
	}
	if best >= 0 {
		pod.Spec.NodeName = names[best]
		return true
	}
	unschedulable("0/2 nodes are available")(pod)
	return false
}

// leftToOthers reports whether the operator completes the Eviction of the pod without moving it.
func (w *world) leftToOthers(pod *corev1.Pod) bool {
	reports, _ := Assess(w.observe(), testSettings).EvictionReports()
	return len(reports) > 0 && w.eviction.Spec.Target.Pod.UID == pod.UID && reports[0].Status.CompletionTime != nil
}

// evict is the try of a drain, or of the next responder of an Eviction, to evict pods: those on a node that is
// cordoned, or the one that the operator leaves to others. It reports whether it evicted any.
func (w *world) evict() (evicted bool) {
	for _, pod := range w.pods {
		if w.drained[pod.Name] == "" && !w.leftToOthers(pod) || pod.DeletionTimestamp != nil || w.budget != nil && w.budgetRefuses(pod) {
			continue
		}
		w.record("  the drain evicts %s", pod.Name)
		dying(pod)
		evicted = true
	}
	return evicted
}

// budgetRefuses reports whether the budget refuses the eviction of the pod, as its spec says.
func (w *world) budgetRefuses(pod *corev1.Pod) bool {
	takes := w.takesCalls()
	return slices.Contains(takes, pod.Name) && len(takes)-1 < w.budget.Spec.MinAvailable.IntValue()
}

// writeBudget executes an action on the budget.
func (w *world) writeBudget(action Action) {
	switch a := action.(type) {
	case CreateBudget:
		if w.budget != nil {
			w.violate("the plan creates the budget, which exists")
		}
		w.budget = a.Budget
	case PatchBudget:
		w.budget = render.Budget(w.p)
	case DeleteBudget:
		w.budget = nil
	}
}

// present returns the pods of the Performer without those that are being deleted on lost nodes, which nobody
// removes.
func (w *world) present() []*corev1.Pod {
	return slices.DeleteFunc(w.ours(), func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil && !w.reachable(p) })
}

// checkRunning checks that there are never more than two pods that live, apart from those on lost nodes.
func (w *world) checkRunning() {
	var names []string
	for _, p := range Assess(w.observe(), testSettings).pods {
		if p.alive() && !p.drains() && w.reachable(p.Pod) {
			names = append(names, p.Name)
		}
	}
	if w.nodes != nil && len(names) > 2 {
		w.violate("there are the pods %v", names)
	}
}

// displacement says what is wrong with the nodes or the budget of a Performer at rest; empty if nothing is.
func (w *world) displacement(pod *corev1.Pod) string {
	if w.nodes == nil {
		return ""
	}
	var elsewhere bool
	for name, node := range w.nodes {
		selected := pod.Spec.NodeSelector[corev1.LabelHostname]
		elsewhere = elsewhere || node.State == NodeUp && (selected == "" || selected == name)
	}
	var want *policyv1.PodDisruptionBudget
	surges, stays := render.Disruption(&w.p.Spec) == v1alpha1.SurgeDisruption, tolerant(pod) && w.nodes[pod.Spec.NodeName].State == NodeDraining
	if surges && !stays {
		want = render.Budget(w.p)
	}
	if w.eviction != nil && w.pod(w.eviction.Spec.Target.Pod.Name) != nil && w.pod(w.eviction.Spec.Target.Pod.Name).UID == w.eviction.Spec.Target.Pod.UID {
		return "the target of the Eviction runs"
	}
	switch {
	case stays && w.budget == nil && (!surges || strings.Contains(w.conditions(), "it tolerates the drain, and is not moved again")):
		return ""
	case elsewhere && w.nodes[pod.Spec.NodeName].State != NodeUp:
		return "the pod is on a node that is drained or lost"
	case (want == nil) != (w.budget == nil), want != nil && (!jsonEqual(w.budget.Spec, want.Spec) || !render.ControlledBy(w.budget, w.p)):
		return "the budget is not as it should be"
	}
	return ""
}
