// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestHooksMayBeNil(*testing.T) {
	var h Hooks
	h.syncBegan()
	h.syncEnded(resultSuccess, 0, nil)
	h.backedOff(0)
	h.podCreated(nil, nil)
	h.podDeleted("")
	h.statusWritten(nil, nil, time.Time{})
}

func TestPodCreatedReason(t *testing.T) {
	for _, tt := range []struct {
		status   v1alpha1.PerformerStatus
		revision string
		want     string
	}{
		{v1alpha1.PerformerStatus{}, "a", "first"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a"}, "b", "upgrade"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a", FailureCount: 1}, "a", "failure"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a"}, "a", "replacement"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1}, "a", "replacement"},
	} {
		got := ""
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{render.AnnotationRevision: tt.revision}}}
		Hooks{PodCreated: func(reason string) { got = reason }}.podCreated(&v1alpha1.Performer{Status: tt.status}, pod)
		if got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.status, got, tt.want)
		}
	}
}

func TestUpgradeResult(t *testing.T) {
	now := time.Now()
	started := metav1.NewTime(now.Add(-time.Minute))
	status := func(current, update string) v1alpha1.PerformerStatus {
		return v1alpha1.PerformerStatus{CurrentRevision: current, UpdateRevision: update, LastUpgrade: &started}
	}
	for _, tt := range []struct {
		name          string
		before, after v1alpha1.PerformerStatus
		want          string
	}{
		{"the first revision", status("", "a"), status("a", "a"), ""},
		{"no upgrade", status("a", "a"), status("a", "a"), ""},
		{"started", status("a", "a"), status("a", "b"), ""},
		{"in progress", status("a", "b"), status("a", "b"), ""},
		{"completed", status("a", "b"), status("b", "b"), "completed"},
		{"completed, and the next one started", status("a", "b"), status("b", "c"), "completed"},
		{"superseded", status("a", "b"), status("a", "c"), "superseded"},
		{"rolled back", status("a", "b"), status("a", "a"), "rolled_back"},
	} {
		got, took := "", 0.0
		Hooks{Upgraded: func(result string, seconds float64) { got, took = result, seconds }}.statusWritten(&tt.before, &tt.after, now)
		if got != tt.want || got != "" && int(took) != 60 {
			t.Errorf("%s: got %q after %g s, want %q", tt.name, got, took, tt.want)
		}
	}
}
