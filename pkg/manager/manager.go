// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"net/http"
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

	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	logger.Info("Using the cluster", "server", config.Host, "from", source)
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}

	families := metrics.New()
	families.SetBuildInfo(build.Version, build.Commit, build.GoVersion)
	events := newEventStream(ctx, clients.events.CoreV1())
	work, err := controller.New(controller.Config{
		Kube:          clients.kube,
		Hourglass:     clients.hourglass,
		Recorder:      events.recorder,
		Namespaces:    o.Namespaces,
		ClusterDomain: o.ClusterDomain,
		Workers:       o.Workers,
		Observe:       families.Observe,
	})
	if err != nil {
		return err
	}

	checks := &preflight{host: config.Host, source: source, client: clients.checks, namespaces: o.Namespaces, sleep: sleep}
	p := &process{preflight: checks.wait, worker: work, elector: always{}, flush: events.flush, limits: defaultLimits}
	if o.LeaderElection.Enabled {
		election, err := newLeaseElector(clients.election, o.LeaderElection)
		if err != nil {
			return err
		}
		checks.lease = election.lease
		p.elector = election
	}

	servers, err := listenAll(ctx, o, families.Handler(metrics.Standard()), checks.Check, work.Synced)
	if err != nil {
		return err
	}
	failed := make(chan error, len(servers))
	for _, s := range servers {
		defer s.stop()
		logger.Info("Serving "+s.name, "address", s.listener.Addr().String())
		go func() { failed <- s.serve() }()
	}
	p.failed = failed
	return p.run(ctx)
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

// listenAll takes the ports of the servers that are asked for.
func listenAll(ctx context.Context, o *Options, metricsHandler http.Handler, cluster func() error, synced func() bool) ([]*server, error) {
	metricsMux, healthMux := http.NewServeMux(), http.NewServeMux()
	metricsMux.Handle("/metrics", metricsHandler)
	// Without any check, /healthz tells that the process answers, which is what a restart can mend.
	healthMux.Handle("/healthz", healthHandler("healthz", healthCheck{"ping", func() error { return nil }}))
	healthMux.Handle("/readyz", healthHandler("readyz",
		healthCheck{"cluster", cluster},
		healthCheck{"caches", func() error {
			if synced() {
				return nil
			}
			return errors.New("not filled yet")
		}}))

	var servers []*server
	for _, s := range []struct {
		name, flag, address string
		handler             http.Handler
	}{
		{"metrics", "metrics-bind-address", o.MetricsBindAddress, metricsMux},
		{"health", "health-probe-bind-address", o.HealthProbeBindAddress, healthMux},
	} {
		if s.address == "0" {
			continue
		}
		server, err := listen(ctx, s.name, s.flag, s.address, s.handler)
		if err != nil {
			for _, other := range servers {
				other.stop()
			}
			return nil, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}
