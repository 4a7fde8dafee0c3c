// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/contention"
)

// anotherClient stands for the writer of an object that does not name it in its managed fields.
const anotherClient = "another client"

// Limits on the writes to an object that somebody else keeps undoing. Two replicas, each of which may
// write the Secret, make at most ten in the first minute, and one a minute later.
const (
	// freeWrites are made without a delay. A change of the CA takes two.
	freeWrites = 2
	// firstWriteDelay and lastWriteDelay are the shortest and the longest delay after further writes.
	// The delay doubles with each.
	firstWriteDelay, lastWriteDelay = 4 * time.Second, 2 * time.Minute
	// quietPeriod is the time without a write after which the next one is the first again.
	quietPeriod = 2 * lastWriteDelay
)

// writeBudget delays the writes to one object if they follow each other too closely.
type writeBudget struct {
	writes int
	last   time.Time // of the writes
	logged bool      // whether it was logged that writes are delayed
}

// next returns when the next write may be made.
func (b *writeBudget) next(now time.Time) time.Time {
	if b.writes < freeWrites || now.Sub(b.last) >= quietPeriod {
		return now
	}
	return b.last.Add(contention.Doubled(firstWriteDelay, b.writes-freeWrites, lastWriteDelay))
}

// spend counts a write, whether or not it succeeds.
func (b *writeBudget) spend(now time.Time) {
	if now.Sub(b.last) >= quietPeriod {
		*b = writeBudget{}
	}
	b.writes++
	b.last = now
}

// delayedError is the error of a write that is delayed, since somebody else keeps undoing it. It was
// logged before.
type delayedError struct{ until time.Time }

// Error implements error.
func (e *delayedError) Error() string {
	return "the next write is delayed until " + e.until.Format(time.RFC3339)
}

// startWrite counts a write to an object. If the write must be delayed, startWrite returns a
// delayedError, and logs once that somebody else keeps undoing the writes, and who.
func (m *CertificateManager) startWrite(ctx context.Context, now time.Time, kind, object, by string) error {
	budget := m.budgets[kind]
	if budget == nil {
		budget = &writeBudget{}
		m.budgets[kind] = budget
	}
	until := budget.next(now)
	if !now.Before(until) {
		budget.spend(now)
		return nil
	}
	if !budget.logged {
		budget.logged = true
		klog.FromContext(ctx).Error(nil, "Another manager undoes each write of the operator, retrying with growing delays of up to two minutes: exclude this object, or clientConfig.caBundle in a webhook configuration, from what that manager writes",
			"kind", kind, "object", object, "manager", by)
	}
	return &delayedError{until}
}

// bundleWriter returns the manager that wrote the CA bundle of a webhook last, by the managed fields
// of its configuration.
func bundleWriter(object metav1.Object, webhook string) string {
	path := []string{"f:webhooks", fmt.Sprintf("k:{\"name\":%q}", webhook), "f:clientConfig", "f:caBundle"}
	writer := contention.LastManager(object, func(entry *metav1.ManagedFieldsEntry) bool { return contention.Owns(entry, path) })
	return cmp.Or(writer, anotherClient)
}
