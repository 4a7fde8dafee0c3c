// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	hourglassfake "github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
)

// newTestController returns a controller that is not started, and the lines that it logs.
func newTestController(t *testing.T, cfg Config) (*Controller, context.Context, *[]string) {
	t.Helper()
	cfg.Kube, cfg.Hourglass, cfg.Recorder, cfg.Workers = fake.NewClientset(), hourglassfake.NewSimpleClientset(), record.NewFakeRecorder(10), 1
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	lines := &[]string{}
	ctx := klog.NewContext(t.Context(), funcr.New(func(_, args string) { *lines = append(*lines, args) }, funcr.Options{}))
	return c, ctx, lines
}

func forbidden() error {
	return apierrors.NewForbidden(v1alpha1.Resource("performers"), "", errors.New("no"))
}

func TestANamespaceThatIsNotOursHoldsUpNothing(t *testing.T) {
	c, ctx, lines := newTestController(t, Config{Namespaces: []string{"a", "b"}})
	if c.Synced() {
		t.Error("synced before anything is known")
	}
	for _, namespace := range []string{"a", "b"} {
		for range 3 {
			c.scope.watchFailed(namespace, "pods")(ctx, nil, forbidden())
		}
	}
	if !c.Synced() {
		t.Error("not synced, for want of namespaces that are not ours")
	}
	if len(*lines) != 2 {
		t.Errorf("logged %q", *lines)
	}
}

func TestAllNamespacesTogetherAreNeverHeld(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	c.scope.watchFailed("", "pods")(ctx, nil, forbidden())
	if c.Synced() {
		t.Error("synced without having seen anything")
	}
}

func TestWatchFailuresAreToldOncePerKind(t *testing.T) {
	now := time.Now()
	s := newScope(nil)
	s.now = func() time.Time { return now }
	_, ctx, lines := newTestController(t, Config{})
	failed := s.watchFailed("", "pods")
	for _, step := range []struct {
		err   error
		after time.Duration
		told  int // lines until then
	}{
		{io.EOF, 0, 0},
		{apierrors.NewResourceExpired("too old"), 0, 0},
		{errors.New("connection refused"), 0, 1},
		{errors.New("connection refused, told in other words"), 30 * time.Second, 1},
		{forbidden(), 30 * time.Second, 2},
		{forbidden(), 30 * time.Second, 2},
		{forbidden(), outageForgottenAfter + time.Second, 3},
	} {
		now = now.Add(step.after)
		failed(ctx, nil, step.err)
		if len(*lines) != step.told {
			t.Errorf("after %v: logged %q", step.err, *lines)
		}
	}
}

func TestWhatIsNotSeenIsNotWorkedOn(t *testing.T) {
	synced := false
	c, ctx, _ := newTestController(t, Config{Hooks: Hooks{SyncBegan: func() { synced = true }}})
	c.queue.Add(cache.NewObjectName("ns", "a"))
	if !c.next(ctx) || synced {
		t.Error("worked on a Performer though the caches are not filled")
	}
	if c.queue.Len() > 0 {
		t.Error("it waits in the queue")
	}
}

func TestAPanicIsAnErrorOfOnePerformer(t *testing.T) {
	var results []string
	active := 0
	c, ctx, lines := newTestController(t, Config{Hooks: Hooks{
		SyncBegan: func() { active++ },
		SyncEnded: func(result string, _ float64, _ error) {
			active--
			results = append(results, result)
		},
	}})
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
	if err := c.caches[metav1.NamespaceAll].performers.GetStore().Add(p); err != nil {
		t.Fatal(err)
	}
	c.writes = nil // a defect
	out := c.observedSync(ctx, cache.MetaObjectToName(p))
	if out.result != resultPanic || out.err == nil || len(results) != 1 || results[0] != "panic" || active != 0 {
		t.Errorf("outcome %+v, told %v, %d active", out, results, active)
	}
	if len(*lines) != 1 || !strings.Contains((*lines)[0], "Sync panicked") || !strings.Contains((*lines)[0], "scope_test.go") {
		t.Errorf("logged %q", *lines)
	}
	// Others go on.
	if out := c.observedSync(ctx, cache.NewObjectName("ns", "gone")); out.result == resultSuccess {
		t.Error("the defect is gone by itself")
	}
	if err := c.Healthy(); err != nil {
		t.Errorf("not healthy: %v", err)
	}
}

func TestAStandstillIsNotHealthy(t *testing.T) {
	c, _, _ := newTestController(t, Config{})
	now := time.Now()
	c.now = func() time.Time { return now }
	name := cache.NewObjectName("ns", "a")
	c.underWay.begin(name, now)
	now = now.Add(syncLimit)
	if err := c.Healthy(); err != nil {
		t.Errorf("too early: %v", err)
	}
	now = now.Add(time.Second)
	if err := c.Healthy(); err == nil || !strings.Contains(err.Error(), "ns/a has lasted for 2m1s") {
		t.Errorf("got %v", err)
	}
	c.underWay.end(name)
	if err := c.Healthy(); err != nil {
		t.Errorf("got %v", err)
	}
}
