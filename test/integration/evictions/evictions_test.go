// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evictions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// startResponder returns a namespace, and a manager that is a responder of Evictions in it. The manager has no
// other permission for Evictions than its role grants.
func startResponder(t *testing.T, rules ...rbacv1.PolicyRule) (namespace, *controlplane.Manager) {
	t.Helper()
	ns := namespace{cluster.Namespace(t), cluster.NewUser(t)}
	ns.user.GrantIn(t, ns.Name, append(controlplane.Narrow(), controlplane.Rule("discovery.k8s.io", "endpointslices"))...)
	for _, rule := range rules {
		ns.user.GrantIn(t, ns.Name, rule)
	}
	m := controlplane.StartManager(t, ns.user.Kubeconfig, "--namespaces="+ns.Name, "--eviction-responder")
	m.AwaitReady()
	return ns, m
}

// namespace is a namespace in which a manager works, with the user that the manager is.
type namespace struct {
	controlplane.Namespace
	user *controlplane.User
}

// revoke takes the permissions for a resource away from the manager.
func (n namespace) revoke(resource string) {
	n.Helper()
	roles := kube.RbacV1().Roles(n.Name)
	all, err := roles.List(n.Context(), metav1.ListOptions{})
	if err != nil {
		n.Fatal(err)
	}
	for _, role := range all.Items {
		if slices.Equal(role.Rules[0].Resources, []string{resource}) {
			if err := roles.Delete(n.Context(), role.Name, metav1.DeleteOptions{}); err != nil {
				n.Fatal(err)
			}
		}
	}
}

var (
	watch  = rbacv1.PolicyRule{APIGroups: []string{"lifecycle.k8s.io"}, Resources: []string{"evictions"}, Verbs: []string{"list", "watch"}}
	report = rbacv1.PolicyRule{APIGroups: []string{"lifecycle.k8s.io"}, Resources: []string{"evictions/status"}, Verbs: []string{"patch"}}
)

// runs creates a Performer x whose pod runs on a node.
func runs(ns namespace, change ...func(*v1alpha1.Performer)) {
	ns.Helper()
	ns.Create("x", change...)
	ns.Bind("performer-x-0")
	ns.MakeReady("performer-x-0")
	ns.AwaitReadyOn("x", "performer-x-0")
}

// eviction is an Eviction that the test controls, as the evictionrequest-controller does.
type eviction struct {
	controlplane.Namespace
	name string
}

// evict creates an Eviction of a pod, and makes the first of its responders the active one.
func evict(ns controlplane.Namespace, pod string) eviction {
	ns.Helper()
	target, err := kube.CoreV1().Pods(ns.Name).Get(ns.Context(), pod, metav1.GetOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	responder := string(lifecyclev1alpha1.EvictionParticipantRoleResponder)
	labels := map[string]string{"example.com/drainer": string(lifecyclev1alpha1.EvictionParticipantRoleRequester), lifecyclev1alpha1.EvictionResponderImperativeEviction: responder}
	var targets []lifecyclev1alpha1.TargetResponder
	for _, r := range target.Spec.EvictionResponders {
		labels[r.Name] = responder
		targets = append(targets, lifecyclev1alpha1.TargetResponder{Name: r.Name, Priority: r.Priority})
	}
	targets = append(targets, lifecyclev1alpha1.TargetResponder{Name: lifecyclev1alpha1.EvictionResponderImperativeEviction, Priority: ptr.To[int32](100)})
	e := eviction{ns, "pod-1-" + pod}
	created := &lifecyclev1alpha1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: e.name, Labels: labels}}
	created.Spec.Target.Pod = &lifecyclev1alpha1.EvictionPodReference{Name: pod, UID: target.UID}
	if _, err := kube.LifecycleV1alpha1().Evictions(ns.Name).Create(ns.Context(), created, metav1.CreateOptions{}); err != nil {
		ns.Fatal(err)
	}
	e.update(func(status *lifecyclev1alpha1.EvictionStatus) {
		status.ObservedGeneration = ptr.To[int64](1)
		status.Requesters = []lifecyclev1alpha1.Requester{{Name: "example.com/drainer", Intent: lifecyclev1alpha1.RequesterIntentEviction}}
		for i := range targets {
			targets[i].State = lifecyclev1alpha1.ResponderStateInactive
			status.Responders = append(status.Responders, lifecyclev1alpha1.ResponderStatus{Name: targets[i].Name})
		}
		targets[0].State = lifecyclev1alpha1.ResponderStateActive
		status.Responders[0].StartTime = ptr.To(metav1.Now())
		status.TargetResponders = targets
	})
	return e
}

