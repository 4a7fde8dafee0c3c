// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/contention"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

const (
	// firstPodDelay is how long the third pod of the same spec waits, if the first two were replaced
	// without having served. It doubles with each further one, up to maxPodDelay.
	firstPodDelay = 10 * time.Second
	maxPodDelay   = 5 * time.Minute
)

// createdPods counts the pods that were created for the same spec, one in place of the other, although
// each should have lasted: they were deleted before they were ready, or changed after their creation.
type createdPods struct {
	count int
	last  time.Time
	name  string // of the last one
	ready bool   // it has been ready
}

func (c *createdPods) add(name string, now time.Time) {
	if now.Sub(c.last) > 2*maxPodDelay {
		c.count = 0
	}
	c.count, c.last, c.name, c.ready = c.count+1, now, name, false
}

// deleted records that the operator itself deleted a pod. Only what others take away resets the count.
func (c *createdPods) deleted(name string) {
	if c.name == name {
		c.ready = false
	}
}

// next returns when the next pod may be created, or the zero time if any time is fine, and how long that
// lasts. The replacement of a pod that served until somebody took it away is not delayed.
func (c *createdPods) next(o *performer.Observed) (at time.Time, left time.Duration) {
	alive, ended := false, false
	for _, pod := range o.Pods {
		if pod.Name == c.name {
			c.ready = c.ready || performer.PodReady(pod)
			alive, ended = pod.DeletionTimestamp == nil, performer.EndedByItself(pod)
		}
	}
	// A pod that ended by itself has a delay of its own: package performer, backoff.go.
	if ended || c.ready && !alive {
		c.count = 0
	}
	if c.count < 2 {
		return time.Time{}, 0
	}
	delay := contention.Doubled(firstPodDelay, c.count-2, maxPodDelay)
	if left = 2*delay - o.Now.Sub(c.last); left <= 0 {
		return time.Time{}, 0
	}
	return c.last.Add(delay), left
}
