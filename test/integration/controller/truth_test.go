// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestInjectedIntoPods has policies that add to pods what keeps them from being ready, as meshes, secret
// injectors and queues do. The status must name it.
func TestInjectedIntoPods(t *testing.T) {
	op := startOperator(t)
	const (
		initializing = `{"name":"performer","image":"i","imageID":"","ready":false,"restartCount":0,"state":{"waiting":{"reason":"PodInitializing"}}}`
		notReady     = `"conditions":[{"type":"PodScheduled","status":"True"},{"type":"Ready","status":"False","reason":"ContainersNotReady"}]`
	)
	for _, tt := range []struct {
		name   string
		added  string // what the policy adds to pods, in CEL
		status string // what the kubelet then reports; empty if the pod never gets there
		reason string
		want   string
	}{
		{"a container that is not ready", `path: "/spec/containers/-", value: Object.spec.containers{name: "agent", image: "agent:1"}`,
			`{"status":{"phase":"Running",` + notReady + `,"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":true,"restartCount":0,"state":{"running":{}}},` +
				`{"name":"agent","image":"agent:1","imageID":"i","ready":false,"restartCount":0,"state":{"running":{}}}]}}`,
			performer.ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: Waiting for Pod performer-a-0 to become ready; container agent is running but not ready"},
		{"a sidecar that is not ready", `path: "/spec/initContainers", value: [Object.spec.initContainers{name: "proxy", image: "proxy:1", restartPolicy: "Always"}]`,
			`{"status":{"phase":"Pending",` + notReady + `,"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":true,"restartCount":0,"state":{"running":{}}}],` +
				`"initContainerStatuses":[{"name":"proxy","image":"proxy:1","imageID":"i","ready":false,"restartCount":0,"state":{"running":{}}}]}}`,
			performer.ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: Waiting for Pod performer-a-0 to become ready; sidecar container proxy is running but not ready"},
		{"an init container that fails", `path: "/spec/initContainers", value: [Object.spec.initContainers{name: "migrate", image: "migrate:1"}]`,
			`{"status":{"phase":"Pending",` + notReady + `,"containerStatuses":[` + initializing + `],` +
				`"initContainerStatuses":[{"name":"migrate","image":"migrate:1","imageID":"i","ready":false,"restartCount":3,` +
				`"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}}]}}`,
			performer.ReasonContainerCrashed, "Pod performer-a-0: init container migrate terminated with exit code 1 (Error); see kubectl logs -n NAMESPACE --previous performer-a-0 -c migrate"},
		{"an init container that runs", `path: "/spec/initContainers", value: [Object.spec.initContainers{name: "migrate", image: "migrate:1"}]`,
			`{"status":{"phase":"Pending",` + notReady + `,"containerStatuses":[` + initializing + `],` +
				`"initContainerStatuses":[{"name":"migrate","image":"migrate:1","imageID":"i","ready":false,"restartCount":0,"state":{"running":{}}}]}}`,
			performer.ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: Waiting for Pod performer-a-0 to become ready; init container migrate is still running"},
		{"a readiness gate", `path: "/spec/readinessGates", value: [Object.spec.readinessGates{conditionType: "example.com/registered"}]`,
			`{"status":{"phase":"Running","conditions":[{"type":"ContainersReady","status":"True"},{"type":"Ready","status":"False","reason":"ReadinessGatesNotReady"}]}}`,
			performer.ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: Waiting for Pod performer-a-0 to become ready; its readiness gate example.com/registered has no condition yet"},
		{"a scheduling gate", `path: "/spec/schedulingGates", value: [Object.spec.schedulingGates{name: "example.com/queue"}]`, "",
			performer.ReasonSchedulingGated, "Pod performer-a-0 is held by the scheduling gate example.com/queue: Scheduling is blocked due to non-empty scheduling gates; the controller that added it must remove it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ns := cluster.Namespace(t)
			ns.Mutate(`op: "add", `+tt.added, admissionv1.Create)
			ns.Create("a", func(p *v1alpha1.Performer) {
				p.Spec.UpgradeStrategy.ProgressDeadlineSeconds = ptr.To[int32](600)
			})
			if tt.status != "" {
				ns.PatchStatus("performer-a-0", tt.status)
			}
			want := strings.ReplaceAll(tt.want, "NAMESPACE", ns.Name)
			wantEvent := want
			if tt.reason == performer.ReasonProgressDeadlineExceeded {
				ns.Patch("a", `{"spec":{"upgradeStrategy":{"progressDeadlineSeconds":1}}}`)
				// The operator may see the deadline before the status of the pod, and there is one event.
				wantEvent, _, _ = strings.Cut(want, ";")
			}
			ns.AwaitPerformer("a", "reason "+tt.reason+" and message "+want, func(p *v1alpha1.Performer) bool {
				c := controlplane.Condition(p, v1alpha1.ConditionReady)
				return c.Reason == tt.reason && c.Message == want && controlplane.Condition(p, v1alpha1.ConditionDegraded).Reason == tt.reason
			})
			wait.For(t, "an event", func(context.Context) error {
				if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, "Warning "+tt.reason+" "+wantEvent) {
					return errors.New(events)
				}
				return nil
			})
			// What held the pod up is over.
			if tt.reason == performer.ReasonSchedulingGated {
				if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), "performer-a-0", types.MergePatchType, []byte(`{"spec":{"schedulingGates":null}}`), metav1.PatchOptions{}); err != nil {
					t.Fatal(err)
				}
				ns.AwaitReason("a", v1alpha1.ConditionReady, performer.ReasonPodStarting)
			}
			ns.MakeReady("performer-a-0")
			ns.AwaitReadyOn("a", "performer-a-0")
		})
	}
}

