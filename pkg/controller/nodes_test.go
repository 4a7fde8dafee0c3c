// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// newNode returns a node that is ready, changed in turn.
func newNode(name string, changes ...func(*corev1.Node)) *corev1.Node {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: map[string]string{"zone": "a"}},
		Status: corev1.NodeStatus{
			Images: []corev1.ContainerImage{{Names: []string{"a", "b"}}},
			Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse},
				{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
			},
		},
	}
	for _, change := range changes {
		change(node)
	}
	return node
}

func cordoned(node *corev1.Node) { node.Spec.Unschedulable = true }

func tainted(key string) func(*corev1.Node) {
	return func(node *corev1.Node) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
	}
}

func notReady(status corev1.ConditionStatus, reason, message string) func(*corev1.Node) {
	return func(node *corev1.Node) {
		node.Status.Conditions[1] = corev1.NodeCondition{Type: corev1.NodeReady, Status: status, Reason: reason, Message: message}
	}
}

func TestStateOfNode(t *testing.T) {
	n := &nodes{drainTaints: append(DefaultDrainTaints(), "example.com/going")}
	for _, tt := range []struct {
		name  string
		node  *corev1.Node
		state performer.NodeState
		why   string
	}{
		{"ready", newNode("n"), performer.NodeUp, ""},
		{"just registered", newNode("n", func(node *corev1.Node) { node.Status.Conditions = nil }), performer.NodeUp, ""},
		{"a taint for some pods", newNode("n", tainted("dedicated")), performer.NodeUp, ""},
		{"a candidate of the autoscaler", newNode("n", tainted("DeletionCandidateOfClusterAutoscaler")), performer.NodeUp, ""},
		{"cordoned", newNode("n", cordoned), performer.NodeDraining, "is cordoned"},
		{"cluster autoscaler", newNode("n", tainted("ToBeDeletedByClusterAutoscaler")), performer.NodeDraining, "has the taint ToBeDeletedByClusterAutoscaler"},
		{"Karpenter", newNode("n", tainted("karpenter.sh/disrupted")), performer.NodeDraining, "has the taint karpenter.sh/disrupted"},
		{"a taint of --drain-taints", newNode("n", tainted("a"), tainted("example.com/going")), performer.NodeDraining, "has the taint example.com/going"},
		{"shutdown", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "node is shutting down")), performer.NodeDraining, "is shutting down"},
		{"shut down", newNode("n", notReady(corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status.")), performer.NodeLost, "is not ready: NodeStatusUnknown: Kubelet stopped posting node status."},
		{"not ready", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "")), performer.NodeLost, "is not ready: KubeletNotReady"},
		{"dead", newNode("n", notReady(corev1.ConditionUnknown, "NodeStatusUnknown", ""), tainted(corev1.TaintNodeUnreachable)), performer.NodeLost, "is not ready: NodeStatusUnknown"},
		{"off after a shutdown", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "node is shutting down"), tainted(corev1.TaintNodeOutOfService)), performer.NodeLost, "has the taint node.kubernetes.io/out-of-service"},
		{"unreachable", newNode("n", tainted(corev1.TaintNodeUnreachable), cordoned), performer.NodeLost, "has the taint node.kubernetes.io/unreachable"},
		{"out of service", newNode("n", tainted(corev1.TaintNodeOutOfService)), performer.NodeLost, "has the taint node.kubernetes.io/out-of-service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trimNode(tt.node)
			if got := n.stateOf(tt.node); got.State != tt.state || got.Why != tt.why {
				t.Errorf("got %+v, want %+v", got, performer.Node{State: tt.state, Why: tt.why})
			}
		})
	}
}

