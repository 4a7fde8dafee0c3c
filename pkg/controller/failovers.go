// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// DefaultMaxFailovers is a tenth of all serving pods. The node controller takes one node of a zone every ten
// seconds (--node-eviction-rate), so that with starts of up to a minute the pods of six nodes are on the
// move, which is a tenth of a cluster of 60 nodes.
var DefaultMaxFailovers = intstr.FromString("10%")

// LeastFailovers is the least that a percentage means. A small cluster loses the pods of one node at once,
// which are a large share of all and yet no load for the scheduler and the registry.
const LeastFailovers = 20

// failoverExpiry is how long a failover counts. One whose successor is not ready by then waits for something
// else, such as room, and must not keep others from theirs.
const failoverExpiry = 2 * time.Minute

// failovers bounds how many Performers replace a pod on a lost node at the same time. Those that have to wait
// take turns by namespace, as in the queue. It is lost when the process ends. The next process counts the
// failovers that the caches show, so that a restart in a storm does not double the bound.
type failovers struct {
	max     intstr.IntOrString
	cluster clusterView
	queue   func(cache.ObjectName)

	mu      sync.Mutex
	running map[cache.ObjectName]time.Time // when each began
	waiting *fairQueue
	waits   map[cache.ObjectName]bool // those in waiting that still wait
	held    bool                      // some wait because most nodes are lost
}

// clusterView is what failovers have to know about the cluster.
type clusterView struct {
	serving  func() int  // how many pods serve
	mostLost func() bool // whether most nodes are lost
	// begun returns when the failovers in progress began, of the Performers that it did not consider before.
	begun func() map[cache.ObjectName]time.Time
}

func newFailovers(limit intstr.IntOrString, cluster clusterView, queue func(cache.ObjectName)) *failovers {
	return &failovers{
		max: limit, cluster: cluster, queue: queue,
		running: map[cache.ObjectName]time.Time{}, waiting: newFairQueue(), waits: map[cache.ObjectName]bool{},
	}
}

// consider says in an observation whether a failover may begin, and reserves it if so. It returns when to
// sync again at the latest; 0 means never.
func (f *failovers) consider(name cache.ObjectName, o *performer.Observed) (requeueAfter time.Duration) {
	needed, begun := failoverOf(o)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !needed:
		f.leave(name, o.Now)
		return 0
	case begun:
		delete(f.waits, name)
		return 0
	case f.cluster.mostLost():
		delete(f.running, name) // admitted before that, and not begun
		f.wait(name)
		f.held = true
		o.FailoversHeld = "most nodes of the cluster are lost, which is more likely a fault of the control plane than of the nodes"
		// A node that is gone counts until its pods are deleted, of which there is no event of a node.
		return failoverExpiry
	}
	if _, admitted := f.running[name]; admitted {
		return 0
	}
	f.wait(name)
	f.admit(o.Now, name)
	if f.waits[name] {
		o.FailoversHeld = fmt.Sprintf("as many Performers as --max-failovers=%s allows move away from lost nodes now", f.max.String())
		return failoverExpiry
	}
	return 0
}

// settle releases the reservation of a failover that did not begin in the sync.
func (f *failovers) settle(name cache.ObjectName, o *performer.Observed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, admitted := f.running[name]; !admitted {
		return
	}
	if _, begun := failoverOf(o); !begun {
		f.leave(name, o.Now)
	}
}

// forget removes a Performer that is gone.
func (f *failovers) forget(name cache.ObjectName, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leave(name, now)
}

// nodesChanged lets the Performers begin that had to wait because most nodes were lost.
func (f *failovers) nodesChanged(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held && !f.cluster.mostLost() {
		f.held = false
		f.admit(now, cache.ObjectName{})
	}
}

// wait adds a Performer to those that wait.
func (f *failovers) wait(name cache.ObjectName) {
	if !f.waits[name] {
		f.waits[name] = true
		f.waiting.Push(name)
	}
}