// TestServiceOfAnotherType has the Service changed to a type through which nobody gets to the pod.
func TestServiceOfAnotherType(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	patch := func(body string) {
		t.Helper()
		if _, err := kube.CoreV1().Services(ns.Name).Patch(t.Context(), "performer-a", types.MergePatchType, []byte(body), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []string{
		`{"spec":{"type":"ExternalName","externalName":"example.com","clusterIP":null,"clusterIPs":null}}`,
		`{"spec":{"type":"ClusterIP","externalName":null,"clusterIP":"None"}}`,
	} {
		patch(change)
		p := ns.AwaitPerformer("a", "reason ServiceTypeChanged", func(p *v1alpha1.Performer) bool {
			return controlplane.HasReason(v1alpha1.ConditionStalled, performer.ReasonServiceTypeChanged)(p) &&
				strings.Contains(controlplane.Condition(p, v1alpha1.ConditionReady).Message, "headless") == strings.Contains(change, "None")
		})
		if p.Status.Ready || controlplane.Condition(p, v1alpha1.ConditionAvailable).Status != metav1.ConditionFalse {
			t.Errorf("status %+v", p.Status)
		}
	}
	if writes := op.requests.of("PATCH /api/v1/namespaces/" + ns.Name + "/services"); len(writes) > 0 {
		t.Errorf("the operator changed the Service: %q", writes)
	}
	// As the message says.
	if err := kube.CoreV1().Services(ns.Name).Delete(t.Context(), "performer-a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.AwaitReadyOn("a", "performer-a-0")
	if service := ns.Service("performer-a"); service.Spec.Type != corev1.ServiceTypeClusterIP || service.Spec.ClusterIP == corev1.ClusterIPNone {
		t.Errorf("the Service is %+v", service.Spec)
	}
}

// TestPodHeldByAFinalizer has a pod that does not terminate.
func TestPodHeldByAFinalizer(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a", recreates)
	finalizers := func(list string) {
		t.Helper()
		if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), "performer-a-0", types.MergePatchType, []byte(`{"metadata":{"finalizers":`+list+`}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	finalizers(`["example.com/hold"]`)
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.AwaitPerformer("a", "the finalizer in the message", func(p *v1alpha1.Performer) bool {
		return strings.HasSuffix(controlplane.Condition(p, v1alpha1.ConditionReady).Message, "; Pod performer-a-0 is held by finalizer example.com/hold: the controller that added it must remove it")
	})
	finalizers("null")
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
}
