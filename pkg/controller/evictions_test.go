// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// newEviction returns an Eviction of a pod in namespace ns, in which the operator is the active responder, as
// the evictionrequest-controller writes it.
func newEviction(pod string) *lifecyclev1alpha1.Eviction {
	started := metav1.Now()
	other := "example.com/other"
	return &lifecyclev1alpha1.Eviction{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "pod-1-" + pod, UID: "e", ResourceVersion: "7", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}},
			Labels: map[string]string{render.EvictionResponder: "responder"},
		},
		Spec: lifecyclev1alpha1.EvictionSpec{Target: lifecyclev1alpha1.EvictionTarget{Pod: &lifecyclev1alpha1.EvictionPodReference{Name: pod, UID: "pod"}}},
		Status: lifecyclev1alpha1.EvictionStatus{
			Conditions: []metav1.Condition{{Type: string(lifecyclev1alpha1.EvictionConditionFailed), Status: metav1.ConditionFalse, Message: "waiting"}},
			Requesters: []lifecyclev1alpha1.Requester{{Name: other, Intent: lifecyclev1alpha1.RequesterIntentEviction}},
			TargetResponders: []lifecyclev1alpha1.TargetResponder{
				{Name: other, State: lifecyclev1alpha1.ResponderStateCompleted}, {Name: render.EvictionResponder, State: lifecyclev1alpha1.ResponderStateActive},
			},
			Responders: []lifecyclev1alpha1.ResponderStatus{{Name: other, Message: &other}, {Name: render.EvictionResponder, StartTime: &started}},
		},
	}
}

// TestTrimEviction checks that a trimmed Eviction leads to the same reports, and has nothing of other responders.
func TestTrimEviction(t *testing.T) {
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "performer-a-0", UID: "pod"}}
	for name, change := range map[string]func(*lifecyclev1alpha1.Eviction){
		"active": func(*lifecyclev1alpha1.Eviction) {},
		"canceled": func(e *lifecyclev1alpha1.Eviction) {
			e.Status.TargetResponders[1].State = lifecyclev1alpha1.ResponderStateCanceled
		},
		"withdrawn": func(e *lifecyclev1alpha1.Eviction) {
			e.Status.Requesters[0].Intent = lifecyclev1alpha1.RequesterIntentWithdrawn
		},
		"failed": func(e *lifecyclev1alpha1.Eviction) { e.Status.Conditions[0].Status = metav1.ConditionTrue },
	} {
		full := newEviction("performer-a-0")
		change(full)
		trimmed := mustTrim(t, full.DeepCopy())
		reportsOf := func(e *lifecyclev1alpha1.Eviction) (statuses []lifecyclev1alpha1.ResponderStatus) {
			o := performer.Observed{Performer: p, Pods: []*corev1.Pod{pod}, Evictions: []*lifecyclev1alpha1.Eviction{e}, EvictionsKnown: true, Now: time.Now()}
			reports, _ := performer.Assess(o, performer.Settings{}).EvictionReports()
			for _, r := range reports {
				statuses = append(statuses, r.Status)
			}
			return statuses
		}
		if a, b := reportsOf(full), reportsOf(trimmed); len(a) != len(b) || (len(a) == 1) != (name == "active") {
			t.Errorf("%s: reports %+v, trimmed %+v", name, a, b)
		}
		if again := mustTrim(t, trimmed.DeepCopy()); !equality.Semantic.DeepEqual(again, trimmed) {
			t.Errorf("%s: trimming is not idempotent", name)
		}
		if len(trimmed.Status.Responders) != 1 || len(trimmed.Status.TargetResponders) != 1 || trimmed.ManagedFields != nil || trimmed.Labels != nil {
			t.Errorf("%s: left is %+v", name, trimmed)
		}
	}
}

