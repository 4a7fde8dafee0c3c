// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package preflight checks, before the manager starts, what the cluster grants it: an API server
// that answers, the CRD, and the permissions in the namespaces to watch.
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

// The delay between two checks starts at minDelay and doubles up to maxDelay, which is therefore
// also the longest time before a fixed cluster is noticed.
const (
	minDelay = time.Second
	maxDelay = 10 * time.Second
)

// Config says which cluster is checked, and for what.
type Config struct {
	// Host is the address of the API server.
	Host string
	// Source describes where the client configuration comes from, for error messages.
	Source string
	Client kubernetes.Interface
	// Namespaces are the namespaces to watch. None means all.
	Namespaces []string
	// Lease is the Lease for leader election. It is empty without leader election.
	Lease types.NamespacedName
	// SecureMetrics says that the manager authenticates and authorizes the readers of its metrics.
	SecureMetrics bool
	// EvictionResponder says that the manager is a responder of Evictions. It is unset where the API server
	// does not serve them.
	EvictionResponder bool
	// Webhooks is set if the manager issues the certificates of its webhooks.
	Webhooks *Webhooks
}

// Webhooks names the objects to which the manager writes the CA of its webhooks.
type Webhooks struct {
	// Namespace is the namespace of the Secret CASecret.
	Namespace, CASecret string
	// Configuration is the name of both webhook configurations.
	Configuration string
}

// Preflight checks that the cluster has everything that the manager needs before any other request
// is made. A missing permission is then reported once and in words, and not by each client in turn.
type Preflight struct {
	Config

	sleep func(context.Context, time.Duration) error

	connected bool      // whether the connection was logged
	missing   []missing // what the last check of permissions found

	state atomic.Pointer[unmet] // nil before the first check and once everything is met
	done  atomic.Bool
}

// New returns the checks for a manager.
func New(c Config) *Preflight {
	return &Preflight{Config: c, sleep: sleep}
}

// unmet is a requirement that the cluster does not meet now.
type unmet struct {
	// kind identifies the requirement. A message that changes while the kind does not is not
	// logged.
	kind    string
	message string // what is wrong and how to fix it, in one line
	// fatal says that checking again can't help without a change to this process.
	fatal bool
}

// Error implements error.
func (u *unmet) Error() string { return u.message }

// Check is the readiness check of the cluster. It returns an error until the manager may start.
func (p *Preflight) Check() error {
	if p.done.Load() {
		return nil
	}
	if u := p.state.Load(); u != nil {
		return u
	}
	return errors.New("not checked yet")
}

// Wait returns nil once the controller can start. Until then it checks again and again, and logs
// each unmet requirement once. It returns an error if a requirement can never be met, and the cause
// of ctx when ctx ends.
func (p *Preflight) Wait(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	logged := ""
	for delay := minDelay; ; delay = min(2*delay, maxDelay) {
		found := p.check(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if found == nil {
			if logged != "" {
				logger.Info("The cluster has everything that was missing, starting")
			}
			p.done.Store(true)
			return nil
		}
		if found.fatal {
			return found
		}
		p.state.Store(found)
		if found.kind != logged {
			logger.Error(nil, "Waiting: "+found.message)
			logged, delay = found.kind, minDelay
		}
		if err := p.sleep(ctx, delay); err != nil {
			return context.Cause(ctx)
		}
	}
}

// check checks once. The order is that of dependence: without a server there is no CRD to find.
func (p *Preflight) check(ctx context.Context) *unmet {
	for _, step := range []func(context.Context) *unmet{p.checkServer, p.checkCRD, p.checkEvictions, p.checkPermissions} {
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
