// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	hourglassfake "github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
)

// newTestController returns a controller that has not started, and the lines that it logs. They may be read
// while none of its goroutines runs.
func newTestController(t *testing.T, cfg Config) (*Controller, context.Context, *[]string) {
	t.Helper()
	cfg.Kube, cfg.Hourglass, cfg.Recorder, cfg.Workers = fake.NewClientset(), hourglassfake.NewSimpleClientset(), record.NewFakeRecorder(10), 1
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	lines := &[]string{}
	ctx := klog.NewContext(t.Context(), funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		*lines = append(*lines, args)
	}, funcr.Options{}))
	return c, ctx, lines
}

func forbidden() error {
	return apierrors.NewForbidden(v1alpha1.Resource("performers"), "", errors.New("no"))
}

func TestForbiddenNamespaceBlocksNothing(t *testing.T) {
	c, ctx, lines := newTestController(t, Config{Namespaces: []string{"a", "b"}})
	if c.Synced() {
		t.Error("synced before the caches are filled")
	}
	for _, namespace := range []string{"a", "b"} {
		for range 3 {
			c.watchScope.watchFailed(namespace, "pods")(ctx, nil, forbidden())
		}
	}
	if !c.Synced() {
		t.Error("forbidden namespaces keep the controller from being synced")
	}
	if len(*lines) != 2 {
		t.Errorf("logged %q", *lines)
	}
}

func TestForbiddenClusterWatchIsNotSynced(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	c.watchScope.watchFailed("", "pods")(ctx, nil, forbidden())
	if c.Synced() {
		t.Error("synced without a list")
	}
}

func TestWatchFailuresAreLoggedOncePerKind(t *testing.T) {
	now := time.Now()
	s := newWatchScope(nil)
	s.now = func() time.Time { return now }
	_, ctx, lines := newTestController(t, Config{})
	failed := s.watchFailed("", "pods")
	for _, step := range []struct {
		err   error
		after time.Duration
		lines int // logged so far
	}{
		{io.EOF, 0, 0},
		{apierrors.NewResourceExpired("too old"), 0, 0},
		{errors.New("connection refused"), 0, 1},
		{errors.New("connection refused again"), 30 * time.Second, 1},
		{forbidden(), 30 * time.Second, 2},
		{forbidden(), 30 * time.Second, 2},
		{forbidden(), outageExpiry + time.Second, 3},
	} {
		now = now.Add(step.after)
		failed(ctx, nil, step.err)
		if len(*lines) != step.lines {
			t.Errorf("after %v: logged %q", step.err, *lines)
		}
	}
}

func TestNoSyncBeforeTheCachesAreFilled(t *testing.T) {
	synced := false
	c, ctx, _ := newTestController(t, Config{Hooks: Hooks{SyncBegan: func() { synced = true }}})
	c.queue.Add(cache.NewObjectName("ns", "a"))
	if !c.processNext(ctx) || synced {
		t.Error("synced a Performer before the caches were filled")
	}
	if c.queue.Len() > 0 {
		t.Error("the Performer is still queued")
	}
}

func TestPanicIsAnErrorOfOnePerformer(t *testing.T) {
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
	c.pendingWrites = nil // causes a panic
	out := c.instrumentedSync(ctx, cache.MetaObjectToName(p))
	if out.result != resultPanic || out.err == nil || len(results) != 1 || results[0] != "panic" || active != 0 {
		t.Errorf("outcome %+v, reported %v, %d active", out, results, active)
	}
	if len(*lines) != 1 || !strings.Contains((*lines)[0], "Sync panicked") || !strings.Contains((*lines)[0], "watch_test.go") {
		t.Errorf("logged %q", *lines)
	}
	if err := c.Healthy(); err != nil {
		t.Errorf("not healthy: %v", err)
	}
}

