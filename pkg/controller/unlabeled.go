// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// unlabeledPods remembers, by the UID of their Performer, the names of pods that left a cache without
// having been deleted: most likely they still run, and somebody removed the label by which we watch.
// They are in a cache again once a sync has restored the label.
type unlabeledPods struct {
	mu   sync.Mutex
	pods map[types.UID][]string
}

// findUnlabeledPods looks for the pods that lost the label by which we watch while no operator worked.
// It is one request, which usually finds none.
func (c *Controller) findUnlabeledPods(ctx context.Context, namespace string) {
	pods, err := c.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{
		LabelSelector:   fmt.Sprintf("%s=%s,!%s", render.LabelManagedBy, render.ManagedBy, render.LabelPerformer),
		ResourceVersion: "0", // from the API server's cache
	})
	if err != nil {
		klog.FromContext(ctx).Error(err, "Cannot list pods that lost their labels, they stay without until they are next seen")
		return
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if owner := performerOf(pod); owner != nil {
			c.unlabeled.add(owner.UID, pod.Name)
		}
	}
}

func newUnlabeledPods() *unlabeledPods {
	return &unlabeledPods{pods: map[types.UID][]string{}}
}

func (u *unlabeledPods) add(uid types.UID, pod string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.Contains(u.pods[uid], pod) {
		u.pods[uid] = append(u.pods[uid], pod)
	}
}

// forget removes the entries of a Performer that is gone.
func (u *unlabeledPods) forget(uid types.UID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.pods, uid)
}

// of returns the names of the unlabeled pods of a Performer.
func (u *unlabeledPods) of(uid types.UID) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.pods[uid])
}

// drop removes a pod that is gone, or in a cache again.
func (u *unlabeledPods) drop(uid types.UID, pod string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := slices.DeleteFunc(u.pods[uid], func(name string) bool { return name == pod })
	if len(left) == 0 {
		delete(u.pods, uid)
		return
	}
	u.pods[uid] = left
}
