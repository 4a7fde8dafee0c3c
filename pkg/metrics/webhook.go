// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Webhook has the families of the admission webhooks. They exist only if webhooks are enabled.
type Webhook struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// Webhook adds the families of the admission webhooks. certificateTimes returns when the validity
// of the server's certificate begins and ends, and zero times while there is none.
func (m *Metrics) Webhook(operations, results []string, certificateTimes func() (begins, ends time.Time)) *Webhook {
	const subsystem = "webhook"
	w := &Webhook{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "requests_total",
			Help: "Admission requests, by webhook and by result. The result error is a request that was not a valid admission review.",
		}, []string{"operation", "result"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "request_duration_seconds",
			Help:    "Duration of an admission request in seconds, by webhook. The API server waits for 5 seconds.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"operation"}),
	}
	for _, operation := range operations {
		w.durations.WithLabelValues(operation)
		for _, result := range results {
			w.requests.WithLabelValues(operation, result)
		}
	}
	certificate := func(name, help string, get func() time.Time) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: name, Help: help,
		}, func() float64 {
			if at := get(); !at.IsZero() {
				return float64(at.Unix())
			}
			return 0
		})
	}
	m.registry.MustRegister(w.requests, w.durations,
		certificate("certificate_not_before_timestamp_seconds",
			"Start of validity of the certificate of the webhook server, in seconds since 1970; 0 while there is none.",
			func() time.Time { begins, _ := certificateTimes(); return begins }),
		certificate("certificate_expiry_timestamp_seconds",
			"Expiry of the certificate of the webhook server, in seconds since 1970; 0 while there is none.",
			func() time.Time { _, ends := certificateTimes(); return ends }))
	return w
}

// Served counts one admission request.
func (w *Webhook) Served(operation, result string, seconds float64) {
	w.requests.WithLabelValues(operation, result).Inc()
	w.durations.WithLabelValues(operation).Observe(seconds)
}
