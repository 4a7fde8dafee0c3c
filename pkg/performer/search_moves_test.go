// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// move is one step of the operator, of a kubelet, of a user or of others.
type move struct {
	name string
	make func(*world)
}

// after returns the world after a move.
func (w *world) after(m move) *world {
	c := w.clone()
	c.record("%s", m.name)
	m.make(c)
	return c
}

// moves returns everything that can happen next. The first moves are those of the operator, which may crash
// anywhere in its plan; the first of all is that it does not.
func (w *world) moves() []move {
	var moves []move
	plan := planOf(w.observe(), testSettings)
	if w.p.DeletionTimestamp == nil {
		moves = append(moves, move{fmt.Sprintf("the operator executes [%s]", brief(plan)), func(c *world) { c.execute(plan, len(plan.Actions)) }})
	}
	for n := range len(plan.Actions) {
		moves = append(moves, move{fmt.Sprintf("the operator crashes after %d of [%s]", n, brief(plan)), func(c *world) { c.execute(plan, n) }})
	}
	for i, pod := range w.pods {
		moves = append(moves, w.podMoves(i, pod)...)
	}
	moves = append(moves, w.userMoves()...)
	return append(moves, w.troubleMoves()...)
}

// podMoves returns what kubelets and users do to a pod.
func (w *world) podMoves(i int, pod *corev1.Pod) []move {
	var moves []move
	add := func(what string, change func(*world)) {
		moves = append(moves, move{fmt.Sprintf(what, "pod "+pod.Name), change})
	}
	if !w.reachable(pod) {
		if render.ControlledBy(pod, w.p) { // what is known of nodes is known of pods that are observed
			add("a user deletes %s", func(c *world) { dying(c.pods[i]) })
		}
		return moves
	}
	if pod.DeletionTimestamp != nil {
		add("the kubelet removes %s", func(c *world) { c.pods = slices.Delete(c.pods, i, i+1) })
		return moves
	}
	if stateOf(pod) == podStarting {
		add("the kubelet starts %s", func(c *world) { c.makeReady(c.pods[i]) })
	}
	if stateOf(pod) != podFinished {
		add("%s terminates by itself", func(c *world) {
			ended(0)(c.pods[i])
			c.memory.created, c.memory.delayed = 0, false // it has a delay of its own: retryDelay
		})
	}
	if c, _ := unresized(pod); c != nil {
		add("the kubelet resizes %s if it can", func(c *world) { c.resize(c.pods[i]) })
	}
	add("a user deletes %s", func(c *world) { dying(c.pods[i]) })
	add("a user removes the labels of %s", func(c *world) { c.pods[i].Labels = map[string]string{} })
	return moves
}

// userMoves returns what users do to the Performer and its Service.
func (w *world) userMoves() []move {
	var moves []move
	spec := func(name string, change func(*world)) {
		moves = append(moves, move{name, func(c *world) {
			c.p.Generation++
			c.memory = memory{}
			change(c)
		}})
	}
	spec("a user changes the image", func(c *world) {
		c.p.Spec.Image = map[string]string{"repo:1": "repo:2", "repo:2": "repo:3", "repo:3": "repo:1"}[w.p.Spec.Image]
	})
	if cpus := w.p.Spec.Resources.Limits.Cpu().Value(); cpus > 0 {
		spec("a user changes the resources", func(c *world) { c.cpus(cpus%3 + 1) })
	}
	if w.nodes != nil {
		next := map[v1alpha1.DisruptionType]v1alpha1.DisruptionType{
			v1alpha1.BridgeDisruption: v1alpha1.SurgeDisruption, v1alpha1.SurgeDisruption: v1alpha1.NoneDisruption, v1alpha1.NoneDisruption: v1alpha1.BridgeDisruption,
		}
		spec("a user changes the type of disruption", func(c *world) { disruption(next[render.Disruption(&w.p.Spec)])(c.p) })
	}
	if w.suspended() {
		spec("a user resumes", func(c *world) { c.p.Spec.Replicas = nil })
	} else {
		spec("a user suspends", func(c *world) { suspended(c.p) })
	}
	if w.service != nil {
		moves = append(moves, move{"a user deletes the Service", func(c *world) { c.service = nil }})
	}
	if w.p.UID == "uid-x" && len(w.pods) > 0 && w.recognizable() && len(w.present()) == len(w.ours()) {
		moves = append(moves, move{"a user deletes the Performer with --cascade=orphan and creates it again", (*world).orphan})
	}
	return moves
}

// recognizable reports whether another Performer of the name would adopt the Service if it were an orphan. To
// one without the marks of an orphan it is a stranger's.
func (w *world) recognizable() bool {
	if w.service == nil {
		return true
	}
	orphan := w.service.DeepCopy()
	orphan.OwnerReferences = nil
	return IsOrphan(orphan, w.p)
}

// troubleMoves returns how troubles begin and end.
func (w *world) troubleMoves() []move {
	if present := w.trouble; present != nil {
		moves := []move{{"there is no longer " + present.name, present.end}}
		if present.spreads != nil {
			moves = append(moves, move{present.name + " becomes one of all nodes", present.spreads})
		}
		return moves
	}
	var moves []move
	for _, t := range w.troubles {
		moves = append(moves, move{"there is from now on " + t.name, t.begin})
		if t.undoes != nil {
			moves = append(moves, move{"there is once " + t.name, t.undoes})
		}
	}
	return moves
}
