// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/disruptions"
)

// disruptionLog remembers each Performer's last observation, as far as that shows how its pods are taken
// away. It is lost when the process ends, and with it the disruptions in progress.
type disruptionLog struct {
	mu       sync.Mutex
	memories map[cache.ObjectName]disruptions.Memory
}

func newDisruptionLog() *disruptionLog {
	return &disruptionLog{memories: map[cache.ObjectName]disruptions.Memory{}}
}

// observe returns the disruption that ended with this observation, or nil.
func (l *disruptionLog) observe(name cache.ObjectName, o *performer.Observed) (ended *disruptions.Disruption) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.memories[name], ended = l.memories[name].Observe(o)
	return ended
}

// deletedByOperator records that the operator itself deleted a pod.
func (l *disruptionLog) deletedByOperator(name cache.ObjectName, pod types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.memories[name] = l.memories[name].DeletedByOperator(pod)
}

// forget removes a Performer that is gone.
func (l *disruptionLog) forget(name cache.ObjectName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.memories, name)
}
