// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/preflight"
)

// Check is what --check does in place of Run: it asks the cluster whether a manager with these options has all that it
// needs there, and with leader election whether one leads. It changes nothing, and never becomes a leader. It returns nil
// if so, and otherwise an error that says in one line what is wrong and what to do.
func Check(ctx context.Context, o *options.Options) error {
	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}
	p := preflight.New(preflightConfig(o, clients, source))
	if err := p.CheckAll(ctx); err != nil {
		return err
	}
	if o.LeaderElection.Enabled {
		// A leader that has just ended has a successor by then.
		if err := p.AwaitLeader(ctx, 2*o.LeaderElection.LeaseDuration, o.LeaderElection.RetryPeriod); err != nil {
			return err
		}
	}
	klog.FromContext(ctx).Info("The cluster has all that a manager with these options needs")
	return nil
}

// preflightConfig says what a manager with these options needs. The source says where the
// configuration of the cluster is from.
func preflightConfig(o *options.Options, c *clients, source string) preflight.Config {
	config := preflight.Config{Host: c.host, Source: source, Client: c.checks, Namespaces: o.Namespaces, SecureMetrics: o.MetricsSecure}
	if o.LeaderElection.Enabled {
		config.Lease = o.LeaderElection.Lease()
	}
	if o.EnableWebhooks && o.CertDir == "" {
		config.Webhooks = &preflight.Webhooks{
			Namespace: o.LeaderElection.OwnNamespace(), CASecret: o.WebhookCASecret, Configuration: o.WebhookConfiguration,
		}
	}
	return config
}
