// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Ask sends a request without arguments. component is empty if the action is not about one.
func Ask(ctx context.Context, c *state.Cluster, action, component string) (Reply, error) {
	return Send(ctx, c, Request{Action: action, Component: component})
}

// Send sends a request to the supervisor of a cluster.
func Send(ctx context.Context, c *state.Cluster, req Request) (Reply, error) {
	var r Reply
	dir, err := os.Open(c.Dir)
	if err != nil {
		return r, err
	}
	defer dir.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", controlPath(dir))
	if err != nil {
		return r, fmt.Errorf("connecting to the supervisor of cluster %q: %w", c.Name, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(stopGracePeriod + 5*time.Second))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return r, err
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return r, fmt.Errorf("reading the answer of the supervisor of cluster %q: %w", c.Name, err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// StartComponents starts components in the given order, without waiting until they are ready.
func StartComponents(ctx context.Context, c *state.Cluster, components ...string) error {
	for _, name := range components {
		if _, err := Ask(ctx, c, "start", name); err != nil {
			return err
		}
	}
	return nil
}
