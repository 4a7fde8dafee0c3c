// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
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

// Defaults of Config.FirstRetry and Config.LastRetry.
const (
	DefaultFirstRetry = 100 * time.Millisecond
	DefaultLastRetry  = 5 * time.Minute
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
	// FirstRetry and LastRetry bound the delay after which an error is tried again. It doubles with
	// each further one, for each Performer by itself. 0 means the default.
	FirstRetry, LastRetry time.Duration
	// Hooks are told of what is done.
	Hooks Hooks
}

// Controller keeps a Pod and a Service for each Performer in its scope.
type Controller struct {
	kube      kubernetes.Interface
	hourglass versioned.Interface
	recorder  record.EventRecorder
	settings  performer.Settings
	workers   int
	hooks     Hooks

	caches   map[string]*caches // by namespace; under metav1.NamespaceAll alone if there is no scope
	scope    *scope
	queue    workqueue.TypedRateLimitingInterface[cache.ObjectName]
	backoff  workqueue.TypedRateLimiter[cache.ObjectName]
	writes   *writes
	messages *messages
	hidden   *hidden
	now      func() time.Time
	blind    sync.Once // told that endpoint slices may not be read

	underWay          underWay
	working, stopping atomic.Bool
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
	namespaces := cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	// The default limiter of client-go would put all Performers through one token bucket.
	backoff := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](
		cmp.Or(cfg.FirstRetry, DefaultFirstRetry), cmp.Or(cfg.LastRetry, DefaultLastRetry))
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
		hooks:   cfg.Hooks,
		caches:  map[string]*caches{},
		scope:   newScope(cfg.Namespaces),
		backoff: backoff,
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(backoff,
			workqueue.TypedRateLimitingQueueConfig[cache.ObjectName]{Name: Name}),
		writes:   newWrites(),
		messages: newMessages(),
		hidden:   newHidden(),
		underWay: underWay{since: map[cache.ObjectName]time.Time{}},
		now:      time.Now,
	}
	for _, namespace := range namespaces {
		caches, err := newCaches(cfg.Kube, cfg.Hourglass, namespace)
		if err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		if err := c.watch(namespace, caches); err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		c.caches[namespace] = caches
	}
	return c, nil
}

// Settings returns what decisions go by, the same for every Performer.
func (c *Controller) Settings() performer.Settings { return c.settings }

// watch has every event that may concern a Performer put that Performer's name into the queue.
func (c *Controller) watch(namespace string, caches *caches) error {
	performers := handlerFor(func(p *v1alpha1.Performer, gone bool) {
		if gone {
			c.hidden.forget(p.UID)
		}
		c.queue.Add(cache.MetaObjectToName(p))
	})
	owned := handlerFor(func(object metav1.Object, gone bool) {
		owner := performerOf(object)
		if owner == nil {
			return
		}
		name := cache.NewObjectName(object.GetNamespace(), owner.Name)
		if pod, ok := object.(*corev1.Pod); ok && gone && pod.DeletionTimestamp == nil && c.misses(caches, name, owner.UID) {
			c.hidden.add(owner.UID, pod.Name)
		}
		c.queue.Add(name)
	})
	for resource, informer := range caches.informers() {
		handler := owned
		if resource == "performers" {
			handler = performers
		}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("adding an event handler: %w", err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(c.scope.watchFailed(namespace, resource)); err != nil {
			return fmt.Errorf("adding an error handler: %w", err)
		}
	}
	return nil
}

// performerOf returns the reference to the Performer that controls an object, or nil if none does.
func performerOf(object metav1.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(object)
	if owner == nil || owner.Kind != "Performer" {
		return nil
	}
	if group, err := schema.ParseGroupVersion(owner.APIVersion); err != nil || group.Group != v1alpha1.GroupName {
		return nil
	}
	return owner
}

// misses tells whether pods of that Performer matter that left a cache. A standby decides nothing, and
// would only gather them.
func (c *Controller) misses(caches *caches, name cache.ObjectName, uid types.UID) bool {
	if !c.working.Load() {
		return false
	}
	p, err := caches.performer(name)
	return err == nil && p != nil && p.UID == uid
}

// handlerFor returns a handler that passes on every object that came, changed or went, and whether it
// went. Of a change it passes on both, since the earlier state may have belonged to another owner.
func handlerFor[T metav1.Object](tell func(object T, gone bool)) cache.ResourceEventHandler {
	pass := func(obj any, gone bool) {
		if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = last.Obj
		}
		if object, ok := obj.(T); ok {
			tell(object, gone)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { pass(obj, false) },
		UpdateFunc: func(old, now any) { pass(old, false); pass(now, false) },
		DeleteFunc: func(obj any) { pass(obj, true) },
	}
}

// Start begins to fill the caches and returns at once. A standby starts too, so that its caches are
// warm when it takes over.
func (c *Controller) Start(ctx context.Context) {
	// Informers end with their context, which is then no sign of trouble.
	context.AfterFunc(ctx, func() { c.stopping.Store(true) })
	for _, caches := range c.caches {
		caches.start(ctx)
	}
}

// Run works until ctx is done, on the Performers of each namespace as soon as its caches are filled.
// It returns when the last worker has finished what it had in hand; that work goes on under its own time limit, not under ctx, so that
// a stop leaves nothing half done. It can be called once.
func (c *Controller) Run(ctx context.Context) {
	defer utilruntime.HandleCrashWithContext(ctx)
	logger := klog.FromContext(ctx)
	logger.Info("Starting workers", "workers", c.workers)
	c.working.Store(true)
	defer c.working.Store(false)
	var workers sync.WaitGroup
	for namespace, caches := range c.caches {
		workers.Go(func() { c.admit(ctx, namespace, caches) })
	}
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
	if caches := c.cachesFor(name.Namespace); caches != nil && !caches.synced() {
		// What is not seen yet would look like missing. It comes again when all is seen.
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handInLimit)
	defer cancel()
	ctx = klog.NewContext(ctx, klog.LoggerWithValues(klog.FromContext(ctx), "performer", klog.KRef(name.Namespace, name.Name)))

	out := c.observedSync(ctx, name)
	switch out.result {
	case resultError:
		klog.FromContext(ctx).Error(out.err, "Sync failed, trying again")
		c.again(name)
	case resultConflict, resultPanic:
		c.again(name)
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

// observedSync is a sync of which the hooks and the health check know, and whose panic is an error
// like others: of one Performer, and not of the process.
func (c *Controller) observedSync(ctx context.Context, name cache.ObjectName) (out outcome) {
	begin := c.now()
	c.underWay.begin(name, begin)
	c.hooks.syncBegan()
	defer func() {
		if cause := recover(); cause != nil {
			out = outcome{result: resultPanic, err: fmt.Errorf("panic: %v", cause)}
			klog.FromContext(ctx).Error(out.err, "Sync panicked, trying again", "stack", string(debug.Stack()))
		}
		c.underWay.end(name)
		c.hooks.syncEnded(out.result, c.now().Sub(begin).Seconds(), out.err)
	}()
	return c.sync(ctx, name)
}

// again has a Performer looked at after a delay that grows from try to try.
func (c *Controller) again(name cache.ObjectName) {
	delay := c.backoff.When(name)
	c.hooks.backedOff(delay)
	c.queue.AddAfter(name, delay)
}