// TestSinceWhen checks the time since when a node is drained or lost, where the node says so.
func TestSinceWhen(t *testing.T) {
	n := &nodes{drainTaints: DefaultDrainTaints()}
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	withTime := func(node *corev1.Node) {
		for i := range node.Spec.Taints {
			node.Spec.Taints[i].TimeAdded = &at
		}
		node.Status.Conditions[1].LastTransitionTime = at
	}
	for name, tt := range map[string]struct {
		changes []func(*corev1.Node)
		unknown bool
	}{
		"up":                              {nil, true},
		"not ready":                       {[]func(*corev1.Node){notReady(corev1.ConditionUnknown, "NodeStatusUnknown", "")}, false},
		"shuts down":                      {[]func(*corev1.Node){notReady(corev1.ConditionFalse, "KubeletNotReady", "node is shutting down")}, false},
		"unreachable":                     {[]func(*corev1.Node){tainted(corev1.TaintNodeUnreachable)}, false},
		"cordoned":                        {[]func(*corev1.Node){cordoned, tainted(corev1.TaintNodeUnschedulable)}, false},
		"cordoned, and not yet tainted":   {[]func(*corev1.Node){cordoned}, true},
		"cordoned, with somebody's taint": {[]func(*corev1.Node){cordoned, tainted("dedicated")}, true},
		"a drain taint":                   {[]func(*corev1.Node){tainted("karpenter.sh/disrupted")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode("n", append(tt.changes, withTime)...)
			trimNode(node)
			if since := n.stateOf(node).Since; since.IsZero() != tt.unknown || !tt.unknown && !since.Equal(at.Time) {
				t.Errorf("since %s", since)
			}
			withoutTime := newNode("n", tt.changes...)
			if since := n.stateOf(withoutTime).Since; !since.IsZero() {
				t.Errorf("without a time: since %s", since)
			}
		})
	}
}

