// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contention has what the controller and the webhooks need where another manager undoes their
// writes: delays that grow, and the name of that manager.
package contention

import (
	"encoding/json"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Doubled returns a delay doubled n times, at most limit.
func Doubled(delay time.Duration, n int, limit time.Duration) time.Duration {
	for range n {
		if delay >= limit {
			break
		}
		delay *= 2
	}
	return min(delay, limit)
}

// LastManager returns the manager of the latest of the entries in an object's managed fields for which counts
// holds, or an empty name if there is none.
func LastManager(object metav1.Object, counts func(*metav1.ManagedFieldsEntry) bool) string {
	var last metav1.ManagedFieldsEntry
	for _, entry := range object.GetManagedFields() {
		if counts(&entry) && (last.Time == nil || entry.Time != nil && last.Time.Before(entry.Time)) {
			last = entry
		}
	}
	return last.Manager
}

// Owns reports whether the manager of the entry owns a field at one of the paths, or below.
func Owns(entry *metav1.ManagedFieldsEntry, paths ...[]string) bool {
	var fields map[string]any
	if entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
		return false
	}
	return slices.ContainsFunc(paths, func(path []string) bool {
		at := any(fields)
		for _, step := range path {
			level, ok := at.(map[string]any)
			if !ok {
				return false
			}
			if at, ok = level[step]; !ok {
				return false
			}
		}
		return true
	})
}