// TestObserveEvictions checks whose Evictions are observed, and that none are once the API is no longer served.
func TestObserveEvictions(t *testing.T) {
	c, ctx, lines := newTestController(t, Config{})
	caches := c.caches[metav1.NamespaceAll]
	observed := func(name string) performer.Observed {
		o := performer.Observed{Performer: &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}}
		if err := observeEvictions(caches, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if observed("a").EvictionsKnown {
		t.Error("known without the permission")
	}
	c.Allow(Access{Evictions: []string{metav1.NamespaceAll}})
	if o := observed("a"); o.EvictionsKnown || !o.RespondsToEvictions() {
		t.Error("before the Evictions are read, new pods don't name the responder")
	}
	caches.evictions.startIfAllowed(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), caches.complete) {
		t.Fatal("not synced")
	}
	without := newEviction("performer-a-2")
	without.Spec.Target.Pod = nil
	for _, e := range []*lifecyclev1alpha1.Eviction{newEviction("performer-a-0"), newEviction("performer-a-b-0"), newEviction("other"), without} {
		if err := caches.evictions.GetStore().Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"a": "pod-1-performer-a-0", "a-b": "pod-1-performer-a-b-0"} {
		if o := observed(name); !o.EvictionsKnown || len(o.Evictions) != 1 || o.Evictions[0].Name != want {
			t.Errorf("%s: known %t, %d Evictions", name, o.EvictionsKnown, len(o.Evictions))
		}
	}
	for range 3 {
		caches.evictions.watchFailed(c.watchScope, metav1.NamespaceAll, "evictions")(ctx, nil, apierrors.NewNotFound(lifecyclev1alpha1.Resource("evictions"), ""))
	}
	if o := observed("a"); o.EvictionsKnown || o.Evictions != nil {
		t.Error("known although the API is not served")
	}
	if n := strings.Count(strings.Join(*lines, "\n"), `"Cannot list or watch, will keep retrying"`); n != 1 {
		t.Errorf("logged %d times: %q", n, *lines)
	}
}

// TestReportEviction checks what a report sends, and that a failure changes nothing but when it is tried again.
func TestReportEviction(t *testing.T) {
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
	name := cache.MetaObjectToName(p)
	for what, tt := range map[string]struct {
		answer error
		retry  []time.Duration // after each of two tries
	}{
		"accepted":     {nil, []time.Duration{0, 0}},
		"forbidden":    {forbidden(), []time.Duration{time.Second, 2 * time.Second}},
		"invalid":      {apierrors.NewInvalid(lifecyclev1alpha1.SchemeGroupVersion.WithKind("Eviction").GroupKind(), "e", nil), []time.Duration{time.Second, 2 * time.Second}},
		"out of order": {errors.New("no connection"), []time.Duration{time.Second, 2 * time.Second}},
		"conflict":     {apierrors.NewConflict(lifecyclev1alpha1.Resource("evictions"), "e", nil), []time.Duration{0, 0}},
		"gone":         {apierrors.NewNotFound(lifecyclev1alpha1.Resource("evictions"), "e"), []time.Duration{0, 0}},
	} {
		c, ctx, _ := newTestController(t, Config{})
		now := time.Now()
		c.now = func() time.Time { return now }
		var sent []string
		c.kube.(*fake.Clientset).PrependReactor("patch", "evictions", func(action clienttesting.Action) (bool, runtime.Object, error) {
			sent = append(sent, string(action.(clienttesting.PatchAction).GetPatch()))
			return true, newEviction("performer-a-0"), tt.answer
		})
		for _, want := range tt.retry {
			o := performer.Observed{Performer: p, Evictions: []*lifecyclev1alpha1.Eviction{mustTrim(t, newEviction("performer-a-0"))}, EvictionsKnown: true, Now: now}
			e := &execution{Controller: c, name: name, observed: o, assessment: performer.Assess(o, c.settings)}
			e.reportEvictions(ctx)
			if e.requeueAfter != want || e.problem != nil || e.err != nil {
				t.Errorf("%s: again after %v, want %v; problem %v, error %v", what, e.requeueAfter, want, e.problem, e.err)
			}
			before := len(sent)
			e.requeueAfter = 0
			if e.reportEvictions(ctx); want > 0 && (len(sent) > before || e.requeueAfter != want) {
				t.Errorf("%s: retried before it is due", what)
			}
			now = now.Add(want)
		}
		var body struct {
			Metadata struct{ UID, ResourceVersion string }
			Status   lifecyclev1alpha1.EvictionStatus
		}
		if err := json.Unmarshal([]byte(sent[0]), &body); err != nil {
			t.Fatal(err)
		}
		if body.Metadata.UID != "e" || body.Metadata.ResourceVersion != "7" || len(body.Status.Responders) != 1 ||
			body.Status.Responders[0].Name != render.EvictionResponder || body.Status.Responders[0].CompletionTime == nil || body.Status.Responders[0].StartTime != nil {
			t.Errorf("%s: sent %s", what, sent[0])
		}
	}
}
