// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// DefaultDrainTaints returns the keys of the taints of a node that is about to be removed by the cluster
// autoscaler or Karpenter. kubectl drain and most other tools set spec.unschedulable instead. A kubelet
// that shuts its node down says so in the Ready condition.
func DefaultDrainTaints() []string {
	return []string{
		// The cluster autoscaler removes the node now. Its DeletionCandidateOfClusterAutoscaler is only a
		// candidate, for minutes, and often stays.
		"ToBeDeletedByClusterAutoscaler",
		// Karpenter drains the node, whether it is disrupted, expired or interrupted; since v1.
		"karpenter.sh/disrupted",
		// The same before v1.
		"karpenter.sh/disruption",
	}
}

// lostTaints are the taints of a node whose pods are lost, as far as anybody knows.
var lostTaints = []string{corev1.TaintNodeUnreachable, corev1.TaintNodeOutOfService}

// shuttingDown is what the kubelet says in the Ready condition during a graceful node shutdown. See
// k8s.io/kubernetes pkg/kubelet/nodeshutdown.
const shuttingDown = "node is shutting down"

// nodes caches the taints and the readiness of all nodes.
type nodes struct {
	optionalInformer
	kube        kubernetes.Interface
	drainTaints []string
}

func newNodes(kube kubernetes.Interface, drainTaints []string) *nodes {
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0,
		informers.WithInformerName(informerName(Name+"-nodes")),
		informers.WithTransform(trim))
	n := &nodes{kube: kube, drainTaints: drainTaints}
	n.SharedIndexInformer, n.start = factory.Core().V1().Nodes().Informer(), factory.StartWithContext
	return n
}

// watchNodes registers a handler that queues the Performers with a pod on a node whose state changes.
func (c *Controller) watchNodes() error {
	changed := func(name string) {
		c.nodes.eventCame()
		if name != "" {
			c.queuePodsOn(name)
			c.failovers.nodesChanged(c.now())
		}
	}
	c.nodes.queueAll = func() {
		for _, caches := range c.caches {
			c.queueAll(caches)
		}
	}
	_, err := c.nodes.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, initial bool) {
			if node, ok := obj.(*corev1.Node); ok && !initial {
				changed(node.Name)
			}
		},
		UpdateFunc: func(before, now any) {
			old, node := before.(*corev1.Node), now.(*corev1.Node)
			if sameState(old, node) {
				changed("")
				return
			}
			changed(node.Name)
		},
		DeleteFunc: func(obj any) {
			if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = last.Obj
			}
			if node, ok := obj.(*corev1.Node); ok {
				changed(node.Name)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("adding an event handler: %w", err)
	}
	if err := c.nodes.SetWatchErrorHandlerWithContext(c.nodes.watchFailed(c.watchScope, metav1.NamespaceAll, "nodes")); err != nil {
		return fmt.Errorf("adding an error handler: %w", err)
	}
	return nil
}

// queuePodsOn queues the Performers that have a pod on the node.
func (c *Controller) queuePodsOn(node string) {
	for _, caches := range c.caches {
		pods, err := caches.pods.GetIndexer().ByIndex(byNode, node)
		if err != nil {
			continue // there is no such index, which New would have noticed
		}
		for _, obj := range pods {
			if pod := obj.(*corev1.Pod); performerOf(pod) != nil {
				c.queue.Add(cache.NewObjectName(pod.Namespace, performerOf(pod).Name))
			}
		}
	}
}

// sameState reports whether two versions of a node have the same state. The message of a condition does not
// count: some have the time since when a node fails.
func sameState(a, b *corev1.Node) bool {
	sameTaint := func(a, b corev1.Taint) bool { return a.Key == b.Key && a.Effect == b.Effect }
	sameCondition := func(a, b corev1.NodeCondition) bool {
		return a.Status == b.Status && a.Reason == b.Reason && isShuttingDown(a) == isShuttingDown(b)
	}
	return a.UID == b.UID && a.Spec.Unschedulable == b.Spec.Unschedulable &&
		slices.EqualFunc(a.Spec.Taints, b.Spec.Taints, sameTaint) &&
		slices.EqualFunc(a.Status.Conditions, b.Status.Conditions, sameCondition)
}

func isShuttingDown(ready corev1.NodeCondition) bool {
	return ready.Status == corev1.ConditionFalse && strings.Contains(ready.Message, shuttingDown)
}

