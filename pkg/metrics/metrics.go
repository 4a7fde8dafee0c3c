// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics has the Prometheus metrics of the operator.
//
// The families of every Kubernetes component (workqueue, REST client, leader election, Go, process)
// come from component-base under their usual names. This package adds the operator's own families,
// named hourglass_*, and serves all of them together.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const namespace = "hourglass"

// LabelValues are the possible values of the labels. Each series starts at zero, so that a rate
// over it is defined from the first scrape on.
type LabelValues struct {
	SyncResults, CreationReasons, DeletionReasons, UpgradeResults []string

	DisruptionKinds, DisruptionOutcomes []string
}

// Metrics has the operator's own metric families, in a registry of its own. Its methods are safe
// for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	reconciles  *prometheus.CounterVec
	errors      *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	active      prometheus.Gauge
	stale       prometheus.Counter
	panics      prometheus.Counter
	backoff     prometheus.Histogram
	podsCreated *prometheus.CounterVec
	podsDeleted *prometheus.CounterVec
	upgrades    *prometheus.CounterVec
	upgradeTime *prometheus.HistogramVec
	disruptions *prometheus.CounterVec
	gaps        prometheus.Histogram
}

// New returns the metrics with a series for each of the label values.
func New(values LabelValues) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		reconciles: counter("reconcile_total", "Reconciliations of a Performer, by result.", "result"),
		errors:     counter("reconcile_errors_total", "Reconciliations of a Performer that failed, by the reason in the API server's response.", "reason"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace,
			Name:      "reconcile_duration_seconds",
			Help:      "Duration of a reconciliation of a Performer in seconds, API calls included, by result.",
			// A reconciliation without a write takes microseconds, one with some writes tens of
			// milliseconds, and one with an overloaded API server seconds.
			Buckets: []float64{.0001, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"result"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "active_workers", Help: "Workers that are reconciling a Performer now.",
		}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "stale_skips_total", Help: "Reconciliations postponed because the cache did not have the operator's own last write yet.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "reconcile_panics_total", Help: "Reconciliations of a Performer that panicked. Each is a bug in the operator.",
		}),
		backoff: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "reconcile_backoff_seconds",
			Help:    "Delay in seconds before a failed reconciliation is retried. It doubles with each failure of the same Performer.",
			Buckets: prometheus.ExponentialBuckets(.1, 4, 7),
		}),
		podsCreated: counter("pods_created_total", "Pods created, by reason.", "reason"),
		podsDeleted: counter("pods_deleted_total", "Pods deleted, by reason.", "reason"),
		upgrades:    counter("upgrades_total", "Upgrades that ended, by result.", "result"),
		upgradeTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "upgrade_duration_seconds",
			Help:    "Time in seconds from the creation of the first pod of a new revision to the end of the upgrade, by result.",
			Buckets: []float64{1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800},
		}, []string{"result"}),
	}
	m.disruptions = counter("performer_disruptions_total", "Serving pods that were taken away by somebody other than the operator, by what took them and what that cost callers.", "kind", "outcome")
	m.gaps = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "performer_disruption_gap_seconds",
		Help: "Time in seconds from the last ready endpoint of a Performer to the next, for each disruption; 0 if one was ready throughout.",
		// The first bucket has the disruptions that no caller noticed.
		Buckets: []float64{0, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600},
	})
	m.registry.MustRegister(m.reconciles, m.errors, m.durations, m.active, m.stale, m.panics, m.backoff,
		m.podsCreated, m.podsDeleted, m.upgrades, m.upgradeTime, m.disruptions, m.gaps)
	for _, kind := range values.DisruptionKinds {
		for _, outcome := range values.DisruptionOutcomes {
			m.disruptions.WithLabelValues(kind, outcome)
		}
	}
	for _, c := range []struct {
		counter *prometheus.CounterVec
		values  []string
	}{
		{m.reconciles, values.SyncResults}, {m.podsCreated, values.CreationReasons},
		{m.podsDeleted, values.DeletionReasons}, {m.upgrades, values.UpgradeResults},
	} {
		for _, value := range c.values {
			c.counter.WithLabelValues(value)
		}
	}
	for reason := range reasons {
		m.errors.WithLabelValues(string(reason))
	}
	m.errors.WithLabelValues(otherReason)
	for _, result := range values.SyncResults {
		m.durations.WithLabelValues(result)
	}
	for _, result := range values.UpgradeResults {
		m.upgradeTime.WithLabelValues(result)
	}
	return m
}

