// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestStuckPodIsReported deletes a Performer whose pod exceeded its grace period long ago.
func TestStuckPodIsReported(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	longAgo := metav1.NewTime(time.Now().Add(-time.Hour))
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "a", UID: "u", DeletionTimestamp: &longAgo, Finalizers: []string{render.Finalizer},
	}}
	if _, err := c.hourglass.HourglassV1alpha1().Performers("ns").Create(ctx, p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := render.Pod(p, 0, render.Hardware{})
	pod.DeletionTimestamp = &longAgo
	caches := c.caches[metav1.NamespaceAll]
	for _, err := range []error{caches.performers.GetStore().Add(p), caches.pods.GetStore().Add(pod)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if out := c.sync(ctx, cache.MetaObjectToName(p)); out.result != resultSuccess {
		t.Fatalf("outcome %+v", out)
	}
	const want = corev1.EventTypeWarning + " PodStuck Pod performer-a-0 did not terminate within its grace period; the Performer no longer waits for it"
	select {
	case got := <-c.recorder.(*record.FakeRecorder).Events:
		if got != want {
			t.Errorf("event %q, want %q", got, want)
		}
	default:
		t.Error("no event")
	}
}
