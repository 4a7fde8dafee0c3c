// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds what the operator exports about itself to Prometheus.
//
// The families that every Kubernetes component has (workqueue, REST client, leader election, Go,
// process) come from component-base under their usual names; this package adds those of our own,
// named hourglass_*, and serves all of them together.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "hourglass"

// Results are the values of the label result: how a pass over one Performer ended.
var Results = []string{"success", "requeue", "error", "conflict", "skipped"}

// Metrics are the operator's own metric families, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry

	reconciles *prometheus.CounterVec
	durations  *prometheus.HistogramVec
}

// New returns a set of metrics in which every known result starts at zero, so that a rate over it
// is defined from the first scrape on.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		reconciles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace,
			Name:      "reconcile_total",
			Help:      "Passes over a Performer, by how they ended.",
		}, []string{"result"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace,
			Name:      "reconcile_duration_seconds",
			Help:      "Duration of a pass over a Performer in seconds, API calls included, by how it ended.",
			// A pass without a write takes microseconds, one with some writes tens of
			// milliseconds, one against a struggling API server seconds.
			Buckets: []float64{.0001, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.reconciles, m.durations)
	for _, result := range Results {
		m.reconciles.WithLabelValues(result)
	}
	return m
}

// Observe counts one pass over a Performer that ended with result after the given seconds.
// It may be called from several goroutines.
func (m *Metrics) Observe(result string, seconds float64) {
	m.reconciles.WithLabelValues(result).Inc()
	m.durations.WithLabelValues(result).Observe(seconds)
}

// SetBuildInfo exports hourglass_build_info: always 1, its labels tell which build runs.
func (m *Metrics) SetBuildInfo(version, commit, goVersion string) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace,
		Name:      "build_info",
		Help:      "Always 1; the labels tell which build of the operator runs.",
	}, []string{"version", "commit", "goversion"})
	info.WithLabelValues(version, commit, goVersion).Set(1)
	m.registry.MustRegister(info)
}

// Handler serves these metrics together with those of the other gatherers.
func (m *Metrics) Handler(others ...prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(append(prometheus.Gatherers{m.registry}, others...), promhttp.HandlerOpts{
		// A family that fails must not take the others away from whoever is looking for its cause.
		ErrorHandling: promhttp.ContinueOnError,
		// Scrapes come from a few servers; more at once than this is a mistake or an attack.
		MaxRequestsInFlight: 5,
		Timeout:             10 * time.Second,
	})
}
