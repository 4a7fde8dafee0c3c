// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestFromCreationToReady(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	p := ns.Running("a")

	if p.Status.Phase != v1alpha1.PhaseRunning || p.Status.PodName != "performer-a-0" || p.Status.ServiceName != "performer-a" ||
		p.Status.GRPCEndpoint != "performer-a."+ns.Name+".svc.cluster.local:9090" {
		t.Errorf("status %+v", p.Status)
	}
	service := ns.Service("performer-a")
	if service.Spec.Ports[0].Port != 9090 || service.Spec.Ports[0].TargetPort.StrVal != "grpc" || *service.Spec.Ports[0].AppProtocol != "kubernetes.io/h2c" {
		t.Errorf("service ports %+v", service.Spec.Ports)
	}
	if !slices.Contains(p.Finalizers, "hourglass.eigenlayer.io/performer-finalizer") {
		t.Errorf("finalizers %v", p.Finalizers)
	}

	// The budget: finalizer, Service, pod and two writes of the status; and one event. The requests
	// are counted when nothing is left to do.
	op.stop()
	writes := op.requests.of(ns.Name)
	if len(writes) > 5 {
		t.Errorf("%d requests, want at most 5:\n%s", len(writes), strings.Join(writes, "\n"))
	}
	if events := op.takeEvents(ns.Name); len(events) != 1 || !strings.HasPrefix(events[0], "Normal PodReady") {
		t.Errorf("events: %q", events)
	}
}

// TestNoRequestsWhileNothingChanges starts the operator with Performers that are settled, has it
// sync each of them several times, and checks that it sends no request.
func TestNoRequestsWhileNothingChanges(t *testing.T) {
	ns := cluster.Namespace(t)
	first := startOperator(t)
	for i := range 5 {
		ns.Running(fmt.Sprintf("p%d", i))
	}
	first.stop()

	second := startOperator(t)
	for round := range 3 {
		for i := range 5 {
			// A label of the Performer has no effect on its pod.
			ns.Patch(fmt.Sprintf("p%d", i), fmt.Sprintf(`{"metadata":{"labels":{"round":"%d"}}}`, round))
		}
		want := 5 * (round + 1)
		wait.Until(t, fmt.Sprintf("%d syncs", want), func() bool { return second.results.count("success") >= want })
	}
	second.stop()
	if requests := second.requests.of(ns.Name); len(requests) > 0 {
		t.Errorf("requests without a reason:\n%s", strings.Join(requests, "\n"))
	}
	if skipped, failed := second.results.count("skipped"), second.results.count("error"); skipped+failed > 0 {
		t.Errorf("%d syncs skipped, %d failed", skipped, failed)
	}
}

// TestTwoActiveOperators runs two operators without leader election on the same Performers.
func TestTwoActiveOperators(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	startOperator(t)
	const n = 10
	for i := range n {
		ns.Create(fmt.Sprintf("p%d", i))
	}
	for i := range n {
		ns.MakeReady(fmt.Sprintf("performer-p%d-0", i))
		ns.AwaitPerformer(fmt.Sprintf("p%d", i), fmt.Sprintf("Performer p%d to be ready", i), controlplane.IsReady)
	}
	for i := range n {
		ns.Patch(fmt.Sprintf("p%d", i), `{"spec":{"version":"2"}}`)
	}
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		ns.MakeReady("performer-" + name + "-1")
		ns.AwaitReadyOn(name, "performer-"+name+"-1")
		ns.AwaitNoPod("performer-" + name + "-0")
	}
	pods, err := kube.CoreV1().Pods(ns.Name).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != n {
		t.Errorf("%d pods for %d Performers", len(pods.Items), n)
	}
}
