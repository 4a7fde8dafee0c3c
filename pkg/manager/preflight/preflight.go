// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// Waiting begins with the first of these times between two looks and doubles it up to the second,
// which is also how long it may take to notice that what was missing is there.
const (
	minPreflightDelay = time.Second
	maxPreflightDelay = 10 * time.Second
)

// Preflight finds out whether the cluster has all that the controller needs before anything else is
// asked of it, so that what is missing is told once and in words, and not by each client in turn.
type Preflight struct {
	host       string
	source     string // where the configuration is from, in words
	client     kubernetes.Interface
	namespaces []string             // empty means all
	lease      types.NamespacedName // empty without leader election
	others     []wish               // beside those for Performers and for the lease

	sleep func(context.Context, time.Duration) error

	connected bool // told that the server answers

	state atomic.Pointer[obstacle] // what we wait for; nil before the first look and when all is well
	done  atomic.Bool
}

// Config says which cluster is checked, and for what.
type Config struct {
	Host string
	// Source says in words where the configuration is from.
	Source string
	Client kubernetes.Interface
	// Namespaces are those to watch; none means all.
	Namespaces []string
	// Lease is that of leader election; empty without.
	Lease types.NamespacedName
	// SecureMetrics is set if the manager reviews those who ask for metrics.
	SecureMetrics bool
	// Webhooks is set if the manager issues the certificates of its webhooks.
	Webhooks *Webhooks
}

// Webhooks names the objects in which the manager keeps the certificates of its webhooks.
type Webhooks struct {
	Namespace, CASecret, Configuration string
}

// New returns the checks for a manager.
func New(c Config) *Preflight {
	p := &Preflight{host: c.Host, source: c.Source, client: c.Client, namespaces: c.Namespaces, lease: c.Lease, sleep: sleep}
	if c.SecureMetrics {
		p.others = append(p.others, metricsNeeds...)
	}
	if c.Webhooks != nil {
		p.others = append(p.others, webhookNeeds(*c.Webhooks)...)
	}
	return p
}

// obstacle is why the manager cannot work now.
type obstacle struct {
	// kind tells obstacles apart: a text that changes while the kind does not is no news.
	kind    string
	message string // what is wrong and what to do, in one line
	// hopeless says that looking again cannot help without a change to this process.
	hopeless bool
}

// Error implements error.
func (o *obstacle) Error() string { return o.message }

// Check is the readiness check of the cluster: an error until the manager may begin.
func (p *Preflight) Check() error {
	if p.done.Load() {
		return nil
	}
	if o := p.state.Load(); o != nil {
		return o
	}
	return errors.New("not checked yet")
}

// Wait returns when the controller can begin. It waits as long as waiting can help, says once what
// it waits for and once when that is over, and returns an error when waiting cannot help, or that
// of ctx when it ends.
func (p *Preflight) Wait(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	told := ""
	for delay := minPreflightDelay; ; delay = min(2*delay, maxPreflightDelay) {
		found := p.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if found == nil {
			if told != "" {
				logger.Info("The cluster has all that was missing, going on")
			}
			p.done.Store(true)
			return nil
		}
		if found.hopeless {
			return found
		}
		p.state.Store(found)
		if found.kind != told {
			logger.Error(nil, "Waiting: "+found.message)
			told, delay = found.kind, minPreflightDelay
		}
		if err := p.sleep(ctx, delay); err != nil {
			return context.Cause(ctx)
		}
	}
}

// look checks once, in the order in which one thing needs another.
func (p *Preflight) look(ctx context.Context) *obstacle {
	for _, step := range []func(context.Context) *obstacle{p.lookForServer, p.lookForCRD, p.lookAtPermissions} {
		if found := step(ctx); found != nil {
			return found
		}
	}
	return nil
}

// sleep waits for d or until ctx ends, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