// update changes the status.
func (e eviction) update(change func(*lifecyclev1alpha1.EvictionStatus)) {
	e.Helper()
	wait.For(e.TB, "an update of the Eviction without a conflict", func(ctx context.Context) error {
		live := e.get()
		change(&live.Status)
		_, err := kube.LifecycleV1alpha1().Evictions(e.Namespace.Name).UpdateStatus(ctx, live, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) {
			return wait.Stop(err)
		}
		return err
	})
}

func (e eviction) get() *lifecyclev1alpha1.Eviction {
	e.Helper()
	live, err := kube.LifecycleV1alpha1().Evictions(e.Namespace.Name).Get(e.Context(), e.name, metav1.GetOptions{})
	if err != nil {
		e.Fatal(err)
	}
	return live
}

// await waits until the operator has reported what holds, and checks that the API server has nothing else of it.
func (e eviction) await(what string, holds func(*lifecyclev1alpha1.ResponderStatus) bool) *lifecyclev1alpha1.ResponderStatus {
	e.Helper()
	var own *lifecyclev1alpha1.ResponderStatus
	wait.For(e.TB, "the Eviction: "+what, func(context.Context) error {
		status := e.get().Status
		own = &status.Responders[0]
		if own.Name != render.EvictionResponder || status.Responders[1] != (lifecyclev1alpha1.ResponderStatus{Name: lifecyclev1alpha1.EvictionResponderImperativeEviction}) {
			return wait.Stop(fmt.Errorf("responders %+v", status.Responders))
		}
		if !holds(own) {
			return fmt.Errorf("the operator reports %+v", own)
		}
		return nil
	})
	return own
}

func began(r *lifecyclev1alpha1.ResponderStatus) bool     { return r.HeartbeatTime != nil }
func completed(r *lifecyclev1alpha1.ResponderStatus) bool { return r.CompletionTime != nil }

// TestEviction evicts the pod of a Performer. Its successor serves before it goes, and the operator completes
// when it is gone, in two reports.
func TestEviction(t *testing.T) {
	ns, m := startResponder(t, watch, report)
	runs(ns)
	e := evict(ns.Namespace, "performer-x-0")
	begins := e.await("it begins", began)
	if begins.CompletionTime != nil || !strings.HasPrefix(*begins.Message, "Pod performer-x-0 serves until its successor is ready") {
		t.Errorf("at first it reports %+v, message %q", begins, *begins.Message)
	}
	ns.Bind("performer-x-1")
	p := ns.AwaitReason("x", v1alpha1.ConditionReady, "EvictionRequested")
	if !p.Status.Ready || p.Status.PodName != "performer-x-0" {
		t.Errorf("status %+v", p.Status)
	}
	if old, err := kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-x-0", metav1.GetOptions{}); err != nil || old.DeletionTimestamp != nil {
		t.Fatalf("the pod goes before its successor is ready: %v", err)
	}
	ns.MakeReady("performer-x-1")
	ns.AwaitLabel("performer-x-1", render.LabelServing, render.ServingTrue)
	ns.AwaitDeletion("performer-x-0")
	if own := e.get().Status.Responders[0]; own.CompletionTime != nil {
		t.Errorf("it completes while the pod terminates: %+v", own)
	}
	ns.Remove("performer-x-0")
	done := e.await("it completes", completed)
	if !strings.HasPrefix(*done.Message, "Pod performer-x-0 has terminated") || !done.StartTime.Equal(begins.StartTime) {
		t.Errorf("at last it reports %+v, message %q", done, *done.Message)
	}
	ns.AwaitReadyOn("x", "performer-x-1")
	if n := strings.Count(m.Log.String(), "Reported to the Eviction"); n != 2 {
		t.Errorf("%d reports, want 2", n)
	}
}

