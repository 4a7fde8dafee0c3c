// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// kubelet makes every pod of a namespace ready, as if it ran, and takes away those that are being
// deleted; it tries on when the API server is away. While it is paused, new pods stay as they are.
type kubelet struct {
	paused atomic.Bool
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	pods   cache.Store
}

const ready = `{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`

func startKubelet(t *testing.T, namespace string) *kubelet {
	t.Helper()
	factory := informers.NewSharedInformerFactoryWithOptions(cluster.Kube, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().Pods().Informer()
	k := &kubelet{
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](patience/1000, patience/100)),
		pods:  informer.GetStore(),
	}
	add := func(obj any) { k.queue.Add(cache.MetaObjectToName(obj.(*corev1.Pod))) }
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, now any) { add(now) }}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	factory.StartWithContext(ctx)
	for range 4 {
		go func() {
			for k.next(ctx) {
			}
		}()
	}
	t.Cleanup(func() {
		stop()
		k.queue.ShutDown()
	})
	return k
}

func (k *kubelet) next(ctx context.Context) bool {
	name, shutdown := k.queue.Get()
	if shutdown {
		return false
	}
	defer k.queue.Done(name)
	obj, found, err := k.pods.GetByKey(name.String())
	if err != nil || !found || k.paused.Load() {
		return true
	}
	pod := obj.(*corev1.Pod)
	switch {
	case pod.DeletionTimestamp != nil:
		// A client that dies while it deletes leaves the pod half deleted: what the server would have
		// done next, Kubernetes' pod garbage collector does for pods that are on no node.
		now := metav1.DeleteOptions{GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(pod.UID))}
		if err := cluster.Kube.CoreV1().Pods(name.Namespace).Delete(ctx, name.Name, now); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			k.queue.AddRateLimited(name)
		}
		return true
	case pod.Status.Phase == corev1.PodRunning:
		return true
	}
	_, err = cluster.Kube.CoreV1().Pods(name.Namespace).Patch(ctx, name.Name, types.StrategicMergePatchType, []byte(ready), metav1.PatchOptions{}, "status")
	if err != nil {
		k.queue.AddRateLimited(name)
		return true
	}
	k.queue.Forget(name)
	return true
}

// resume ends a pause.
func (k *kubelet) resume() {
	k.paused.Store(false)
	for _, key := range k.pods.ListKeys() {
		name, err := cache.ParseObjectName(key)
		if err == nil {
			k.queue.Add(name)
		}
	}
}
