// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestServesWhileItDrains has the only pod deleted, by anybody. It is available until its sleep has ended, and
// its successor is created at once.
func TestServesWhileItDrains(t *testing.T) {
	for name, tt := range map[string]struct {
		change       []func(*corev1.Pod)
		available    bool
		requeueAfter time.Duration
	}{
		"it sleeps":                     {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(4 * time.Second)}, true, 6 * time.Second},
		"it has slept":                  {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(10 * time.Second)}, false, 0},
		"it is not ready":               {[]func(*corev1.Pod){deletedAgo(0)}, false, 0},
		"it does not sleep":             {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(0), withoutSleep}, false, 0},
		"its grace period was cut":      {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(4 * time.Second), graceOf(5)}, true, time.Second},
		"it was deleted by force":       {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(0), graceOf(0)}, false, 0},
		"the server's clock is ahead":   {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(-time.Hour)}, true, 10 * time.Second},
		"somebody removed its label":    {[]func(*corev1.Pod){ready(time.Hour), deletedAgo(0), waitingForTraffic}, false, 10 * time.Second},
		"its node was lost before that": {[]func(*corev1.Pod){deletedAgo(4 * time.Second)}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed(running, testPod(running, 0, tt.change...))
			if plan := planOf(o, testSettings); !strings.Contains(brief(plan), "create pod 1") || plan.RequeueAfter != tt.requeueAfter && tt.requeueAfter != 0 {
				t.Errorf("plan: %s, requeue after %v, want %v", brief(plan), plan.RequeueAfter, tt.requeueAfter)
			}
			status := statusOf(o, testSettings, nil)
			c := conditionOf(&status, v1alpha1.ConditionAvailable)
			if available := c.Status == metav1.ConditionTrue; available != tt.available || status.Ready != tt.available {
				t.Errorf("Available is %s: %s", c.Status, c.Message)
			}
			if tt.available && !strings.HasSuffix(c.Message, "routes to Pod performer-x-0, which is terminating and serves until it has drained") {
				t.Errorf("message: %s", c.Message)
			}
			if conditionOf(&status, v1alpha1.ConditionReady).Status == metav1.ConditionTrue {
				t.Error("Ready is True")
			}
		})
	}
}

// TestReadyPodIsPreferredToOneThatDrains has both.
func TestReadyPodIsPreferredToOneThatDrains(t *testing.T) {
	status := statusOf(observed(running, testPod(running, 0, ready(time.Hour), deletedAgo(0)), testPod(running, 1, ready(0))), testSettings, nil)
	c := conditionOf(&status, v1alpha1.ConditionAvailable)
	if !strings.HasSuffix(c.Message, "routes to Pod performer-x-1, which is ready") || conditionOf(&status, v1alpha1.ConditionReady).Status != metav1.ConditionTrue {
		t.Errorf("Available: %s; conditions %+v", c.Message, status.Conditions)
	}
}

// TestCopyDrainsByItself: a copy has the sleep of its source, and no hook that admission added.
func TestCopyDrainsByItself(t *testing.T) {
	source := testPod(running, 0, ready(0), func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Lifecycle.PostStart = &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}
	})
	c := CopyOf(source, running, 1, testNow)
	lifecycle := c.Spec.Containers[0].Lifecycle
	if lifecycle == nil || lifecycle.PreStop.Sleep.Seconds != 10 || lifecycle.PostStart != nil || *c.Spec.TerminationGracePeriodSeconds != 40 {
		t.Errorf("lifecycle %+v, grace period %d", lifecycle, *c.Spec.TerminationGracePeriodSeconds)
	}
}

// graceOf sets the grace period with which the pod was deleted; the time of the deletion stays.
func graceOf(seconds int64) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		change := time.Duration(seconds-*pod.DeletionGracePeriodSeconds) * time.Second
		pod.DeletionTimestamp = &metav1.Time{Time: pod.DeletionTimestamp.Add(change)}
		pod.DeletionGracePeriodSeconds = &seconds
	}
}