// TestCanceledEviction withdraws the request before the successor is ready: nothing is left of it, and the
// operator reports nothing more, which the API server would refuse.
func TestCanceledEviction(t *testing.T) {
	ns, m := startResponder(t, watch, report)
	runs(ns)
	e := evict(ns.Namespace, "performer-x-0")
	e.await("it begins", began)
	ns.Bind("performer-x-1")
	before := e.get().Status.Responders[0]
	e.update(func(status *lifecyclev1alpha1.EvictionStatus) {
		status.Requesters[0].Intent = lifecyclev1alpha1.RequesterIntentWithdrawn
		status.TargetResponders[0].State = lifecyclev1alpha1.ResponderStateCanceled
		status.Conditions = []metav1.Condition{{
			Type: string(lifecyclev1alpha1.EvictionConditionFailed), Status: metav1.ConditionTrue, ObservedGeneration: 1,
			LastTransitionTime: metav1.Now(), Reason: string(lifecyclev1alpha1.EvictionConditionReasonCanceledDueToNoRequesters),
		}}
	})
	ns.AwaitDeletion("performer-x-1")
	ns.Remove("performer-x-1")
	ns.AwaitReadyOn("x", "performer-x-0")
	ns.AwaitNoPod("performer-x-1")
	if after := e.get().Status.Responders[0]; !after.HeartbeatTime.Equal(before.HeartbeatTime) || after.CompletionTime != nil {
		t.Errorf("it reports %+v after %+v", after, before)
	}
	if strings.Contains(m.Log.String(), "Cannot report") {
		t.Error("it tries to report")
	}
}

// TestResponders checks which pods name the operator, as the API server stores them.
func TestResponders(t *testing.T) {
	ns, _ := startResponder(t, watch, report)
	for name, tt := range map[string]struct {
		change func(*v1alpha1.Performer)
		want   bool
	}{
		"bridge": {func(*v1alpha1.Performer) {}, true},
		"surge":  {disruption(v1alpha1.SurgeDisruption), true},
		"none":   {disruption(v1alpha1.NoneDisruption), false},
		"recreate": {func(p *v1alpha1.Performer) {
			p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		}, false},
	} {
		ns.Create(name, tt.change)
		pod := ns.AwaitPod("performer-" + name + "-0")
		got := slices.ContainsFunc(pod.Spec.EvictionResponders, func(r corev1.EvictionResponder) bool { return r.Name == render.EvictionResponder })
		if got != tt.want || len(pod.Spec.EvictionResponders) > 1 {
			t.Errorf("%s: responders %+v", name, pod.Spec.EvictionResponders)
		}
	}
}

func disruption(how v1alpha1.DisruptionType) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) { p.Spec.Disruption = &v1alpha1.Disruption{Type: how} }
}

// TestLeftToTheNextResponder changes the type of a Performer whose pod names the operator. The operator completes
// at once, and leaves the pod alone.
func TestLeftToTheNextResponder(t *testing.T) {
	ns, _ := startResponder(t, watch, report)
	runs(ns)
	ns.Patch("x", `{"spec":{"disruption":{"type":"None"}}}`)
	e := evict(ns.Namespace, "performer-x-0")
	if done := e.await("it completes", completed); !strings.Contains(*done.Message, "is left to the next responder") {
		t.Errorf("it reports %q", *done.Message)
	}
	ns.AwaitReadyOn("x", "performer-x-0")
}

// TestRefusedReport takes the permission to report away. The Performer is moved nevertheless, and its conditions
// don't mention it. When the permission is back, the operator completes.
func TestRefusedReport(t *testing.T) {
	ns, m := startResponder(t, watch, report)
	runs(ns)
	ns.revoke("evictions/status")
	e := evict(ns.Namespace, "performer-x-0")
	m.AwaitLog("Cannot report to the Eviction, will retry")
	p := ns.AwaitReason("x", v1alpha1.ConditionReady, "EvictionRequested")
	if degraded := controlplane.Condition(p, v1alpha1.ConditionDegraded); degraded.Status != metav1.ConditionFalse {
		t.Errorf("Degraded: %s", degraded.Message)
	}
	ns.MakeReady("performer-x-1")
	ns.AwaitDeletion("performer-x-0")
	ns.Remove("performer-x-0")
	ns.AwaitReadyOn("x", "performer-x-1")
	if own := e.get().Status.Responders[0]; own.HeartbeatTime != nil {
		t.Fatalf("it reports without the permission: %+v", own)
	}
	ns.user.GrantIn(t, ns.Name, report)
	e.await("it completes", completed)
	for _, line := range strings.Split(m.Log.String(), "\n") {
		if strings.Contains(line, "Sync failed") {
			t.Error(line)
		}
	}
}

// TestNoPermission has a manager without the permission to report. It is no responder, so that Evictions go to the
// next one at once.
func TestNoPermission(t *testing.T) {
	ns, m := startResponder(t, watch)
	m.AwaitLog("may not patch evictions/status (lifecycle.k8s.io) in namespace " + ns.Name)
	runs(ns)
	if pod := ns.AwaitPod("performer-x-0"); pod.Spec.EvictionResponders != nil {
		t.Errorf("responders %+v", pod.Spec.EvictionResponders)
	}
}
