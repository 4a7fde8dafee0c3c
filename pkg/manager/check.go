// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/preflight"
)

// Check is what --check runs instead of Run. It checks that the cluster has everything that a
// manager with these options needs and, with leader election, that a manager leads. It changes
// nothing and never becomes the leader. Its error says in one line what is wrong and how to fix it.
func Check(ctx context.Context, o *options.Options) error {
	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}
	checks := preflight.New(preflightConfig(o, clients, source))
	if err := checks.CheckAll(ctx); err != nil {
		return err
	}
	if o.LeaderElection.Enabled {
		// If the leader has just died, a standby takes over within this time.
		if err := checks.AwaitLeader(ctx, 2*o.LeaderElection.LeaseDuration, o.LeaderElection.RetryPeriod); err != nil {
			return err
		}
	}
	klog.FromContext(ctx).Info("The cluster has all that a manager with these options needs")
	return nil
}

// preflightConfig returns what the preflight checks for a manager with these options. source
// describes where the client configuration comes from.
func preflightConfig(o *options.Options, c *clients, source string) preflight.Config {
	config := preflight.Config{Host: c.host, Source: source, Client: c.checks, Namespaces: o.Namespaces, SecureMetrics: o.MetricsSecure, EvictionResponder: o.EvictionResponder}
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
