// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/informers/externalversions"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// The indexes of pods: by the UID of their controller, by the name of their Performer, by their node, and by
// whether they serve.
const (
	byController = "controller"
	byPerformer  = "performer"
	byNode       = "node"
	byServing    = "serving"
)

// caches are the informers of one namespace, or of all.
type caches struct {
	performers, pods, services cache.SharedIndexInformer
	budgets, evictions         *optionalInformer
	// failoversCounted is whether the failovers that began before this process did are counted. The lock of
	// failovers guards it.
	failoversCounted bool

	start func(context.Context)
}

// newCaches returns the informers, not started. The server narrows Services to those with our label and Pods
// to those that name a Performer, which every pod that a Performer's Service selects does. They are trimmed on
// arrival, so that memory follows the number of Performers and not the size of the cluster.
func newCaches(kube kubernetes.Interface, hourglass versioned.Interface, namespace string) (*caches, error) {
	name := informerName(namespace)
	labeled := func(selector string) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(kube, 0,
			informers.WithInformerName(name),
			informers.WithNamespace(namespace),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = selector }),
			informers.WithTransform(trim))
	}
	pods, services := labeled(render.LabelPerformer), labeled(labels.Set{render.LabelApp: render.AppName}.String())
	own := externalversions.NewSharedInformerFactoryWithOptions(hourglass, 0,
		externalversions.WithInformerName(name),
		externalversions.WithNamespace(namespace),
		externalversions.WithTransform(trim))
	c := &caches{
		performers: own.Hourglass().V1alpha1().Performers().Informer(),
		pods:       pods.Core().V1().Pods().Informer(),
		services:   services.Core().V1().Services().Informer(),
		budgets:    newBudgets(kube, namespace),
		evictions:  newEvictions(kube, namespace),
		start: func(ctx context.Context) {
			own.StartWithContext(ctx)
			pods.StartWithContext(ctx)
			services.StartWithContext(ctx)
		},
	}
	if err := c.pods.AddIndexers(cache.Indexers{byController: controllerUID, byPerformer: performerOfLabel, byNode: nodeOfPod, byServing: servingLabel}); err != nil {
		return nil, fmt.Errorf("indexing pods: %w", err)
	}
	if err := c.budgets.AddIndexers(cache.Indexers{byForeign: foreignNamespace}); err != nil {
		return nil, fmt.Errorf("indexing PodDisruptionBudgets: %w", err)
	}
	if err := c.evictions.AddIndexers(cache.Indexers{byPerformer: indexByTarget}); err != nil {
		return nil, fmt.Errorf("indexing Evictions: %w", err)
	}
	return c, nil
}

func controllerUID(obj any) ([]string, error) {
	object, ok := obj.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", obj)
	}
	if owner := metav1.GetControllerOfNoCopy(object); owner != nil {
		return []string{string(owner.UID)}, nil
	}
	return nil, nil
}

// performerOfLabel returns namespace and name of the Performer that a pod names in its label.
func performerOfLabel(obj any) ([]string, error) {
	object, ok := obj.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", obj)
	}
	if name := object.GetLabels()[render.LabelPerformer]; name != "" {
		return []string{cache.NewObjectName(object.GetNamespace(), name).String()}, nil
	}
	return nil, nil
}

// nodeOfPod returns the name of the node that a pod is bound to.
func nodeOfPod(obj any) ([]string, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return nil, fmt.Errorf("%T is not a pod", obj)
	}
	if pod.Spec.NodeName == "" {
		return nil, nil
	}
	return []string{pod.Spec.NodeName}, nil
}

// servingLabel returns the value of the serving label of a pod.
func servingLabel(obj any) ([]string, error) {
	object, ok := obj.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", obj)
	}
	if value := object.GetLabels()[render.LabelServing]; value != "" {
		return []string{value}, nil
	}
	return nil, nil
}

func (c *caches) synced() bool {
	return c.performers.HasSynced() && c.pods.HasSynced() && c.services.HasSynced()
}

// optional returns the informers by resource that may not run.
func (c *caches) optional() map[string]*optionalInformer {
	return map[string]*optionalInformer{"poddisruptionbudgets": c.budgets, "evictions": c.evictions}
}

// settled reports whether a decision need not wait for the optional informers any longer.
func (c *caches) settled() bool { return c.budgets.settled() && c.evictions.settled() }

// complete reports whether the optional caches are filled, or never will be.
func (c *caches) complete() bool { return c.budgets.complete() && c.evictions.complete() }

// performer returns the Performer of the given name, or nil.
func (c *caches) performer(name cache.ObjectName) (*v1alpha1.Performer, error) {
	obj, found, err := c.performers.GetStore().GetByKey(name.String())
	if err != nil || !found {
		return nil, err
	}
	return obj.(*v1alpha1.Performer), nil
}

// service returns the Service of the given name, or nil.
func (c *caches) service(namespace, name string) (*corev1.Service, error) {
	obj, found, err := c.services.GetStore().GetByKey(cache.NewObjectName(namespace, name).String())
	if err != nil || !found {
		return nil, err
	}
	return obj.(*corev1.Service), nil
}

// observePods adds to an observation the pods that the cache has of the Performer: those that it controls or
// has to adopt, those that an earlier Performer of its name left, and those of others that name it.
func (c *caches) observePods(o *performer.Observed) error {
	p := o.Performer
	controlled, err := c.pods.GetIndexer().ByIndex(byController, string(p.UID))
	if err != nil {
		return err
	}
	for _, obj := range controlled {
		o.Pods = append(o.Pods, obj.(*corev1.Pod))
	}
	if p.DeletionTimestamp != nil {
		return nil
	}
	named, err := c.pods.GetIndexer().ByIndex(byPerformer, cache.NewObjectName(p.Namespace, render.LabelValue(p.Name)).String())
	if err != nil {
		return err
	}
	for _, obj := range named {
		switch pod := obj.(*corev1.Pod); {
		case render.ControlledBy(pod, p):
		case performer.IsOrphan(pod, p):
			o.Pods = append(o.Pods, pod)
		case performer.IsLeaving(pod, p):
			o.Leaving = append(o.Leaving, pod.Name)
		default:
			o.ForeignPods = append(o.ForeignPods, pod)
		}
	}
	slices.Sort(o.Leaving)
	return nil
}

func (c *Controller) cachesFor(namespace string) *caches {
	if all := c.caches[metav1.NamespaceAll]; all != nil {
		return all
	}
	return c.caches[namespace]
}

// informers returns the informers by resource.
func (c *caches) informers() map[string]cache.SharedIndexInformer {
	return map[string]cache.SharedIndexInformer{"performers": c.performers, "pods": c.pods, "services": c.services}
}

// informerName names the informers of a namespace in their metrics. A second controller in the same
// process finds the name taken and has no such metrics.
func informerName(namespace string) *cache.InformerName {
	name, err := cache.NewInformerName(cmp.Or(namespace, Name))
	if err != nil {
		return nil
	}
	return name
}
