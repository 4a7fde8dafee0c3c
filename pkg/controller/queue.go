// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// newQueue returns the queue of Performers to sync. backoff delays those that failed.
func newQueue(backoff workqueue.TypedRateLimiter[cache.ObjectName]) workqueue.TypedRateLimitingInterface[cache.ObjectName] {
	storage := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[cache.ObjectName]{Name: Name, Queue: newFairQueue()})
	delaying := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[cache.ObjectName]{Name: Name, Queue: storage})
	return workqueue.NewTypedRateLimitingQueueWithConfig(backoff, workqueue.TypedRateLimitingQueueConfig[cache.ObjectName]{Name: Name, DelayingQueue: delaying})
}

// fairQueue is the storage of the queue. The namespaces take turns, so that many Performers of one
// namespace don't delay those of the others. Within a namespace the order is that of arrival.
type fairQueue struct {
	waiting map[string][]cache.ObjectName // by namespace; none is empty
	turns   []string                      // the namespaces in waiting, in their order
	length  int
}

func newFairQueue() *fairQueue {
	return &fairQueue{waiting: map[string][]cache.ObjectName{}}
}

// Touch implements workqueue.Queue.
func (q *fairQueue) Touch(cache.ObjectName) {}

// Push implements workqueue.Queue.
func (q *fairQueue) Push(name cache.ObjectName) {
	if len(q.waiting[name.Namespace]) == 0 {
		q.turns = append(q.turns, name.Namespace)
	}
	q.waiting[name.Namespace] = append(q.waiting[name.Namespace], name)
	q.length++
}

// Len implements workqueue.Queue.
func (q *fairQueue) Len() int { return q.length }

// Pop implements workqueue.Queue.
func (q *fairQueue) Pop() cache.ObjectName {
	namespace := q.turns[0]
	q.turns = q.turns[1:]
	names := q.waiting[namespace]
	if len(names) > 1 {
		q.waiting[namespace] = names[1:]
		q.turns = append(q.turns, namespace)
	} else {
		delete(q.waiting, namespace)
	}
	q.length--
	return names[0]
}
