// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds what the operator exports about itself to Prometheus.
//
// The families that every Kubernetes component has (workqueue, REST client, leader election, Go,
// process) come from component-base under their usual names; this package adds those of our own,
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

// Words are the values that labels can have, so that each series begins at zero and a rate over it
// is defined from the first scrape on.
type Words struct {
	SyncResults, CreationReasons, DeletionReasons, UpgradeResults []string
}

// Metrics are the operator's own metric families, in a registry of their own. Its methods may be
// called from several goroutines.
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
}

// New returns a set of metrics that knows the given words.
func New(words Words) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		reconciles: counter("reconcile_total", "Reconciliations of a Performer, by result.", "result"),
		errors:     counter("reconcile_errors_total", "Reconciliations of a Performer that failed, by the reason that the API server gave.", "reason"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace,
			Name:      "reconcile_duration_seconds",
			Help:      "Duration of a reconciliation of a Performer in seconds, API calls included, by result.",
			// A reconciliation without a write takes microseconds, one with some writes tens of
			// milliseconds, one against a struggling API server seconds.
			Buckets: []float64{.0001, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"result"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "active_workers", Help: "Workers that are reconciling a Performer now.",
		}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "stale_skips_total", Help: "Reconciliations put off because the cache did not show the operator's own last write yet.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "reconcile_panics_total", Help: "Reconciliations of a Performer that ended in a panic: each is a bug in the operator.",
		}),
		backoff: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "reconcile_backoff_seconds",
			Help:    "Delay in seconds before a failed reconciliation is retried. It doubles with each failure of the same Performer.",
			Buckets: prometheus.ExponentialBuckets(.1, 4, 7),
		}),
		podsCreated: counter("pods_created_total", "Pods created, by the reason for it.", "reason"),
		podsDeleted: counter("pods_deleted_total", "Pods deleted, by the reason for it.", "reason"),
		upgrades:    counter("upgrades_total", "Upgrades that ended, by result.", "result"),
		upgradeTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "upgrade_duration_seconds",
			Help:    "Time in seconds from the creation of the first pod of a new revision to the end of the upgrade, by result.",
			Buckets: []float64{1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800},
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.reconciles, m.errors, m.durations, m.active, m.stale, m.panics, m.backoff,
		m.podsCreated, m.podsDeleted, m.upgrades, m.upgradeTime)
	for _, known := range []struct {
		counter *prometheus.CounterVec
		words   []string
	}{
		{m.reconciles, words.SyncResults}, {m.podsCreated, words.CreationReasons},
		{m.podsDeleted, words.DeletionReasons}, {m.upgrades, words.UpgradeResults},
	} {
		for _, word := range known.words {
			known.counter.WithLabelValues(word)
		}
	}
	for reason := range reasons {
		m.errors.WithLabelValues(string(reason))
	}
	m.errors.WithLabelValues(otherReason)
	for _, result := range words.SyncResults {
		m.durations.WithLabelValues(result)
	}
	for _, result := range words.UpgradeResults {
		m.upgradeTime.WithLabelValues(result)
	}
	return m
}

// SyncBegan counts a reconciliation of a Performer as under way.
func (m *Metrics) SyncBegan() { m.active.Inc() }

// SyncEnded counts one reconciliation of a Performer that ended with result after the given seconds.
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

// errorReason is one of the reasons that an API server gives, or of the few that it can't.
func errorReason(err error) string {
	if reason := apierrors.ReasonForError(err); reasons[reason] {
		return string(reason)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return string(metav1.StatusReasonTimeout)
	}
	return otherReason
}

// otherReason stands for all that has none of reasons.
const otherReason = "Other"

// reasons are those that errorReason passes on: what is in an answer is not ours to choose.
var reasons = map[metav1.StatusReason]bool{
	metav1.StatusReasonUnauthorized: true, metav1.StatusReasonForbidden: true, metav1.StatusReasonNotFound: true,
	metav1.StatusReasonAlreadyExists: true, metav1.StatusReasonConflict: true, metav1.StatusReasonInvalid: true,
	metav1.StatusReasonServerTimeout: true, metav1.StatusReasonTimeout: true, metav1.StatusReasonTooManyRequests: true,
	metav1.StatusReasonBadRequest: true, metav1.StatusReasonInternalError: true, metav1.StatusReasonServiceUnavailable: true,
}

// BackedOff notes a delay before another try.
func (m *Metrics) BackedOff(seconds float64) { m.backoff.Observe(seconds) }

// PodCreated counts a pod that was created.
func (m *Metrics) PodCreated(reason string) { m.podsCreated.WithLabelValues(reason).Inc() }

// PodDeleted counts a pod that was deleted.
func (m *Metrics) PodDeleted(reason string) { m.podsDeleted.WithLabelValues(reason).Inc() }

// Upgraded counts an upgrade that ended, the given seconds after it began.
func (m *Metrics) Upgraded(result string, seconds float64) {
	m.upgrades.WithLabelValues(result).Inc()
	m.upgradeTime.WithLabelValues(result).Observe(seconds)
}

// WatchPerformers exports the state of the Performers that list returns at each scrape. None are
// exported while leads says no, so that each comes from one manager only.
func (m *Metrics) WatchPerformers(leads func() bool, list func() []*v1alpha1.Performer) {
	m.registry.MustRegister(&performers{leads: leads, list: list, limit: maxPerformers, now: time.Now})
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
