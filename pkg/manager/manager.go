// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"strings"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
)

// Run is the whole life of a manager. It returns nil after a clean stop, which the end of ctx asks
// for, and otherwise an error that says in one line what is wrong and what to do.
//
// After an error the caller must end the process without waiting: a manager that has lost its lease
// may still have a request under way.
func Run(ctx context.Context, o *Options) error {
	logger := klog.FromContext(ctx)
	build := CurrentBuild()
	logger.Info("Starting the Hourglass Operator", "version", build.Version, "commit", build.Commit, "built", build.Date, "go", build.GoVersion)
	logScope(logger, o)
	for _, text := range o.withoutEffect() {
		logger.Info("Ignoring an option: " + text)
	}

	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	logger.Info("Using the cluster", "server", config.Host, "from", source)
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}

	families := metrics.New(metrics.Words{
		SyncResults: controller.SyncResults, CreationReasons: controller.CreationReasons,
		DeletionReasons: controller.DeletionReasons, UpgradeResults: controller.UpgradeResults,
	})
	families.SetBuildInfo(build.Version, build.Commit, build.GoVersion)
	events := newEventStream(ctx, clients.events.CoreV1())
	work, err := controller.New(controller.Config{
		Kube:          clients.kube,
		Hourglass:     clients.hourglass,
		Recorder:      events.recorder,
		Namespaces:    o.Namespaces,
		ClusterDomain: o.ClusterDomain,
		TEEs:          o.TEEs,
		FirstRetry:    o.FirstRetry,
		LastRetry:     o.LastRetry,
		Workers:       o.Workers,
		Hooks: controller.Hooks{
			SyncBegan: families.SyncBegan, SyncEnded: families.SyncEnded, BackedOff: families.BackedOff,
			PodCreated: families.PodCreated, PodDeleted: families.PodDeleted, Upgraded: families.Upgraded,
		},
	})
	if err != nil {
		return err
	}
	families.WatchPerformers(work.Leads, work.Performers)

	checks := newPreflight(o, clients, source)
	p := &process{preflight: checks.wait, worker: work, elector: always{}, flush: events.flush, limits: defaultLimits}
	alive := []healthCheck{{"controller", work.Healthy}}
	if o.LeaderElection.Enabled {
		election, err := newLeaseElector(clients.election, clients.standby, o.LeaderElection)
		if err != nil {
			return err
		}
		p.elector = election
		alive = append(alive, healthCheck{"leader-election", election.Check})
	}

	var admission *webhooks
	if o.EnableWebhooks {
		if admission, err = newWebhooks(ctx, o, clients, families, work.Settings()); err != nil {
			return err
		}
	}
	serve, err := endpointsFor(ctx, o, clients, families.Handler(metrics.Standard()))
	if err != nil {
		return err
	}
	serve.alive = alive
	serve.ready = []healthCheck{
		{"cluster", checks.Check},
		{"caches", func() error {
			if work.Synced() {
				return nil
			}
			return errors.New("not filled yet")
		}},
	}
	if admission != nil {
		serve.ready = append(serve.ready, healthCheck{"webhooks", admission.check})
		if admission.keeper != nil {
			p.worker = workers{work, admission.keeper}
		}
	}
	servers, err := serve.listen(ctx, o)
	if err != nil {
		return err
	}
	farewell := func() {}
	if admission != nil {
		s, err := admission.listen(ctx, o)
		if err != nil {
			stopAll(servers)
			return err
		}
		servers = append(servers, s)
		farewell = admission.farewell(ctx)
	}
	failed := make(chan error, len(servers))
	for _, s := range servers {
		defer s.stop()
		logger.Info("Serving "+s.name, "address", s.listener.Addr().String())
		go func() { failed <- s.serve() }()
	}
	p.failed = failed
	if err := p.run(ctx); err != nil {
		return err
	}
	farewell()
	return nil
}

// logScope says what we watch. It is worth a line of its own, since a chart of old set NAMESPACE
// to the operator's namespace, where nobody keeps Performers, and managers of old ignored it.
func logScope(logger klog.Logger, o *Options) {
	if len(o.Namespaces) == 0 {
		logger.Info("Watching Performers in ALL namespaces")
		return
	}
	logger.Info("Watching Performers ONLY in the namespaces of --namespaces or NAMESPACE; those elsewhere are left alone", "namespaces", strings.Join(o.Namespaces, ","))
}