func TestMostLost(t *testing.T) {
	lost := notReady(corev1.ConditionUnknown, "NodeStatusUnknown", "")
	for _, tt := range []struct {
		name           string
		lost, draining int
		up             int
		gone           int // with a pod of a Performer
		want           bool
	}{
		{"no nodes", 0, 0, 0, 0, false},
		{"all up", 0, 0, 4, 0, false},
		{"the only node", 1, 0, 0, 0, true},
		{"one of two", 1, 0, 1, 0, false},
		{"two of three, too few to judge", 2, 0, 1, 0, false},
		{"three of five", 3, 0, 2, 0, true},
		{"three of six", 3, 0, 3, 0, false},
		{"drained nodes are not lost", 3, 3, 0, 0, false},
		{"the only node is gone", 0, 0, 0, 1, true},
		{"one of two is gone", 0, 0, 1, 1, false},
		{"two of three are gone, too few to judge", 0, 0, 1, 2, false},
		{"three of five are gone", 0, 0, 2, 3, true},
		{"three of six are gone", 0, 0, 3, 3, false},
		{"two are lost and one is gone, of five", 2, 0, 2, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, _ := newTestController(t, Config{})
			for i := range tt.lost + tt.draining + tt.up {
				node := newNode(string(rune('a' + i)))
				switch {
				case i < tt.lost:
					lost(node)
				case i < tt.lost+tt.draining:
					cordoned(node)
				}
				trimNode(node)
				if err := c.nodes.GetStore().Add(node); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 2 * tt.gone { // two pods on each
				p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprint(i), UID: types.UID(fmt.Sprint(i))}}
				if err := c.caches[metav1.NamespaceAll].pods.GetStore().Add(performerPod(p, 0, fmt.Sprint("gone-", i/2))); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.mostLost(); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestNodeEvents checks which changes of a node queue the Performer with a pod on it, and that what kubelets
// report every few minutes neither does nor costs a request.
func TestNodeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx, _ := newTestController(t, Config{})
		ctx, stop := context.WithCancel(ctx)
		kube := c.kube.(*fake.Clientset)
		p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "performer-a-0", Labels: map[string]string{render.LabelApp: render.AppName, render.LabelPerformer: "a"},
			OwnerReferences: []metav1.OwnerReference{render.ControllerReference(p)},
		}, Spec: corev1.PodSpec{NodeName: "n"}}
		for _, err := range []error{kube.Tracker().Add(pod), kube.Tracker().Add(newNode("n")), kube.Tracker().Add(newNode("other"))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		c.Allow(Access{Nodes: true})
		c.Start(ctx)
		synctest.Wait()
		queued := func() bool {
			synctest.Wait()
			found := c.queue.Len() > 0
			for c.queue.Len() > 0 {
				name, _ := c.queue.Get()
				c.queue.Done(name)
			}
			return found
		}
		queued() // by the pod
		gvr := corev1.SchemeGroupVersion.WithResource("nodes")
		kube.ClearActions()
		for _, tt := range []struct {
			name string
			node *corev1.Node
			want bool
		}{
			{"another condition", newNode("n", func(node *corev1.Node) { node.Status.Conditions[0].Status = corev1.ConditionTrue }), false},
			{"labels", newNode("n", func(node *corev1.Node) { node.Labels = nil }), false},
			{"images", newNode("n", func(node *corev1.Node) { node.Status.Images = nil }), false},
			{"a heartbeat", newNode("n", func(node *corev1.Node) { node.Status.Conditions[1].LastHeartbeatTime = metav1.Now() }), false},
			{"another node", newNode("other", cordoned), false},
			{"cordoned", newNode("n", cordoned), true},
			{"a heartbeat of a cordoned node", newNode("n", cordoned), false},
			{"uncordoned", newNode("n"), true},
			{"tainted", newNode("n", tainted("karpenter.sh/disrupted")), true},
			{"lost", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 3m1s ago")), true},
			{"still lost", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 3m11s ago")), false},
			{"shuts down", newNode("n", notReady(corev1.ConditionFalse, "KubeletNotReady", "node is shutting down")), true},
		} {
			if err := kube.Tracker().Update(gvr, tt.node, ""); err != nil {
				t.Fatal(err)
			}
			if got := queued(); got != tt.want {
				t.Errorf("%s: queued %t", tt.name, got)
			}
		}
		if err := kube.Tracker().Delete(gvr, "", "n"); err != nil {
			t.Fatal(err)
		}
		if !queued() {
			t.Error("the node is gone: not queued")
		}
		if err := kube.Tracker().Add(newNode("n")); err != nil {
			t.Fatal(err)
		}
		if !queued() {
			t.Error("the node is back: not queued")
		}
		if requests := kube.Actions(); len(requests) > 0 {
			t.Errorf("requests: %v", requests)
		}
		c.queue.ShutDown()
		stop()
		synctest.Wait()
	})
}

// TestNodeUpdateAllocatesLittle checks the cost of an update that changes nothing that matters.
func TestNodeUpdateAllocatesLittle(t *testing.T) {
	a, b := newNode("n", tainted("x")), newNode("n", tainted("x"))
	trimNode(a)
	trimNode(b)
	if n := testing.AllocsPerRun(100, func() {
		if !sameState(a, b) {
			t.Error("differs")
		}
	}); n > 0 {
		t.Errorf("comparing allocates %g times", n)
	}
	conditions := newNode("n").Status.Conditions
	if n := testing.AllocsPerRun(100, func() {
		a.Status.Conditions = conditions
		trimNode(a)
	}); n > 1 {
		t.Errorf("trimming allocates %g times", n)
	}
}

func TestObserveNodes(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	kube := c.kube.(*fake.Clientset)
	observe := func() performer.Observed {
		t.Helper()
		o := performer.Observed{}
		for _, node := range []string{"", "up", "cordoned", "late", "gone"} {
			o.Pods = append(o.Pods, &corev1.Pod{Spec: corev1.PodSpec{NodeName: node}})
		}
		o.Pods[1].Annotations = map[string]string{render.AnnotationMovedFrom: "left,left-and-gone"}
		if err := c.observeNodes(ctx, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := observe(); o.NodesKnown || o.Nodes != nil || len(kube.Actions()) > 0 {
		t.Errorf("without the permission: %+v, %d requests", o, len(kube.Actions()))
	}
	c.Allow(Access{Nodes: true})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.nodes.startIfAllowed(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), c.nodes.complete) {
		t.Fatal("not synced")
	}
	for _, node := range []*corev1.Node{newNode("up"), newNode("cordoned", cordoned), newNode("left", cordoned)} {
		trimNode(node)
		if err := c.nodes.GetStore().Add(node); err != nil {
			t.Fatal(err)
		}
	}
	kube.PrependReactor("get", "nodes", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.(clienttesting.GetAction).GetName() == "late" {
			return true, newNode("late"), nil // the cache of pods is ahead
		}
		return false, nil, nil
	})
	kube.ClearActions()
	o := observe()
	if !o.NodesKnown || len(o.Nodes) != 3 || o.Nodes["left"].State != performer.NodeDraining || o.Nodes["cordoned"].State != performer.NodeDraining || o.Nodes["gone"] != (performer.Node{State: performer.NodeLost, Why: "does not exist", Gone: true}) {
		t.Errorf("got %t, %+v", o.NodesKnown, o.Nodes)
	}
	if requests := kube.Actions(); len(requests) != 2 {
		t.Errorf("requests for other nodes than those that are late and gone: %v", requests)
	}
	// Somebody takes the permission away.
	c.nodes.watchFailed(c.watchScope, "", "nodes")(ctx, nil, apierrors.NewForbidden(corev1.Resource("nodes"), "", errors.New("no")))
	if o := observe(); o.NodesKnown || o.Nodes != nil {
		t.Errorf("after the permission is gone: %+v", o)
	}
	c.nodes.eventCame()
	if o := observe(); !o.NodesKnown {
		t.Error("after the permission is back: nodes are unknown")
	}
}

// TestUnreadableNodesDelayNothing checks that Performers are synced although nodes can't be listed.
func TestUnreadableNodesDelayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx, lines := newTestController(t, Config{})
		c.kube.(*fake.Clientset).PrependReactor("list", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewInternalError(errors.New("no"))
		})
		ctx, stop := context.WithCancel(ctx)
		p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}, Spec: v1alpha1.PerformerSpec{Image: "repo:1"}}
		if _, err := c.hourglass.HourglassV1alpha1().Performers("ns").Create(ctx, p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Allow(Access{Nodes: true, Budgets: []string{metav1.NamespaceAll}})
		c.Start(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Run(ctx)
		}()
		time.Sleep(time.Second) // in the time of the bubble
		if _, err := c.kube.CoreV1().Pods("ns").Get(ctx, "performer-a-0", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
		if !c.Synced() {
			t.Error("not ready")
		}
		stop()
		<-done
		synctest.Wait()
		logged := 0
		for _, line := range *lines {
			if strings.Contains(line, `"resource"="nodes"`) {
				logged++
			}
		}
		if logged != 1 {
			t.Errorf("logged %d times: %q", logged, *lines)
		}
	})
}

