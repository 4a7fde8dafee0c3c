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

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// hidden remembers, by the UID of their Performer, the names of pods that left a cache without having
// been told to end: most likely they run on, and somebody took off the label by which we watch. They
// are in a cache again when a sync has put it back.
type hidden struct {
	mu   sync.Mutex
	pods map[types.UID][]string
}

// findHidden looks for the pods that lost the label by which we watch while nobody of us worked: one
// request, that mostly finds none.
func (c *Controller) findHidden(ctx context.Context, namespace string) {
	pods, err := c.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{
		LabelSelector:   fmt.Sprintf("%s=%s,%s!=%s", performer.LabelManagedBy, performer.ManagedBy, performer.LabelApp, performer.AppName),
		ResourceVersion: "0", // as the API server has them in its cache
	})
	if err != nil {
		klog.FromContext(ctx).Error(err, "Cannot look for pods that lost their labels, going on without")
		return
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if owner := performerOf(pod); owner != nil {
			c.hidden.add(owner.UID, pod.Name)
		}
	}
}

func newHidden() *hidden {
	return &hidden{pods: map[types.UID][]string{}}
}

func (h *hidden) add(uid types.UID, pod string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.pods[uid], pod) {
		h.pods[uid] = append(h.pods[uid], pod)
	}
}

// forget drops what is known of a Performer that is gone.
func (h *hidden) forget(uid types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pods, uid)
}

// of returns the names of the pods of a Performer.
func (h *hidden) of(uid types.UID) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pods[uid])
}

// drop forgets a pod that is gone, or in a cache again.
func (h *hidden) drop(uid types.UID, pod string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := slices.DeleteFunc(h.pods[uid], func(name string) bool { return name == pod })
	if len(left) == 0 {
		delete(h.pods, uid)
		return
	}
	h.pods[uid] = left
}