// TestPanicDoesNotStopTheWorker runs a worker that panics whenever it creates the Service of one
// Performer.
func TestPanicDoesNotStopTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var panics atomic.Int32
		c, _, _ := newTestController(t, Config{Hooks: Hooks{SyncEnded: func(result string, _ float64, _ error) {
			if result == string(resultPanic) {
				panics.Add(1)
			}
		}}})
		c.kube.(*fake.Clientset).PrependReactor("create", "services", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if action.(clienttesting.CreateAction).GetObject().(*corev1.Service).Name == "performer-bad" {
				panic("a bug")
			}
			return false, nil, nil
		})
		var mu sync.Mutex
		var logged []string
		ctx, stop := context.WithCancel(klog.NewContext(t.Context(), funcr.New(func(_, args string) {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(args, "Sync panicked") {
				logged = append(logged, args)
			}
		}, funcr.Options{})))
		for _, name := range []string{"bad", "good"} {
			p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name)}, Spec: v1alpha1.PerformerSpec{Image: "repo:1"}}
			if _, err := c.hourglass.HourglassV1alpha1().Performers("ns").Create(ctx, p, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		c.Start(ctx)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			c.Run(ctx)
		}()
		time.Sleep(DefaultFirstRetry * 10) // in the time of the bubble
		if _, err := c.kube.CoreV1().Pods("ns").Get(ctx, "performer-good-0", metav1.GetOptions{}); err != nil {
			t.Errorf("the other Performer was not synced: %v", err)
		}
		// The first attempt, and retries after 100, 200 and 400 ms.
		if n := panics.Load(); n != 4 {
			t.Errorf("%d panics, want 4", n)
		}
		stop()
		<-stopped
		synctest.Wait()
		if len(logged) != 4 || !strings.Contains(logged[0], `"performer"={"name"="bad" "namespace"="ns"}`) || !strings.Contains(logged[0], "watch_test.go") {
			t.Errorf("logged %q", logged)
		}
	})
}

// TestSyncWaitsForItsOwnWrite checks that a sync is skipped without a request while the cache is older
// than the last write.
func TestSyncWaitsForItsOwnWrite(t *testing.T) {
	var results []string
	c, ctx, _ := newTestController(t, Config{Hooks: Hooks{SyncEnded: func(result string, _ float64, _ error) { results = append(results, result) }}})
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
	caches := c.caches[metav1.NamespaceAll]
	if err := caches.performers.GetStore().Add(p); err != nil {
		t.Fatal(err)
	}
	name := cache.MetaObjectToName(p)
	c.pendingWrites.record(name, kindPod, "100", c.now())
	caches.pods = storeAt{caches.pods, "99"}
	if out := c.instrumentedSync(ctx, name); out.result != resultSkipped || out.requeueAfter != staleRequeue || len(results) != 1 || results[0] != "skipped" {
		t.Errorf("outcome %+v, reported %v", out, results)
	}
	if requests := len(c.kube.(*fake.Clientset).Actions()) + len(c.hourglass.(*hourglassfake.Clientset).Actions()); requests > 0 {
		t.Errorf("%d requests", requests)
	}
}

// TestBackoffIsPerPerformer fails a thousand Performers at once.
func TestBackoffIsPerPerformer(t *testing.T) {
	c, _, _ := newTestController(t, Config{LastRetry: 4 * DefaultFirstRetry})
	for i := range 1000 {
		name := cache.NewObjectName("ns", fmt.Sprint(i))
		for try, want := range []time.Duration{DefaultFirstRetry, 2 * DefaultFirstRetry, 4 * DefaultFirstRetry, 4 * DefaultFirstRetry} {
			if got := c.backoff.When(name); got != want {
				t.Fatalf("Performer %d waits for %s after error %d", i, got, try+1)
			}
		}
	}
	c.queue.Add(cache.NewObjectName("ns", "0"))
	if c.queue.Len() != 1 {
		t.Error("an event is delayed by the backoff of an earlier failure")
	}
}

func TestEndedInformerIsUnhealthy(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	c.caches[metav1.NamespaceAll].pods.RunWithContext(ctx)
	if err := c.Healthy(); err == nil || err.Error() != `the informer of pods in namespace "" has ended` {
		t.Errorf("got %v", err)
	}
	c.stopping.Store(true)
	if err := c.Healthy(); err != nil {
		t.Errorf("unhealthy after a regular stop: %v", err)
	}
}

func TestHungSyncIsUnhealthy(t *testing.T) {
	c, _, _ := newTestController(t, Config{})
	now := time.Now()
	c.now = func() time.Time { return now }
	name := cache.NewObjectName("ns", "a")
	c.inFlight.begin(name, now)
	now = now.Add(hungSyncAfter)
	if err := c.Healthy(); err != nil {
		t.Errorf("unhealthy too early: %v", err)
	}
	now = now.Add(time.Second)
	if err := c.Healthy(); err == nil || err.Error() != "the sync of Performer ns/a has lasted for 2m1s" {
		t.Errorf("got %v", err)
	}
	c.inFlight.end(name)
	if err := c.Healthy(); err != nil {
		t.Errorf("got %v", err)
	}
}
