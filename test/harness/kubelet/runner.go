// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Runner makes every pod of a namespace ready, as if it ran, and removes the pods that are being
// deleted. It retries while the API server is down.
type Runner struct {
	kube   kubernetes.Interface
	paused atomic.Bool
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	pods   cache.Store
}

// The delays between the retries of one pod; no test passes or fails by them.
const (
	firstRetry = 2 * time.Millisecond
	lastRetry  = 20 * time.Millisecond
)

// Run starts a Runner, which stops with the test.
func Run(t testing.TB, kube kubernetes.Interface, namespace string) *Runner {
	t.Helper()
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().Pods().Informer()
	r := &Runner{
		kube:  kube,
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](firstRetry, lastRetry)),
		pods:  informer.GetStore(),
	}
	add := func(obj any) { r.queue.Add(cache.MetaObjectToName(obj.(*corev1.Pod))) }
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, now any) { add(now) }}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	factory.StartWithContext(ctx)
	for range 4 {
		go func() {
			for r.next(ctx) {
			}
		}()
	}
	t.Cleanup(func() {
		stop()
		r.queue.ShutDown()
	})
	return r
}

func (r *Runner) next(ctx context.Context) bool {
	name, shutdown := r.queue.Get()
	if shutdown {
		return false
	}
	defer r.queue.Done(name)
	obj, found, err := r.pods.GetByKey(name.String())
	if err != nil || !found || r.paused.Load() {
		return true
	}
	pod := obj.(*corev1.Pod)
	switch {
	case pod.DeletionTimestamp != nil:
		// A client that dies while it deletes leaves the pod half deleted: what the server would
		// have done next, Kubernetes' pod garbage collector does for pods that are on no node.
		now := metav1.DeleteOptions{GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(pod.UID))}
		if err := r.kube.CoreV1().Pods(name.Namespace).Delete(ctx, name.Name, now); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			r.queue.AddRateLimited(name)
		}
		return true
	case pod.Status.Phase == corev1.PodRunning:
		return true
	}
	_, err = r.kube.CoreV1().Pods(name.Namespace).Patch(ctx, name.Name, types.StrategicMergePatchType, []byte(ready), metav1.PatchOptions{}, "status")
	if err != nil {
		r.queue.AddRateLimited(name)
		return true
	}
	r.queue.Forget(name)
	return true
}

// Pause leaves all pods as they are until Resume.
func (r *Runner) Pause() { r.paused.Store(true) }

// Resume ends a pause.
func (r *Runner) Resume() {
	r.paused.Store(false)
	for _, key := range r.pods.ListKeys() {
		name, err := cache.ParseObjectName(key)
		if err == nil {
			r.queue.Add(name)
		}
	}
}
