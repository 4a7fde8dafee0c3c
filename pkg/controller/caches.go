// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/informers/externalversions"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// byController is the index of objects by the UID of their controller.
const byController = "controller"

// caches hold what is watched in one namespace, or in all.
type caches struct {
	performers, pods, services cache.SharedIndexInformer

	start func(context.Context)
}

// newCaches makes the informers, none started. Pods and Services are narrowed at the server to those
// with our label and trimmed on arrival, so that memory follows the number of Performers and not
// the size of the cluster.
func newCaches(kube kubernetes.Interface, hourglass versioned.Interface, namespace string) (*caches, error) {
	ours := metav1.FormatLabelSelector(&metav1.LabelSelector{
		MatchLabels: map[string]string{performer.LabelApp: performer.AppName},
	})
	name := informerName(namespace)
	core := informers.NewSharedInformerFactoryWithOptions(kube, 0,
		informers.WithInformerName(name),
		informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = ours }),
		informers.WithTransform(trim))
	own := externalversions.NewSharedInformerFactoryWithOptions(hourglass, 0,
		externalversions.WithInformerName(name),
		externalversions.WithNamespace(namespace),
		externalversions.WithTransform(trim))
	c := &caches{
		performers: own.Hourglass().V1alpha1().Performers().Informer(),
		pods:       core.Core().V1().Pods().Informer(),
		services:   core.Core().V1().Services().Informer(),
		start: func(ctx context.Context) {
			own.StartWithContext(ctx)
			core.StartWithContext(ctx)
		},
	}
	if err := c.pods.AddIndexers(cache.Indexers{byController: controllerUID}); err != nil {
		return nil, fmt.Errorf("indexing pods: %w", err)
	}
	return c, nil
}

func controllerUID(obj any) ([]string, error) {
	object, ok := obj.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no API object", obj)
	}
	if owner := metav1.GetControllerOfNoCopy(object); owner != nil {
		return []string{string(owner.UID)}, nil
	}
	return nil, nil
}

func (c *caches) synced() bool {
	return c.performers.HasSynced() && c.pods.HasSynced() && c.services.HasSynced()
}

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

// podsOf returns the pods that the object with the given UID controls.
func (c *caches) podsOf(uid types.UID) ([]*corev1.Pod, error) {
	objs, err := c.pods.GetIndexer().ByIndex(byController, string(uid))
	if err != nil {
		return nil, err
	}
	pods := make([]*corev1.Pod, 0, len(objs))
	for _, obj := range objs {
		pods = append(pods, obj.(*corev1.Pod))
	}
	return pods, nil
}
