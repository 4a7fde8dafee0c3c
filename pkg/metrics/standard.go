// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/component-base/metrics/legacyregistry"

	// Hooks its families into client-go when it is imported: workqueue, REST client, leader election
	// and informers.
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
)

// Standard gathers the families that client-go and the Go runtime fill in: workqueue, REST client,
// leader election, informer queues, Go, process. component-base registers the last two as well, so
// nothing else may, or a scrape would name them twice.
func Standard() prometheus.Gatherer {
	return legacyregistry.DefaultGatherer
}
