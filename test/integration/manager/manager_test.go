// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// kubeconfigFor creates a service account with the given permissions and returns a kubeconfig for
// it.
func kubeconfigFor(t *testing.T, rules ...rbacv1.PolicyRule) string {
	t.Helper()
	user := cluster.NewUser(t)
	user.Grant(t, rules...)
	return user.Kubeconfig
}

// TestManagerUsesOptionalPermissions checks that a manager which may read nodes and use PodDisruptionBudgets
// watches them.
func TestManagerUsesOptionalPermissions(t *testing.T) {
	rules := append(controlplane.Narrow(), controlplane.Rule("", "nodes"), controlplane.Rule("policy", "poddisruptionbudgets"))
	m := controlplane.StartManager(t, kubeconfigFor(t, rules...))
	m.AwaitReady()
	if strings.Contains(m.Log.String(), "Working without an optional permission") {
		t.Error("an optional permission is not used")
	}
	wait.For(t, "the informers of nodes and PodDisruptionBudgets", func(context.Context) error {
		_, body := m.Get("metrics", "/metrics")
		for _, name := range []string{"performer-nodes", "performer-budgets"} {
			if !strings.Contains(body, `name="`+name+`"`) {
				return fmt.Errorf("no metrics of informer %s", name)
			}
		}
		return nil
	})
}

// TestEvictionsAreNotServed starts a manager that would respond to Evictions, which this API server does not
// serve. It says so once, and does everything else; its pods name no responder.
func TestEvictionsAreNotServed(t *testing.T) {
	ns := cluster.Namespace(t)
	rules := append(controlplane.Narrow(), controlplane.Rule("lifecycle.k8s.io", "evictions", "evictions/status"))
	m := controlplane.StartManager(t, kubeconfigFor(t, rules...), "--namespaces="+ns.Name, "--eviction-responder")
	m.AwaitReady()
	ns.Running("a")
	if pod := ns.AwaitPod("performer-a-0"); pod.Spec.EvictionResponders != nil {
		t.Errorf("responders %+v", pod.Spec.EvictionResponders)
	}
	for text, want := range map[string]int{
		"Working without --eviction-responder: the API server does not serve evictions in lifecycle.k8s.io/v1alpha1": 1, "Cannot list or watch": 0, "unknown field": 0,
	} {
		if n := strings.Count(m.Log.String(), text); n != want {
			t.Errorf("%d lines of the log have %q, want %d", n, text, want)
		}
	}
}

func TestManagerUnderNarrowPermissions(t *testing.T) {
	const secret = "a-value-that-must-not-be-logged"
	ns := cluster.Namespace(t)
	m := controlplane.StartManager(t, kubeconfigFor(t, controlplane.Narrow()...), "-v=5", "--cert-dir=/certs")
	m.AwaitReady()
	for _, resource := range []string{"nodes", "poddisruptionbudgets (policy) in all namespaces"} {
		if n := strings.Count(m.Log.String(), "may not get, list, watch, create, patch, delete "+resource) + strings.Count(m.Log.String(), "may not get, list, watch "+resource); n != 1 {
			t.Errorf("%d lines log that %s can't be used", n, resource)
		}
	}
	for _, text := range []string{"Watching Performers in ALL namespaces", "--cert-dir=/certs has no effect without --enable-webhooks"} {
		if !strings.Contains(m.Log.String(), text) {
			t.Errorf("the log lacks %q", text)
		}
	}
	ns.Running("a", func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"PASSWORD": secret}
	})
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
	wait.For(t, "the event of reason PodReady", func(ctx context.Context) error {
		events, err := kube.CoreV1().Events(ns.Name).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=a,reason=PodReady"})
		if err != nil {
			return err
		}
		if len(events.Items) == 0 {
			return errors.New("none")
		}
		if e := events.Items[0]; e.Type != corev1.EventTypeNormal || e.InvolvedObject.Kind != "Performer" || e.Source.Component == "" {
			t.Errorf("event %+v", e)
		}
		return nil
	})
	if err := hourglass.HourglassV1alpha1().Performers(ns.Name).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.AwaitNoPod("performer-a-1")

	status, families := m.Get("metrics", "/metrics")
	for _, family := range []string{
		`workqueue_depth{`, `workqueue_adds_total{`, `rest_client_requests_total{`, `go_goroutines`, `process_resident_memory_bytes`,
		`hourglass_reconcile_total{result="success"}`,
	} {
		if !strings.Contains(families, family) {
			t.Errorf("status %d, and no %s in the metrics", status, family)
		}
	}
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
	if strings.Contains(m.Log.String(), secret) {
		t.Error("the log holds a value of the environment")
	}
}

func TestManagerReportsMissingPermissions(t *testing.T) {
	rules := controlplane.Narrow()
	rules[0] = controlplane.Rule("", "services", "events")
	m := controlplane.StartManager(t, kubeconfigFor(t, rules...))
	m.AwaitLog("may not list, watch, get, create, patch, delete pods in all namespaces")
	if status, body := m.Get("health", "/readyz?verbose"); status == http.StatusOK {
		t.Errorf("ready without the pods:\n%s", body)
	}
	if status, _ := m.Get("health", "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz returns %d, although a restart would not help", status)
	}
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the waiting manager with %v", err)
	}
}

// TestStandbyTakesOver stops the leader of two, and checks that the standby takes over.
func TestStandbyTakesOver(t *testing.T) {
	ns := cluster.Namespace(t)
	rules := append(controlplane.Narrow(), controlplane.Rule("coordination.k8s.io", "leases"))
	kubeconfig := kubeconfigFor(t, rules...)
	args := []string{"--leader-elect", "--leader-elect-resource-namespace=" + ns.Name}
	first := controlplane.StartManager(t, kubeconfig, args...)
	first.AwaitReady()
	first.AwaitLog("Starting workers")
	second := controlplane.StartManager(t, kubeconfig, args...)
	second.AwaitReady()
	ns.Running("a")
	if strings.Contains(second.Log.String(), "Starting workers") {
		t.Error("two managers are active at once")
	}
	if err := first.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the leader with %v", err)
	}
	ns.Running("b")
	lease, err := kube.CoordinationV1().Leases(ns.Name).Get(t.Context(), "b8e8a8a8.hourglass.eigenlayer.io", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if transitions := lease.Spec.LeaseTransitions; transitions == nil || *transitions < 1 {
		t.Errorf("lease %+v", lease.Spec)
	}
	if err := second.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the second leader with %v", err)
	}
}
