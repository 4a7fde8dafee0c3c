// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/election"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/preflight"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/serving"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
)

// Run runs a manager until ctx ends. It returns nil after a clean stop, and otherwise an error that
// says in one line what is wrong and how to fix it.
//
// After an error the caller must end the process without waiting: a manager that has lost its lease
// may still have a request in flight.
func Run(ctx context.Context, o *options.Options) error {
	logger := klog.FromContext(ctx)
	build := CurrentBuild()
	logger.Info("Starting the Hourglass Operator", "version", build.Version, "commit", build.Commit, "built", build.Date, "go", build.GoVersion)
	limitMemory(ctx)
	logWatchScope(logger, o)
	for _, text := range o.Ignored() {
		logger.Info("Ignoring an option: " + text)
	}

	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	logger.Info("Loaded the cluster configuration", "server", config.Host, "from", source)
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}

	families := metrics.New(metrics.LabelValues{
		SyncResults: controller.SyncResults, CreationReasons: controller.CreationReasons,
		DeletionReasons: controller.DeletionReasons, UpgradeResults: controller.UpgradeResults,
		DisruptionKinds: controller.DisruptionKinds, DisruptionOutcomes: controller.DisruptionOutcomes,
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
		DrainTaints:   o.DrainTaints,
		MaxFailovers:  &o.MaxFailovers,
		FirstRetry:    o.FirstRetry,
		LastRetry:     o.LastRetry,
		Workers:       o.Workers,
		Hooks: controller.Hooks{
			SyncBegan: families.SyncBegan, SyncEnded: families.SyncEnded, BackedOff: families.BackedOff,
			PodCreated: families.PodCreated, PodDeleted: families.PodDeleted, Upgraded: families.Upgraded,
			Disrupted: families.Disrupted,
		},
	})
	if err != nil {
		return err
	}
	families.WatchPerformers(work.Leads, work.Performers)

	checks := preflight.New(preflightConfig(o, clients, source))
	awaitCluster := func(waitCtx context.Context) error {
		err := checks.Wait(waitCtx)
		if err == nil {
			work.Allow(controller.Access{Nodes: checks.Nodes(), Budgets: checks.Budgets(), Evictions: checks.Evictions()})
			go logOutOfScope(ctx, clients.hourglass, o.Namespaces)
		}
		return err
	}
	p := &process{preflight: awaitCluster, worker: work, elector: election.Always{}, flush: events.flush, limits: defaultLimits}
	health := newHealth(o.HealthProbeBindAddress, work, checks.Check)
	if o.LeaderElection.Enabled {
		elector, err := newElector(clients, &o.LeaderElection)
		if err != nil {
			return err
		}
		p.elector = elector
		health.addElection(elector)
	}
	var admission *webhooks
	if o.EnableWebhooks {
		admission, err = newWebhooks(ctx, o, webhookConfig{client: clients.webhooks, metrics: families, settings: work.Settings()})
		if err != nil {
			return err
		}
		health.addWebhooks(admission)
		if admission.issuer != nil {
			p.worker = workers{work, admission.issuer}
		}
	}

	servers, err := serving.ListenAll(ctx, serving.Config{Health: health.config, Metrics: serving.MetricsConfig{
		Address: o.MetricsBindAddress, Handler: families.Handler(metrics.Standard()), Reviews: clients.reviews,
		Secure: o.MetricsSecure, CertDir: o.MetricsCertDir, Profiles: o.EnablePprof, HTTP2: o.EnableHTTP2,
	}})
	if err != nil {
		return err
	}
	return p.serveAndRun(ctx, o, servers, admission)
}

// serveAndRun starts the servers, with that of the webhooks if there are any, and runs the process
// until it stops. It stops the servers last.
func (p *process) serveAndRun(ctx context.Context, o *options.Options, servers []*serving.Server, admission *webhooks) error {
	awaitDrain := func() {}
	if admission != nil {
		s, err := admission.listen(ctx, o)
		if err != nil {
			serving.StopAll(servers)
			return err
		}
		servers = append(servers, s)
		awaitDrain = admission.drain(ctx)
	}
	failed := make(chan error, len(servers))
	for _, s := range servers {
		defer s.Stop()
		klog.FromContext(ctx).Info("Serving "+s.Name, "address", s.Address())
		go func() { failed <- s.Serve() }()
	}
	p.failed = failed
	if err := p.run(ctx); err != nil {
		return err
	}
	awaitDrain()
	return nil
}

func newElector(c *clients, o *options.LeaderElection) (*election.LeaseElector, error) {
	return election.New(c.election, c.standby, election.Config{
		Lease: o.Lease(), LeaseDuration: o.LeaseDuration, RenewDeadline: o.RenewDeadline, RetryPeriod: o.RetryPeriod,
	})
}

// logWatchScope logs which namespaces are watched. Early charts set NAMESPACE to the operator's own
// namespace, which has no Performers, and early managers ignored the variable; so the log must show
// that it has an effect now.
func logWatchScope(logger klog.Logger, o *options.Options) {
	if len(o.Namespaces) == 0 {
		logger.Info("Watching Performers in ALL namespaces")
		return
	}
	logger.Info("Watching Performers ONLY in the namespaces of --namespaces or NAMESPACE; Performers elsewhere are ignored", "namespaces", strings.Join(o.Namespaces, ","))
}