// leave removes a Performer, and lets another one begin in its place.
func (f *failovers) leave(name cache.ObjectName, now time.Time) {
	delete(f.waits, name)
	if _, ran := f.running[name]; ran {
		delete(f.running, name)
		f.admit(now, cache.ObjectName{})
	}
}

// admit lets as many Performers begin as there is room for, in turn. They are queued, except the one that is
// being synced.
func (f *failovers) admit(now time.Time, current cache.ObjectName) {
	if len(f.waits) == 0 {
		return
	}
	for name, since := range f.cluster.begun() {
		if _, counted := f.running[name]; !counted {
			f.running[name] = since
		}
	}
	maps.DeleteFunc(f.running, func(_ cache.ObjectName, since time.Time) bool { return now.Sub(since) >= failoverExpiry })
	for limit := f.limit(); len(f.running) < limit && f.waiting.Len() > 0; {
		next := f.waiting.Pop()
		if !f.waits[next] {
			continue // it left meanwhile
		}
		delete(f.waits, next)
		f.running[next] = now
		if next != current {
			f.queue(next)
		}
	}
}

// limit returns how many failovers may be in progress.
func (f *failovers) limit() int {
	if f.max.Type == intstr.Int {
		return f.max.IntValue()
	}
	limit, err := intstr.GetScaledValueFromIntOrPercent(&f.max, f.cluster.serving(), true)
	if err != nil {
		return LeastFailovers // not a percentage, which the flag refuses
	}
	return max(limit, LeastFailovers)
}

// failoverOf reports whether the only pod of a Performer that serves is on a lost node, and whether there is
// a successor elsewhere that is not ready yet.
func failoverOf(o *performer.Observed) (needed, begun bool) {
	if len(o.Nodes) == 0 {
		return false, false
	}
	for _, pod := range o.Pods {
		ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
		switch lost := o.Nodes[pod.Spec.NodeName].State == performer.NodeLost; {
		case ended:
		case lost:
			needed = needed || pod.Labels[render.LabelServing] == render.ServingTrue
		case pod.DeletionTimestamp != nil:
		case performer.PodReady(pod):
			return false, false
		default:
			begun = true
		}
	}
	return needed, needed && begun
}

// begunFailovers returns when the failovers in progress began, as the creation of their successors shows. It
// looks once at the Performers of each namespace: at those of a namespace whose caches are not filled yet, the
// next time.
func (c *Controller) begunFailovers() map[cache.ObjectName]time.Time {
	begun := map[cache.ObjectName]time.Time{}
	for _, caches := range c.caches {
		if caches.failoversCounted || !caches.synced() {
			continue
		}
		caches.failoversCounted = true
		for _, obj := range caches.performers.GetStore().List() {
			p := obj.(*v1alpha1.Performer)
			if since, found := c.failoverBegan(caches, p); found {
				begun[cache.MetaObjectToName(p)] = since
			}
		}
	}
	return begun
}

// failoverBegan returns when the failover of a Performer began that is in progress, as far as the caches show.
func (c *Controller) failoverBegan(caches *caches, p *v1alpha1.Performer) (since time.Time, found bool) {
	o := performer.Observed{Performer: p, Nodes: map[string]performer.Node{}}
	if err := caches.observePods(&o); err != nil {
		return time.Time{}, false // there is no such index, which New would have noticed
	}
	for _, pod := range o.Pods {
		if name := pod.Spec.NodeName; name != "" {
			node, cached := c.nodes.cached(name)
			if !cached {
				node.State = performer.NodeLost // it is gone
			}
			o.Nodes[name] = node
		}
		if pod.CreationTimestamp.After(since) {
			since = pod.CreationTimestamp.Time
		}
	}
	_, found = failoverOf(&o)
	return since, found
}

// countServing returns how many pods serve, in all caches.
func (c *Controller) countServing() int {
	count := 0
	for _, caches := range c.caches {
		keys, err := caches.pods.GetIndexer().IndexKeys(byServing, render.ServingTrue)
		if err != nil {
			continue // there is no such index, which New would have noticed
		}
		count += len(keys)
	}
	return count
}
