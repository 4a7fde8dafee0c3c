// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestAvailable has Services that somebody changed in front of a ready pod.
func TestAvailable(t *testing.T) {
	const (
		recreated = ", so callers don't reach the Pod: run kubectl delete service -n ns performer-x, and the operator creates it again with a cluster IP"
		notYet    = "Pod performer-x-0 is ready, but the Service does not route to it yet"
	)
	for _, tt := range []struct {
		name      string
		edit      func(*corev1.Service)
		available bool
		reason    string // of Ready
		message   string // of Ready, if not available
	}{
		{"as created", func(s *corev1.Service) { s.Spec.ClusterIP = "10.0.0.1" }, true, ReasonPodReady, ""},
		{"of type NodePort", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeNodePort }, true, ReasonPodReady, ""},
		{"of type LoadBalancer", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeLoadBalancer }, true, ReasonPodReady, ""},
		{"of type ExternalName", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeExternalName }, false, ReasonServiceTypeChanged,
			"Service performer-x was changed to type ExternalName" + recreated},
		{"headless", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }, false, ReasonServiceTypeChanged,
			"Service performer-x was made headless (spec.clusterIP is None)" + recreated},
		{"terminating", func(s *corev1.Service) { s.DeletionTimestamp = &metav1.Time{Time: testNow} }, false, ReasonNoService, notYet},
		{"terminating and headless", func(s *corev1.Service) {
			s.Spec.ClusterIP, s.DeletionTimestamp = corev1.ClusterIPNone, &metav1.Time{Time: testNow}
		}, false, ReasonNoService, notYet},
		{"without a port of the pod", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(1) }, false, ReasonNoService, notYet},
		{"selects nothing", func(s *corev1.Service) { s.Spec.Selector = nil }, false, ReasonNoService, notYet},
		{"selects other pods", func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "other"} }, false, ReasonNoService, notYet},
		{"selects the pod by another label", func(s *corev1.Service) { s.Spec.Selector = map[string]string{render.LabelApp: render.AppName} }, true, ReasonNoService, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := withService(observed(running, testPod(running, 0, ready(time.Minute))), running, tt.edit)
			status := statusOf(o, testSettings, nil)
			c := conditionOf(&status, v1alpha1.ConditionReady)
			available := conditionOf(&status, v1alpha1.ConditionAvailable).Status == metav1.ConditionTrue
			if available != tt.available || status.Ready != tt.available || c.Reason != tt.reason || !tt.available && c.Message != tt.message {
				t.Errorf("available %v, %s: %s\nwant %v, %s: %s", available, c.Reason, c.Message, tt.available, tt.reason, tt.message)
			}
			stalled := conditionOf(&status, v1alpha1.ConditionStalled) != nil
			if stalled != (tt.reason == ReasonServiceTypeChanged) {
				t.Errorf("stalled is %v", stalled)
			}
			// The type is the user's.
			for _, action := range planOf(o, testSettings).Actions {
				if _, deletes := action.(DeleteService); deletes || tt.reason == ReasonServiceTypeChanged {
					t.Errorf("the plan has %T", action)
				}
			}
		})
	}
}

// TestUnlabeledPodIsNotAvailable has a pod that lost the serving label, which the operator has not
// restored.
func TestUnlabeledPodIsNotAvailable(t *testing.T) {
	status := statusOf(observed(running, testPod(running, 0, ready(time.Minute), without(render.LabelServing))), testSettings, nil)
	if status.Ready {
		t.Error("it is available although the Service does not select it")
	}
}

// TestOldPodServesWhileTheNewOneCannot has a new pod that is ready, and lacks the serving label since the
// patch was refused.
func TestOldPodServesWhileTheNewOneCannot(t *testing.T) {
	o := observed(begun(), older(0, ready(time.Hour)), testPod(begun(), 1, waitingForTraffic, ready(time.Minute)))
	o = withBothPorts(o)
	status := statusOf(o, testSettings, nil)
	c := conditionOf(&status, v1alpha1.ConditionAvailable)
	if c.Status != metav1.ConditionTrue || !strings.HasSuffix(c.Message, " routes to Pod performer-x-0, which is ready") {
		t.Errorf("Available is %s: %s", c.Status, c.Message)
	}
	if conditionOf(&status, v1alpha1.ConditionReady).Status == metav1.ConditionTrue {
		t.Error("Ready is True")
	}
}