// SyncBegan counts a reconciliation of a Performer that is in progress.
func (m *Metrics) SyncBegan() { m.active.Inc() }

// SyncEnded counts a reconciliation of a Performer that took the given seconds.
func (m *Metrics) SyncEnded(result string, seconds float64, err error) {
	m.active.Dec()
	m.reconciles.WithLabelValues(result).Inc()
	m.durations.WithLabelValues(result).Observe(seconds)
	switch result {
	case "skipped":
		m.stale.Inc()
	case "panic":
		m.panics.Inc()
	case "error":
		m.errors.WithLabelValues(errorReason(err)).Inc()
	}
}

// errorReason returns the reason for an error as a label value.
func errorReason(err error) string {
	if reason := apierrors.ReasonForError(err); reasons[reason] {
		return string(reason)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return string(metav1.StatusReasonTimeout)
	}
	return otherReason
}

// otherReason counts the errors without one of the known reasons.
const otherReason = "Other"

// reasons are the reasons that become label values. The API server chooses the reason in a
// response, so others must not create new series.
var reasons = map[metav1.StatusReason]bool{
	metav1.StatusReasonUnauthorized: true, metav1.StatusReasonForbidden: true, metav1.StatusReasonNotFound: true,
	metav1.StatusReasonAlreadyExists: true, metav1.StatusReasonConflict: true, metav1.StatusReasonInvalid: true,
	metav1.StatusReasonServerTimeout: true, metav1.StatusReasonTimeout: true, metav1.StatusReasonTooManyRequests: true,
	metav1.StatusReasonBadRequest: true, metav1.StatusReasonInternalError: true, metav1.StatusReasonServiceUnavailable: true,
}

// BackedOff observes the delay before a retry.
func (m *Metrics) BackedOff(seconds float64) { m.backoff.Observe(seconds) }

// PodCreated counts a pod that was created.
func (m *Metrics) PodCreated(reason string) { m.podsCreated.WithLabelValues(reason).Inc() }

// PodDeleted counts a pod that was deleted.
func (m *Metrics) PodDeleted(reason string) { m.podsDeleted.WithLabelValues(reason).Inc() }

// Upgraded counts an upgrade that ended after the given seconds.
func (m *Metrics) Upgraded(result string, seconds float64) {
	m.upgrades.WithLabelValues(result).Inc()
	m.upgradeTime.WithLabelValues(result).Observe(seconds)
}

// Disrupted counts a disruption that ended, during which no pod was ready for the given seconds.
func (m *Metrics) Disrupted(kind, outcome string, gapSeconds float64) {
	m.disruptions.WithLabelValues(kind, outcome).Inc()
	m.gaps.Observe(gapSeconds)
}

// WatchPerformers exports the state of the Performers that list returns at each scrape. None is
// exported while leads returns false, so that each comes from one manager only.
func (m *Metrics) WatchPerformers(leads func() bool, list func() []*v1alpha1.Performer) {
	m.registry.MustRegister(&performers{leads: leads, list: list, limit: maxPerformers, now: time.Now})
}

// SetBuildInfo exports hourglass_build_info, which is always 1 and has the build in its labels.
func (m *Metrics) SetBuildInfo(version, commit, goVersion string) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace,
		Name:      "build_info",
		Help:      "Always 1. The labels describe the build of the operator.",
	}, []string{"version", "commit", "goversion"})
	info.WithLabelValues(version, commit, goVersion).Set(1)
	m.registry.MustRegister(info)
}

// Handler serves these metrics together with those of the other gatherers.
func (m *Metrics) Handler(others ...prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(append(prometheus.Gatherers{m.registry}, others...), promhttp.HandlerOpts{
		// The other families may show why one of them fails.
		ErrorHandling: promhttp.ContinueOnError,
		// Scrapes come from a few servers. More in parallel is a mistake or an attack.
		MaxRequestsInFlight: 5,
		Timeout:             10 * time.Second,
	})
}
