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

// What the cluster says of a pod that can't run must reach who reads the Performer; and the Performer must come to
// life when the cause is gone.
func TestProblemsAreToldAndMended(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		spoil  func(*v1alpha1.PerformerSpec)
		reason string
		// says is what the message must have, so that one knows what is wrong.
		says string
		// mend is a merge patch of the Performer.
		mend string
	}{
		{
			name:   "image that isn't there",
			spoil:  func(spec *v1alpha1.PerformerSpec) { spec.Image = "hourglass/missing:v9" },
			reason: "ImagePullFailed",
			says:   "hourglass/missing:v9",
			mend:   `{"spec":{"image":"hourglass/sample-performer:v1"}}`,
		},
		{
			name: "no node for it",
			spoil: func(spec *v1alpha1.PerformerSpec) {
				spec.Scheduling = &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{"no": "such-node"}}
			},
			reason: "SchedulingFailed",
			says:   "node",
			mend:   `{"spec":{"scheduling":null}}`,
		},
		{
			name: "container that ends at once",
			spoil: func(spec *v1alpha1.PerformerSpec) {
				spec.Config.Environment["PERFORMER_EXIT_CODE"] = "3"
			},
			reason: "ContainerCrashed",
			says:   "exit code 3",
			mend:   `{"spec":{"config":{"environment":{"PERFORMER_EXIT_CODE":null}}}}`,
		},
		{
			name: "secret that isn't there",
			spoil: func(spec *v1alpha1.PerformerSpec) {
				spec.Config.EnvironmentFrom = []v1alpha1.EnvironmentVariableSource{{
					Name: "FROM_SECRET",
					ValueFrom: v1alpha1.EnvironmentValueSource{SecretKeyRef: &corev1.SecretKeySelector{
						LocalObjectReference: corev1.LocalObjectReference{Name: "missing"}, Key: "k",
					}},
				}}
			},
			reason: "ContainerConfigInvalid",
			says:   "missing",
			mend:   `{"spec":{"config":{"environmentFrom":null}}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			performer := ns.Performer("a")
			test.spoil(&performer.Spec)
			ns.Create(t, performer)
			ns.WaitFor(t, "a", "to be degraded with reason "+test.reason, func(performer *v1alpha1.Performer) error {
				degraded := meta.FindStatusCondition(performer.Status.Conditions, v1alpha1.ConditionDegraded)
				if degraded == nil || degraded.Status != metav1.ConditionTrue || degraded.Reason != test.reason || !strings.Contains(degraded.Message, test.says) {
					return fmt.Errorf("its condition Degraded is %+v, want reason %s and %q in the message", degraded, test.reason, test.says)
				}
				if performer.Status.Ready {
					return fmt.Errorf("status.ready is true")
				}
				return nil
			})

			_, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).
				Patch(t.Context(), "a", types.MergePatchType, []byte(test.mend), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			mended := ns.WaitReady(t, "a")
			if degraded := meta.FindStatusCondition(mended.Status.Conditions, v1alpha1.ConditionDegraded); degraded == nil || degraded.Status != metav1.ConditionFalse {
				t.Errorf("it's ready, but its condition Degraded is %+v", degraded)
			}
			cluster.Call(t, ns.Address("a", 8080))
		})
	}
}

// A pod that runs but says that it's not ready must get no calls.
func TestUnreadyPodGetsNoCalls(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	performer.Spec.Config.Environment["PERFORMER_READY_AFTER"] = "never"
	ns.Create(t, performer)
	ns.WaitFor(t, "a", "to have a pod that runs", func(performer *v1alpha1.Performer) error {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-a-0", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.Status.Phase != corev1.PodRunning || performer.Status.PodName != pod.Name {
			return fmt.Errorf("the pod's phase is %s, status.podName %q", pod.Status.Phase, performer.Status.PodName)
		}
		if performer.Status.Ready {
			return fmt.Errorf("status.ready is true, though the pod says that it's not ready")
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
				t.Errorf("the service sends calls to %v", endpoint.Addresses)
			}
		}
	}
}
