// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
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
	// Recorder records events about Performers.
	Recorder record.EventRecorder
	// Namespaces is the watch scope; empty means all.
	Namespaces []string
	// ClusterDomain is the DNS domain of the cluster; empty means cluster.local.
	ClusterDomain string
	// TEEs are the trusted execution environments that a Performer can require; nil means
	// render.DefaultTEEs.
	TEEs map[string]render.TEE
	// DrainTaints are the keys of the taints that a node gets before it is drained; nil means
	// DefaultDrainTaints.
	DrainTaints []string
	// MaxFailovers is how many Performers may move away from lost nodes at the same time: a number, or a
	// percentage of all serving pods, which never means fewer than LeastFailovers; nil means
	// DefaultMaxFailovers.
	MaxFailovers *intstr.IntOrString
	// Workers is how many Performers are synced at a time; at least 1.
	Workers int
	// FirstRetry and LastRetry bound the delay of the retry after an error. It doubles with each further
	// error, for each Performer separately. 0 means the default.
	FirstRetry, LastRetry time.Duration
	// Hooks are called for metrics.
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

	caches     map[string]*caches // by namespace; only metav1.NamespaceAll if the scope is all of them
	nodes      *nodes
	watchScope *watchScope
	queue      workqueue.TypedRateLimitingInterface[cache.ObjectName]
	backoff    workqueue.TypedRateLimiter[cache.ObjectName]

	pendingWrites   *pendingWrites
	messages        *conditionMessages
	attempts        *attempts
	failovers       *failovers
	disruptions     *disruptionLog
	unlabeled       *unlabeledPods
	slicesForbidden sync.Once // logs that reading endpoint slices is forbidden
	now             func() time.Time

	inFlight          inFlight
	working, stopping atomic.Bool
}

// New returns a Controller that has not started anything yet.
func New(cfg Config) (*Controller, error) {
	if cfg.Kube == nil || cfg.Hourglass == nil || cfg.Recorder == nil {
		return nil, errors.New("controller: Kube, Hourglass and Recorder must be set")
	}
	if cfg.Workers < 1 {
		return nil, fmt.Errorf("controller: invalid Workers %d: expected at least 1", cfg.Workers)
	}
	if cfg.ClusterDomain == "" {
		cfg.ClusterDomain = render.DefaultClusterDomain
	}
	if cfg.TEEs == nil {
		cfg.TEEs = render.DefaultTEEs()
	}
	if cfg.DrainTaints == nil {
		cfg.DrainTaints = DefaultDrainTaints()
	}
	namespaces := cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	// The default limiter of client-go has one token bucket for all Performers.
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
		workers:       cfg.Workers,
		hooks:         cfg.Hooks,
		caches:        map[string]*caches{},
		backoff:       backoff,
		queue:         newQueue(backoff),
		watchScope:    newWatchScope(cfg.Namespaces),
		nodes:         newNodes(cfg.Kube, cfg.DrainTaints),
		pendingWrites: newPendingWrites(),
		messages:      newConditionMessages(),
		attempts:      newAttempts(),
		disruptions:   newDisruptionLog(),
		unlabeled:     newUnlabeledPods(),
		inFlight:      inFlight{since: map[cache.ObjectName]time.Time{}},
		now:           time.Now,
	}
	c.failovers = newFailovers(ptr.Deref(cfg.MaxFailovers, DefaultMaxFailovers),
		clusterView{serving: c.countServing, mostLost: c.mostLost, begun: c.begunFailovers}, c.queue.Add)
	for _, namespace := range namespaces {
		caches, err := newCaches(cfg.Kube, cfg.Hourglass, namespace)
		if err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		if err := errors.Join(c.watch(namespace, caches), c.watchBudgets(namespace, caches), c.watchEvictions(namespace, caches)); err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		c.caches[namespace] = caches
	}
	if err := c.watchNodes(); err != nil {
		return nil, fmt.Errorf("controller: %w", err)
	}
	return c, nil
}

// Settings returns the settings that are the same for every Performer.
func (c *Controller) Settings() performer.Settings { return c.settings }

// Start starts the informers and returns at once. A standby calls it too, so that its caches are warm
// when it takes over.
func (c *Controller) Start(ctx context.Context) {
	// Informers end with their context, which is then no reason to report them as unhealthy.
	context.AfterFunc(ctx, func() { c.stopping.Store(true) })
	for _, caches := range c.caches {
		caches.start(ctx)
		for _, informer := range caches.optional() {
			informer.startIfAllowed(ctx)
		}
	}
	c.nodes.startIfAllowed(ctx)
}

// Run syncs Performers until ctx is done, those of each namespace as soon as its caches are filled. It
// returns when the last sync in flight has finished. These have a timeout of their own, not ctx, so that
// a stop leaves nothing half done. Run can be called once.
func (c *Controller) Run(ctx context.Context) {
	defer utilruntime.HandleCrashWithContext(ctx)
	logger := klog.FromContext(ctx)
	logger.Info("Starting workers", "workers", c.workers)
	c.working.Store(true)
	defer c.working.Store(false)
	var workers sync.WaitGroup
	for namespace, caches := range c.caches {
		workers.Go(func() { c.queueWhenSynced(ctx, namespace, caches) })
	}
	for range c.workers {
		workers.Go(func() {
			for c.processNext(ctx) {
			}
		})
	}
	<-ctx.Done()
	c.queue.ShutDown()
	workers.Wait()
	logger.Info("Workers stopped")
}

// Leads reports whether the workers run.
func (c *Controller) Leads() bool { return c.working.Load() }

// Performers returns all Performers in the caches. Callers must not modify them.
func (c *Controller) Performers() []*v1alpha1.Performer {
	var all []*v1alpha1.Performer
	for _, caches := range c.caches {
		for _, obj := range caches.performers.GetStore().List() {
			all = append(all, obj.(*v1alpha1.Performer))
		}
	}
	return all
}
