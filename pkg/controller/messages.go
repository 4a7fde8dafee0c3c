// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sync"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// conditionMessages dampens changes of the message of a problem that the API server reports.
//
// Such a message may differ with each try: the port of a connection, the ID of a request, an amount in
// use. Writing the status queues the Performer again, so that the next try would follow at once, with
// another message to write, and so on.
type conditionMessages struct {
	mu      sync.Mutex
	changed map[cache.ObjectName]time.Time
}

// messageLasts is how long a message stays while reason and generation are the same. After that the
// next try replaces it.
const messageLasts = maxRefusedDelay

func newConditionMessages() *conditionMessages {
	return &conditionMessages{changed: map[cache.ObjectName]time.Time{}}
}

// dampen returns problem, with the message that the status of p has for it if that is too recent to be
// replaced.
func (m *conditionMessages) dampen(name cache.ObjectName, p *v1alpha1.Performer, problem *performer.Problem, now time.Time) *performer.Problem {
	m.mu.Lock()
	defer m.mu.Unlock()
	reported := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionDegraded)
	same := reported != nil && reported.Reason == problem.Reason && reported.ObservedGeneration == p.Generation
	switch {
	case same && reported.Message == problem.Message:
	case same && now.Sub(m.changed[name]) < messageLasts:
		kept := *problem
		kept.Message = reported.Message
		return &kept
	default:
		m.changed[name] = now
	}
	return problem
}

// forget removes the entry of a Performer that is gone.
func (m *conditionMessages) forget(name cache.ObjectName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.changed, name)
}
