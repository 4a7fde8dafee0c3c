// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/component-base/metrics/legacyregistry"

	// Registers its families with client-go when it is imported: workqueue, REST client, leader
	// election and informers.
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
)

// Standard returns the families of client-go and the Go runtime: workqueue, REST client, leader
// election, informer queues, Go, process. component-base registers the last two, so no other
// registry may: a scrape must not have a family twice.
func Standard() prometheus.Gatherer {
	return legacyregistry.DefaultGatherer
}
