// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/election"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/serving"
)

// health assembles the checks of /healthz (liveness) and /readyz (readiness). Liveness fails only for
// what a restart can fix: an informer that ended, a sync that hangs, or a leader that still leads after
// its Lease expired. The manager is ready when the cluster has what it needs, its caches are filled and
// its webhooks can serve.
type health struct{ config serving.HealthConfig }

// newHealth returns the checks that every manager has. cluster is the result of the preflight.
func newHealth(address string, work *controller.Controller, cluster func() error) *health {
	synced := func() error {
		if work.Synced() {
			return nil
		}
		return errors.New("not synced yet")
	}
	return &health{serving.HealthConfig{
		Address: address,
		Alive:   []serving.HealthCheck{{Name: "controller", Check: work.Healthy}},
		Ready:   []serving.HealthCheck{{Name: "cluster", Check: cluster}, {Name: "caches", Check: synced}},
	}}
}

// addElection adds the check of a manager that elects a leader.
func (h *health) addElection(e *election.LeaseElector) {
	h.config.Alive = append(h.config.Alive, serving.HealthCheck{Name: "leader-election", Check: e.Check})
}

// addWebhooks adds the check of a manager that serves webhooks.
func (h *health) addWebhooks(w *webhooks) {
	h.config.Ready = append(h.config.Ready, serving.HealthCheck{Name: "webhooks", Check: w.check})
}
