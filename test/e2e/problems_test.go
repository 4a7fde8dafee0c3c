//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// The reason why a pod can't run is reported on the Performer, which becomes ready once the cause
// is fixed.
func TestProblemsAreReportedUntilFixed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// breakSpec makes a change with which the pod can't run.
		breakSpec func(*v1alpha1.PerformerSpec)
		reason    string
		// message is a part of the message that identifies the cause.
		message string
		// fix is a merge patch of the Performer.
		fix string
	}{
		{
			name:      "missing image",
			breakSpec: func(spec *v1alpha1.PerformerSpec) { spec.Image = "hourglass/missing:v9" },
			reason:    "ImagePullFailed",
			message:   "hourglass/missing:v9",
			fix:       `{"spec":{"image":"hourglass/sample-performer:v1"}}`,
		},
		{
			name: "no matching node",
			breakSpec: func(spec *v1alpha1.PerformerSpec) {
				spec.Scheduling = &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{"no": "such-node"}}
			},
			reason:  "SchedulingFailed",
			message: "node",
			fix:     `{"spec":{"scheduling":null}}`,
		},
		{
			name: "container that exits at once",
			breakSpec: func(spec *v1alpha1.PerformerSpec) {
				spec.Config.Environment["PERFORMER_EXIT_CODE"] = "3"
			},
			reason:  "ContainerCrashed",
			message: "exit code 3",
			fix:     `{"spec":{"config":{"environment":{"PERFORMER_EXIT_CODE":null}}}}`,
		},
		{
			name: "missing Secret",
			breakSpec: func(spec *v1alpha1.PerformerSpec) {
				spec.Config.EnvironmentFrom = []v1alpha1.EnvironmentVariableSource{{
					Name: "FROM_SECRET",
					ValueFrom: v1alpha1.EnvironmentValueSource{SecretKeyRef: &corev1.SecretKeySelector{
						LocalObjectReference: corev1.LocalObjectReference{Name: "missing"}, Key: "k",
					}},
				}}
			},
			reason:  "ContainerConfigInvalid",
			message: "missing",
			fix:     `{"spec":{"config":{"environmentFrom":null}}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			performer := ns.Performer("a")
			test.breakSpec(&performer.Spec)
			ns.Create(t, performer)
			ns.WaitFor(t, "a", "to be degraded with reason "+test.reason, func(performer *v1alpha1.Performer) error {
				degraded := meta.FindStatusCondition(performer.Status.Conditions, v1alpha1.ConditionDegraded)
				if degraded == nil || degraded.Status != metav1.ConditionTrue || degraded.Reason != test.reason || !strings.Contains(degraded.Message, test.message) {
					return fmt.Errorf("condition Degraded is %+v, want reason %s and %q in the message", degraded, test.reason, test.message)
				}
				if performer.Status.Ready {
					return fmt.Errorf("status.ready is true")
				}
				return nil
			})

			_, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).
				Patch(t.Context(), "a", types.MergePatchType, []byte(test.fix), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			fixed := ns.WaitReady(t, "a")
			if degraded := meta.FindStatusCondition(fixed.Status.Conditions, v1alpha1.ConditionDegraded); degraded == nil || degraded.Status != metav1.ConditionFalse {
				t.Errorf("Performer a is ready, but its condition Degraded is %+v", degraded)
			}
			cluster.Call(t, ns.Address("a", 8080))
		})
	}
}

// A running pod that is not ready must get no calls.
func TestUnreadyPodGetsNoCalls(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	performer.Spec.Config.Environment["PERFORMER_READY_AFTER"] = "never"
	ns.Create(t, performer)
	ns.WaitFor(t, "a", "to have a running pod", func(performer *v1alpha1.Performer) error {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-a-0", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodRunning || performer.Status.PodName != pod.Name {
			return fmt.Errorf("the pod's phase is %s, status.podName %q", pod.Status.Phase, performer.Status.PodName)
		}
		if performer.Status.Ready {
			return fmt.Errorf("status.ready is true, though the pod is not ready")
		}
		return nil
	})
	slices, err := ns.Kube.DiscoveryV1().EndpointSlices(ns.Name).List(t.Context(), metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=performer-a",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				t.Errorf("the Service routes calls to %v", endpoint.Addresses)
			}
		}
	}
}