// stateOf returns the state of a trimmed node. A node that never had a Ready condition is one that just
// registered, or that no kubelet reports; the node controller sets the condition if that lasts.
func (n *nodes) stateOf(node *corev1.Node) performer.Node {
	var shutsDown *corev1.NodeCondition
	for i := range node.Status.Conditions {
		switch c := &node.Status.Conditions[i]; {
		case c.Status == corev1.ConditionTrue:
		case isShuttingDown(*c):
			shutsDown = c
		default:
			why := strings.TrimSuffix(fmt.Sprintf("is not ready: %s: %s", c.Reason, c.Message), ": ")
			return performer.Node{State: performer.NodeLost, Why: why, Since: c.LastTransitionTime.Time}
		}
	}
	// The node controller adds these some moments after the condition changed, somebody else without it.
	if taint := taintOf(node, lostTaints); taint != nil {
		return performer.Node{State: performer.NodeLost, Why: "has the taint " + taint.Key, Since: timeAdded(taint)}
	}
	switch taint := taintOf(node, n.drainTaints); {
	case shutsDown != nil:
		return performer.Node{State: performer.NodeDraining, Why: "is shutting down", Since: shutsDown.LastTransitionTime.Time}
	case node.Spec.Unschedulable:
		// The node controller adds the taint, and the time.
		return performer.Node{State: performer.NodeDraining, Why: "is cordoned", Since: timeAdded(taintOf(node, []string{corev1.TaintNodeUnschedulable}))}
	case taint != nil:
		return performer.Node{State: performer.NodeDraining, Why: "has the taint " + taint.Key, Since: timeAdded(taint)}
	default:
		return performer.Node{}
	}
}

// taintOf returns the first of the node's taints whose key is one of the given keys; nil if there is none.
func taintOf(node *corev1.Node, keys []string) *corev1.Taint {
	for i := range node.Spec.Taints {
		if taint := &node.Spec.Taints[i]; slices.Contains(keys, taint.Key) {
			return taint
		}
	}
	return nil
}

// timeAdded returns when a taint was added, if there is one and it says so; else the zero time.
func timeAdded(taint *corev1.Taint) time.Time {
	if taint == nil || taint.TimeAdded == nil {
		return time.Time{}
	}
	return taint.TimeAdded.Time
}

// cached returns the state of the node of the given name, if the cache has that.
func (n *nodes) cached(name string) (state performer.Node, found bool) {
	obj, found, err := n.GetStore().GetByKey(name)
	if err != nil || !found {
		return performer.Node{}, false
	}
	return n.stateOf(obj.(*corev1.Node)), true
}

// state returns the state of the node of the given name. The cache of pods may be ahead of that of nodes, so
// that only the API server knows whether there is no such node.
func (n *nodes) state(ctx context.Context, name string) (performer.Node, error) {
	if node, found := n.cached(name); found {
		return node, nil
	}
	live, err := n.kube.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return performer.Node{State: performer.NodeLost, Why: "does not exist", Gone: true}, nil
	case apierrors.IsForbidden(err):
		return performer.Node{}, nil
	case err != nil:
		return performer.Node{}, fmt.Errorf("reading node %s: %w", name, err)
	}
	trimNode(live)
	return n.stateOf(live), nil
}

// unhealthyThreshold is the share of nodes that are lost above which it is more likely that the operator, or
// the control plane, can't see them. It and leastUnhealthy are those of the node controller
// (--unhealthy-zone-threshold), which then stops or slows down its own evictions.
const (
	unhealthyThreshold = 0.55
	leastUnhealthy     = 3
)

// mostLost reports whether most nodes of the cluster, or all, are lost. A node that pods of Performers are on
// and that the cache lacks is one of them: it is gone, or so new that a failover from it can wait.
func (c *Controller) mostLost() bool {
	lost, total := 0, 0
	for _, obj := range c.nodes.GetStore().List() {
		total++
		if c.nodes.stateOf(obj.(*corev1.Node)).State == performer.NodeLost {
			lost++
		}
	}
	gone := c.goneNodes()
	lost, total = lost+gone, total+gone
	return lost > 0 && lost == total || lost >= leastUnhealthy && float64(lost) >= unhealthyThreshold*float64(total)
}

// goneNodes returns how many nodes pods of Performers are on that the cache of nodes lacks.
func (c *Controller) goneNodes() int {
	gone := map[string]bool{}
	for _, caches := range c.caches {
		for _, name := range caches.pods.GetIndexer().ListIndexFuncValues(byNode) {
			if _, found, err := c.nodes.GetStore().GetByKey(name); err == nil && !found {
				gone[name] = true
			}
		}
	}
	return len(gone)
}

// observeNodes adds the nodes of the pods to an observation, and those that they were moved from.
func (c *Controller) observeNodes(ctx context.Context, o *performer.Observed) error {
	if state := c.nodes.access(); state != accessCurrent {
		o.NodesUnread = state == accessUnread
		return nil
	}
	o.NodesKnown = true
	add := func(name string, node performer.Node) {
		if node.State != performer.NodeUp {
			if o.Nodes == nil {
				o.Nodes = map[string]performer.Node{}
			}
			o.Nodes[name] = node
		}
	}
	for _, pod := range o.Pods {
		for _, left := range performer.MovedFrom(pod) {
			// One that is gone is of no interest, and worth no request.
			if node, found := c.nodes.cached(left); found {
				add(left, node)
			}
		}
		name := pod.Spec.NodeName
		if _, known := o.Nodes[name]; known || name == "" {
			continue
		}
		node, err := c.nodes.state(ctx, name)
		if err != nil {
			return err
		}
		add(name, node)
	}
	return nil
}
