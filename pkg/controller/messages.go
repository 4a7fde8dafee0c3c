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

// messages keeps the wording of a problem that the API server reports steady in the status.
//
// That wording may differ with each try: the port of a connection, the id of a request, an amount in
// use. A status that is written brings the Performer back into the queue, where the next try would
// follow without any delay, with another wording to write, and so on.
type messages struct {
	mu      sync.Mutex
	changed map[cache.ObjectName]time.Time
}

// messageLasts is for how long a wording stays, while reason and generation are the same; after that it
// is replaced at the next try.
const messageLasts = refusedLookAgain

func newMessages() *messages {
	return &messages{changed: map[cache.ObjectName]time.Time{}}
}

// steady returns problem, with the wording that the status of p has of it where that is too young to
// be replaced.
func (m *messages) steady(name cache.ObjectName, p *v1alpha1.Performer, problem *performer.Problem, now time.Time) *performer.Problem {
	m.mu.Lock()
	defer m.mu.Unlock()
	told := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionDegraded)
	same := told != nil && told.Reason == problem.Reason && told.ObservedGeneration == p.Generation
	switch {
	case same && told.Message == problem.Message:
	case same && now.Sub(m.changed[name]) < messageLasts:
		kept := *problem
		kept.Message = told.Message
		return &kept
	default:
		m.changed[name] = now
	}
	return problem
}

// forget drops what is known of a Performer that is gone.
func (m *messages) forget(name cache.ObjectName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.changed, name)
}
