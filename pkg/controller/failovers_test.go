// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	hourglassfake "github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// storm has Performers whose pods are on a lost node.
type storm struct {
	*failovers
	*testing.T
	lost   bool // most nodes are
	queued []cache.ObjectName
	now    time.Time
}

func newStorm(t *testing.T, limit string, serving int) *storm {
	s := &storm{T: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s.failovers = newFailovers(intstr.Parse(limit), clusterView{
		serving: func() int { return serving }, mostLost: func() bool { return s.lost },
		begun: func() map[cache.ObjectName]time.Time { return nil },
	}, func(name cache.ObjectName) { s.queued = append(s.queued, name) })
	return s
}

// observed returns a Performer with a pod on a lost node, and the given other pods.
func (s *storm) observed(others ...*corev1.Pod) *performer.Observed {
	lost := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "lost"}}
	lost.Labels = map[string]string{render.LabelServing: render.ServingTrue}
	return &performer.Observed{Pods: append(others, lost), Nodes: map[string]performer.Node{"lost": {State: performer.NodeLost}}, NodesKnown: true, Now: s.now}
}

// sync begins a failover if it may begin, and returns whether it did.
func (s *storm) sync(name cache.ObjectName) bool {
	o := s.observed()
	s.consider(name, o)
	begins := o.FailoversHeld == ""
	if begins {
		o.Pods = append(o.Pods, &corev1.Pod{})
	}
	s.settle(name, o)
	return begins
}

// end reports that the successor of a Performer is ready.
func (s *storm) end(name cache.ObjectName) {
	ready := &corev1.Pod{}
	ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	o := s.observed(ready)
	s.consider(name, o)
	s.settle(name, o)
}

// takeQueued syncs the Performers that were queued, and returns their names.
func (s *storm) takeQueued() (names []string) {
	for _, name := range s.queued {
		if !s.sync(name) {
			s.Errorf("%s was queued and may not begin", name)
		}
		names = append(names, name.String())
	}
	s.queued = nil
	return names
}

func TestFailoversAreBounded(t *testing.T) {
	for _, tt := range []struct {
		limit   string
		serving int
		want    int
	}{{"3", 1000, 3}, {"0", 1000, 0}, {"10%", 1000, 100}, {"10%", 301, 31}, {"10%", 5, LeastFailovers}, {"100%", 400, 400}} {
		s := newStorm(t, tt.limit, tt.serving)
		began := 0
		for i := range 500 {
			if s.sync(cache.NewObjectName("ns", fmt.Sprint(i))) {
				began++
			}
		}
		if began != tt.want {
			t.Errorf("--max-failovers=%s of %d: %d began, want %d", tt.limit, tt.serving, began, tt.want)
		}
	}
}

// TestFailoversTakeTurns has a namespace with many Performers that came first.
func TestFailoversTakeTurns(t *testing.T) {
	s := newStorm(t, "2", 0)
	for i := range 4 {
		s.sync(cache.NewObjectName("big", fmt.Sprint(i)))
	}
	s.sync(cache.NewObjectName("small", "0"))
	s.sync(cache.NewObjectName("small", "1"))
	var order []string
	for _, name := range []string{"big/0", "big/1", "big/2", "small/0"} {
		namespace, name, _ := strings.Cut(name, "/")
		s.end(cache.NewObjectName(namespace, name))
		order = append(order, s.takeQueued()...)
	}
	if want := []string{"big/2", "small/0", "big/3", "small/1"}; !slices.Equal(order, want) {
		t.Errorf("began in the order %q, want %q", order, want)
	}
}

func TestNewcomerWaitsBehindOthers(t *testing.T) {
	s := newStorm(t, "1", 0)
	a, b, c := cache.NewObjectName("ns", "a"), cache.NewObjectName("ns", "b"), cache.NewObjectName("ns", "c")
	s.sync(a)
	s.sync(b)
	s.end(a)
	if s.sync(c) {
		t.Error("a newcomer went first")
	}
	if got := s.takeQueued(); !slices.Equal(got, []string{"ns/b"}) {
		t.Errorf("queued %q", got)
	}
}

// TestUnusedReservation checks that a Performer that may begin and does not, such as one with Recreate, keeps
// nobody else waiting.
func TestUnusedReservation(t *testing.T) {
	s := newStorm(t, "1", 0)
	a, b := cache.NewObjectName("ns", "a"), cache.NewObjectName("ns", "b")
	o := s.observed()
	s.consider(a, o)
	s.sync(b)
	s.settle(a, o)
	if got := s.takeQueued(); o.FailoversHeld != "" || !slices.Equal(got, []string{"ns/b"}) {
		t.Errorf("held %q, then queued %q", o.FailoversHeld, got)
	}
}

func TestFailoverThatLastsCountsNoLonger(t *testing.T) {
	s := newStorm(t, "1", 0)
	a, b := cache.NewObjectName("ns", "a"), cache.NewObjectName("ns", "b")
	s.sync(a)
	o := s.observed()
	if after := s.consider(b, o); after != failoverExpiry || !strings.Contains(o.FailoversHeld, "--max-failovers=1") {
		t.Errorf("held %q, synced again after %s", o.FailoversHeld, after)
	}
	s.now = s.now.Add(failoverExpiry)
	if !s.sync(b) {
		t.Error("still held")
	}
	if o := s.observed(&corev1.Pod{}); s.consider(a, o) != 0 || o.FailoversHeld != "" {
		t.Errorf("the one that lasts is held: %q", o.FailoversHeld)
	}
}

