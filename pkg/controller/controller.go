// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// Name is the name of the controller in its queue's metrics and as the source of its events.
const Name = "performer"

// Errors are tried again after a delay that doubles from firstRetry to lastRetry, for each
// Performer by itself.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Minute
)

// Config is what a Controller needs.
type Config struct {
	// Kube and Hourglass talk to the API server.
	Kube      kubernetes.Interface
	Hourglass versioned.Interface
	// Recorder takes events about Performers.
	Recorder record.EventRecorder
	// Namespaces is the watch scope; empty means all.
	Namespaces []string
	// ClusterDomain is the DNS domain of the cluster; empty means cluster.local.
	ClusterDomain string
	// TEEs are the trusted execution environments that can be asked for; nil means
	// performer.DefaultTEEs.
	TEEs map[string]performer.TEE
	// Workers is how many Performers are worked on at a time; at least 1.
	Workers int
	// Observe, if not nil, is told of each sync: what came of it and how many seconds it took.
	Observe func(result string, seconds float64)
}

// Controller keeps a Pod and a Service for each Performer in its scope.
type Controller struct {
	kube      kubernetes.Interface
	hourglass versioned.Interface
	recorder  record.EventRecorder
	settings  performer.Settings
	workers   int
	report    func(result string, seconds float64)

	caches map[string]*caches // by namespace; under metav1.NamespaceAll alone if there is no scope
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	writes *writes
	now    func() time.Time
	blind  sync.Once // told that endpoint slices may not be read
}

// New returns a Controller that has not started anything yet.
func New(cfg Config) (*Controller, error) {
	if cfg.Kube == nil || cfg.Hourglass == nil || cfg.Recorder == nil {
		return nil, errors.New("controller: Kube, Hourglass and Recorder must be set")
	}
	if cfg.Workers < 1 {
		return nil, fmt.Errorf("controller: Workers is %d, and must be at least 1", cfg.Workers)
	}
	if cfg.ClusterDomain == "" {
		cfg.ClusterDomain = performer.DefaultClusterDomain
	}
	if cfg.TEEs == nil {
		cfg.TEEs = performer.DefaultTEEs()
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, float64) {}
	}
	namespaces := cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	c := &Controller{
		kube:      cfg.Kube,
		hourglass: cfg.Hourglass,
		recorder:  cfg.Recorder,
		settings: performer.Settings{
			ClusterDomain:    cfg.ClusterDomain,
			WithoutFinalizer: len(cfg.Namespaces) > 0,
			TEEs:             cfg.TEEs,
		},
		workers: cfg.Workers,
		report:  cfg.Observe,
		caches:  map[string]*caches{},
		// The default limiter of client-go would put all Performers through one token bucket.
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(
			workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](firstRetry, lastRetry),
			workqueue.TypedRateLimitingQueueConfig[cache.ObjectName]{Name: Name}),
		writes: newWrites(),
		now:    time.Now,
	}
	for _, namespace := range namespaces {
		caches, err := newCaches(cfg.Kube, cfg.Hourglass, namespace)
		if err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		if err := c.watch(caches); err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		c.caches[namespace] = caches
	}
	return c, nil
}

// watch has every event that may concern a Performer put that Performer's name into the queue.
func (c *Controller) watch(caches *caches) error {
	performers := handlerFor(func(p *v1alpha1.Performer) {
		c.queue.Add(cache.MetaObjectToName(p))
	})
	owned := handlerFor(func(object metav1.Object) {
		if owner := metav1.GetControllerOf(object); owner != nil && owner.Kind == "Performer" {
			c.queue.Add(cache.NewObjectName(object.GetNamespace(), owner.Name))
		}
	})
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		caches.performers: performers,
		caches.pods:       owned,
		caches.services:   owned,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("adding an event handler: %w", err)
		}
	}
	return nil
}

// handlerFor returns a handler that passes on every object that came, changed or went. Of a change
// it passes on both, since the earlier state may have belonged to another owner.
func handlerFor[T metav1.Object](tell func(T)) cache.ResourceEventHandler {
	pass := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		if object, ok := obj.(T); ok {
			tell(object)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    pass,
		UpdateFunc: func(old, now any) { pass(old); pass(now) },
		DeleteFunc: pass,
	}
}

// Start begins to fill the caches and returns at once. A standby starts too, so that its caches are
// warm when it takes over.
func (c *Controller) Start(ctx context.Context) {
	for _, caches := range c.caches {
		caches.start(ctx)
	}
}

// Synced tells whether all caches are filled.
func (c *Controller) Synced() bool {
	for _, caches := range c.caches {
		if !caches.synced() {
			return false
		}
	}
	return true
}

// Run waits for the caches, then works until ctx is done. It returns when the last worker has
// finished what it had in hand; that work goes on under its own time limit, not under ctx, so that
// a stop leaves nothing half done. It can be called once.
func (c *Controller) Run(ctx context.Context) {
	defer utilruntime.HandleCrashWithContext(ctx)
	logger := klog.FromContext(ctx)
	for _, caches := range c.caches {
		if !cache.WaitForCacheSync(ctx.Done(), caches.performers.HasSynced, caches.pods.HasSynced, caches.services.HasSynced) {
			return
		}
	}
	logger.Info("Starting workers", "workers", c.workers)
	var workers sync.WaitGroup
	for range c.workers {
		workers.Go(func() {
			for c.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	c.queue.ShutDown()
	workers.Wait()
	logger.Info("Workers stopped")
}

// handInLimit bounds what a sync may take once begun.
const handInLimit = 30 * time.Second

// next works on one Performer. It returns false when there is no more to come.
func (c *Controller) next(ctx context.Context) bool {
	name, shutdown := c.queue.Get()
	if shutdown {
		return false
	}
	defer c.queue.Done(name)
	if ctx.Err() != nil {
		// Whoever leads next begins with every Performer anyway.
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handInLimit)
	defer cancel()
	ctx = klog.NewContext(ctx, klog.LoggerWithValues(klog.FromContext(ctx), "performer", klog.KRef(name.Namespace, name.Name)))

	begin := c.now()
	out := c.sync(ctx, name)
	c.report(string(out.result), c.now().Sub(begin).Seconds())
	switch out.result {
	case resultError:
		klog.FromContext(ctx).Error(out.err, "Sync failed, trying again")
		c.queue.AddRateLimited(name)
	case resultConflict:
		c.queue.AddRateLimited(name)
	case resultSkipped:
		c.queue.AddAfter(name, out.lookAgain)
	case resultSuccess:
		c.queue.Forget(name)
		if out.lookAgain > 0 {
			c.queue.AddAfter(name, out.lookAgain)
		}
	}
	return true
}
