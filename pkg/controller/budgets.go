// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// byForeign indexes by namespace the PodDisruptionBudgets that no Performer controls.
const byForeign = "foreign"

// newBudgets returns an informer of all PodDisruptionBudgets, since one of somebody else may select the pods
// of a Performer.
func newBudgets(kube kubernetes.Interface, namespace string) *optionalInformer {
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0,
		informers.WithInformerName(informerName(cmp.Or(namespace, Name)+"-budgets")),
		informers.WithNamespace(namespace),
		informers.WithTransform(trim))
	return &optionalInformer{SharedIndexInformer: factory.Policy().V1().PodDisruptionBudgets().Informer(), start: factory.StartWithContext}
}

// foreignNamespace returns the namespace of a PodDisruptionBudget that no Performer controls.
func foreignNamespace(obj any) ([]string, error) {
	object, ok := obj.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", obj)
	}
	if performerOf(object) != nil {
		return nil, nil
	}
	return []string{object.GetNamespace()}, nil
}

// watchBudgets registers a handler that queues the Performers that a change of a PodDisruptionBudget
// concerns: the one that controls it, or those whose pods it selects or selected.
func (c *Controller) watchBudgets(namespace string, caches *caches) error {
	caches.budgets.queueAll = func() { c.queueAll(caches) }
	if _, err := caches.budgets.AddEventHandler(c.budgetEvents(caches)); err != nil {
		return fmt.Errorf("adding an event handler: %w", err)
	}
	if err := caches.budgets.SetWatchErrorHandlerWithContext(caches.budgets.watchFailed(c.watchScope, namespace, "poddisruptionbudgets")); err != nil {
		return fmt.Errorf("adding an error handler: %w", err)
	}
	return nil
}

func (c *Controller) budgetEvents(caches *caches) cache.ResourceEventHandler {
	return specEvents{handlerFor(func(budget *policyv1.PodDisruptionBudget, _ bool) {
		caches.budgets.eventCame()
		if owner := performerOf(budget); owner != nil {
			c.queue.Add(cache.NewObjectName(budget.Namespace, owner.Name))
		} else {
			c.queueSelected(caches, budget)
		}
	})}
}

// specEvents drops the updates of a PodDisruptionBudget that change nothing but its status.
type specEvents struct{ cache.ResourceEventHandler }

// OnUpdate implements cache.ResourceEventHandler.
func (h specEvents) OnUpdate(before, now any) {
	a, b := before.(*policyv1.PodDisruptionBudget), now.(*policyv1.PodDisruptionBudget)
	if a.UID == b.UID && a.Generation == b.Generation && a.DeletionTimestamp.Equal(b.DeletionTimestamp) &&
		maps.Equal(a.Labels, b.Labels) && equality.Semantic.DeepEqual(a.OwnerReferences, b.OwnerReferences) {
		return
	}
	h.ResourceEventHandler.OnUpdate(before, now)
}

// queueSelected queues the Performers that have a pod which the budget selects.
func (c *Controller) queueSelected(caches *caches, budget *policyv1.PodDisruptionBudget) {
	pods, err := caches.pods.GetIndexer().ByIndex(cache.NamespaceIndex, budget.Namespace)
	if err != nil {
		return // there is no such index, which cannot be
	}
	selects := selectorOf(budget)
	for _, obj := range pods {
		pod := obj.(*corev1.Pod)
		if owner := performerOf(pod); owner != nil && selects(pod.Labels) {
			c.queue.Add(cache.NewObjectName(pod.Namespace, owner.Name))
		}
	}
}

// selectorOf returns whether a budget selects a pod with the given labels. It avoids the cost of compiling
// the usual selector, since a namespace may have many budgets.
func selectorOf(budget *policyv1.PodDisruptionBudget) func(map[string]string) bool {
	if s := budget.Spec.Selector; s != nil && len(s.MatchExpressions) == 0 {
		return func(podLabels map[string]string) bool {
			for key, value := range s.MatchLabels {
				if found, ok := podLabels[key]; !ok || found != value {
					return false
				}
			}
			return true
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		selector = labels.Nothing() // as the disruption controller does
	}
	return func(podLabels map[string]string) bool { return selector.Matches(labels.Set(podLabels)) }
}

// observeBudgets adds the PodDisruptionBudgets of the Performer's pods to an observation.
func observeBudgets(caches *caches, o *performer.Observed) error {
	if state := caches.budgets.access(); state != accessCurrent {
		o.BudgetsUnread = state == accessUnread
		return nil
	}
	o.BudgetsKnown = true
	p := o.Performer
	name := render.BudgetName(p.Name)
	obj, found, err := caches.budgets.GetStore().GetByKey(cache.NewObjectName(p.Namespace, name).String())
	if err != nil {
		return fmt.Errorf("looking up a PodDisruptionBudget: %w", err)
	}
	if found {
		// One that lost its owner is still the Performer's, whether it is to be restored or deleted.
		if budget := obj.(*policyv1.PodDisruptionBudget); render.ControlledBy(budget, p) || p.DeletionTimestamp == nil && performer.IsOrphan(budget, p) {
			o.Budget = budget
		}
	}
	foreign, err := caches.budgets.GetIndexer().ByIndex(byForeign, p.Namespace)
	if err != nil {
		return fmt.Errorf("looking up PodDisruptionBudgets: %w", err)
	}
	for _, obj := range foreign {
		budget := obj.(*policyv1.PodDisruptionBudget)
		if budget.Name == name && performer.IsOrphan(budget, p) {
			continue
		}
		selects := selectorOf(budget)
		if slices.ContainsFunc(o.Pods, func(pod *corev1.Pod) bool { return selects(pod.Labels) }) {
			o.OtherBudgets = append(o.OtherBudgets, budget.Name)
		}
	}
	slices.Sort(o.OtherBudgets)
	return nil
}