func TestMostNodesLost(t *testing.T) {
	s := newStorm(t, "2", 0)
	begun := cache.NewObjectName("ns", "begun")
	s.sync(begun)
	s.lost = true
	for i := range 4 {
		if s.sync(cache.NewObjectName("ns", fmt.Sprint(i))) {
			t.Error("began while most nodes are lost")
		}
	}
	if s.consider(cache.NewObjectName("ns", "0"), s.observed()) == 0 {
		t.Error("a Performer that has to wait is not synced again without an event of a node")
	}
	if o := s.observed(&corev1.Pod{}); s.consider(begun, o) != 0 || o.FailoversHeld != "" {
		t.Errorf("one that began before is held: %q", o.FailoversHeld)
	}
	s.nodesChanged(s.now)
	if len(s.queued) > 0 {
		t.Error("queued while most nodes are lost")
	}
	s.lost = false
	s.nodesChanged(s.now)
	if got := s.takeQueued(); !slices.Equal(got, []string{"ns/0"}) {
		t.Errorf("queued %q, want one, since another is in progress", got)
	}
}

func TestGonePerformerLeaves(t *testing.T) {
	s := newStorm(t, "1", 0)
	a, b, c := cache.NewObjectName("ns", "a"), cache.NewObjectName("ns", "b"), cache.NewObjectName("ns", "c")
	s.sync(a)
	s.sync(b)
	s.sync(c)
	s.forget(b, s.now)
	s.forget(a, s.now)
	if got := s.takeQueued(); !slices.Equal(got, []string{"ns/c"}) {
		t.Errorf("queued %q", got)
	}
	if s.forget(c, s.now); len(s.running)+len(s.waits) > 0 {
		t.Errorf("%d and %d are remembered", len(s.running), len(s.waits))
	}
}

func TestUnaffectedPerformerTakesNoPart(t *testing.T) {
	s := newStorm(t, "0", 0)
	o := s.observed()
	o.Nodes = nil
	if s.consider(cache.NewObjectName("ns", "a"), o); o.FailoversHeld != "" || len(s.waits) > 0 {
		t.Errorf("held %q, %d wait", o.FailoversHeld, len(s.waits))
	}
}

// TestFailoversOfAnEarlierProcess has a storm in which the operator restarts: five failovers of ten are in
// progress, and the node of two others is up again or their successor is ready.
func TestFailoversOfAnEarlierProcess(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{MaxFailovers: ptr.To(intstr.FromInt32(6)), Namespaces: []string{"ns", "later"}})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	kube, hourglass := c.kube.(*fake.Clientset), c.hourglass.(*hourglassfake.Clientset)
	lost := notReady(corev1.ConditionUnknown, "NodeStatusUnknown", "")
	for _, node := range []*corev1.Node{newNode("lost", lost), newNode("up"), newNode("other")} {
		if err := kube.Tracker().Add(node); err != nil {
			t.Fatal(err)
		}
	}
	ready := func(pod *corev1.Pod) {
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	add := func(namespace, name, node string, successor func(*corev1.Pod)) {
		p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + name)}}
		objects := []*corev1.Pod{performerPod(p, 0, node)}
		if successor != nil {
			pod := performerPod(p, 1, "")
			pod.CreationTimestamp = metav1.NewTime(now.Add(-time.Minute))
			successor(pod)
			objects = append(objects, pod)
		}
		for _, pod := range objects {
			if err := kube.Tracker().Add(pod); err != nil {
				t.Fatal(err)
			}
		}
		if err := hourglass.Tracker().Add(p); err != nil {
			t.Fatal(err)
		}
	}
	none := func(*corev1.Pod) {}
	for i := range 4 {
		add("ns", fmt.Sprint("begun-", i), "lost", none)
	}
	add("ns", "gone", "a-node-that-is-gone", none)
	add("ns", "done", "lost", ready)
	add("ns", "back", "up", none)
	add("ns", "stuck", "lost", func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.NewTime(now.Add(-failoverExpiry)) })
	add("later", "begun", "lost", none)
	c.Allow(Access{Nodes: true})
	c.nodes.startIfAllowed(ctx)
	caches := c.caches["ns"]
	caches.start(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), caches.synced, c.nodes.complete) {
		t.Fatal("not synced")
	}
	begins := func(name string) bool {
		s := &storm{T: t, failovers: c.failovers, now: now}
		return s.sync(cache.NewObjectName("ns", name))
	}
	if !begins("a") || begins("b") {
		t.Errorf("with five of six in progress, not exactly one more begins; running are %v", c.failovers.running)
	}
	if ran := c.failovers.running[cache.NewObjectName("ns", "begun-0")]; !ran.Equal(now.Add(-time.Minute)) {
		t.Errorf("a failover began at %s, want the creation of its successor", ran)
	}
	// Another namespace comes into sight later.
	caches = c.caches["later"]
	caches.start(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), caches.synced) {
		t.Fatal("not synced")
	}
	s := &storm{T: t, failovers: c.failovers, now: now}
	s.end(cache.NewObjectName("ns", "a"))
	if begins("b") {
		t.Error("the failover of a namespace that came into sight later is not counted")
	}
	// Each is counted once: when it has ended, another one takes its place.
	s.end(cache.NewObjectName("ns", "begun-0"))
	if !begins("b") {
		t.Errorf("nothing begins although there is room; running are %v", c.failovers.running)
	}
}

// performerPod returns a pod of a Performer, as the caches have it.
func performerPod(p *v1alpha1.Performer, ordinal int32, node string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: p.Namespace, Name: render.PodName(p.Name, ordinal), UID: types.UID(fmt.Sprint(p.UID, ordinal)),
		Labels:          map[string]string{render.LabelApp: render.AppName, render.LabelPerformer: p.Name, render.LabelServing: render.ServingTrue},
		OwnerReferences: []metav1.OwnerReference{render.ControllerReference(p)},
	}, Spec: corev1.PodSpec{NodeName: node}}
}