// TestUnreadNodesKeepBudgets has an API server that fails to list nodes at first. A Performer with Surge keeps
// its budget, one that has none gets it when the nodes are read, and no condition blames the permission.
func TestUnreadNodesKeepBudgets(t *testing.T) {
	for name, tt := range map[string]struct {
		failure   error
		wantKept  bool
		wantNoted string
	}{
		"unavailable":  {apierrors.NewServiceUnavailable("no"), true, ""},
		"overloaded":   {apierrors.NewTooManyRequests("no", 0), true, ""},
		"timeout":      {apierrors.NewTimeoutError("no", 0), true, ""},
		"unauthorized": {apierrors.NewUnauthorized("no"), true, ""},
		"forbidden":    {apierrors.NewForbidden(corev1.Resource("nodes"), "", errors.New("no")), false, "no permission to get, list and watch nodes"},
		"not served":   {apierrors.NewNotFound(corev1.Resource("nodes"), ""), false, "no permission to get, list and watch nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, ctx, _ := newTestController(t, Config{})
				kube := c.kube.(*fake.Clientset)
				var works atomic.Bool
				kube.PrependReactor("list", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
					if works.Load() {
						return false, nil, nil
					}
					return true, nil, tt.failure
				})
				ctx, stop := context.WithCancel(ctx)
				for _, name := range []string{"kept", "new"} {
					p := &v1alpha1.Performer{
						ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name)},
						Spec:       v1alpha1.PerformerSpec{Image: "repo:1", Disruption: &v1alpha1.Disruption{Type: v1alpha1.SurgeDisruption}},
						Status:     v1alpha1.PerformerStatus{Ready: true},
					}
					if _, err := c.hourglass.HourglassV1alpha1().Performers("ns").Create(ctx, p, metav1.CreateOptions{}); err != nil {
						t.Fatal(err)
					}
					pod := render.Pod(p, 0, render.Hardware{})
					render.SetServing(pod, time.Now())
					pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
					if err := kube.Tracker().Add(pod); err != nil {
						t.Fatal(err)
					}
					if name == "kept" {
						if err := kube.Tracker().Add(render.Budget(p)); err != nil {
							t.Fatal(err)
						}
					}
				}
				budgets := func() string {
					list, err := kube.PolicyV1().PodDisruptionBudgets("ns").List(ctx, metav1.ListOptions{})
					if err != nil {
						t.Fatal(err)
					}
					var names []string
					for _, budget := range list.Items {
						names = append(names, budget.Name)
					}
					return strings.Join(names, " ")
				}
				message := func() string {
					p, err := c.hourglass.HourglassV1alpha1().Performers("ns").Get(ctx, "kept", metav1.GetOptions{})
					if err != nil {
						t.Fatal(err)
					}
					return apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady).Message
				}
				c.Allow(Access{Nodes: true, Budgets: []string{metav1.NamespaceAll}})
				c.Start(ctx)
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.Run(ctx)
				}()
				time.Sleep(10 * time.Second) // in the time of the bubble
				if got := budgets(); (got == "performer-kept") != tt.wantKept || !tt.wantKept && got != "" {
					t.Errorf("budgets %q while nodes can't be listed", got)
				}
				if got := message(); !strings.Contains(got, "serves at") || !strings.Contains(got, tt.wantNoted) || tt.wantNoted == "" && strings.Contains(got, "permission") {
					t.Errorf("message %q", got)
				}
				works.Store(true)
				time.Sleep(2 * time.Minute)
				if got := budgets(); got != "performer-kept performer-new" {
					t.Errorf("budgets %q once nodes are listed", got)
				}
				if got := message(); strings.Contains(got, "permission") {
					t.Errorf("message %q once nodes are listed", got)
				}
				stop()
				<-done
				synctest.Wait()
			})
		})
	}
}

// TestRefusalQueues checks that the Performers are synced when a permission turns out to be missing, once.
func TestRefusalQueues(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	queued := 0
	c.nodes.queueAll = func() { queued++ }
	c.Allow(Access{Nodes: true})
	failed := c.nodes.watchFailed(c.watchScope, "", "nodes")
	failed(ctx, nil, apierrors.NewServiceUnavailable("no"))
	if queued > 0 || c.nodes.access() != accessUnread {
		t.Errorf("a failure that is no refusal: queued %d times, access %d", queued, c.nodes.access())
	}
	for range 3 {
		failed(ctx, nil, apierrors.NewForbidden(corev1.Resource("nodes"), "", errors.New("no")))
	}
	if queued != 1 || c.nodes.access() != accessDenied {
		t.Errorf("refused: queued %d times, access %d", queued, c.nodes.access())
	}
}
