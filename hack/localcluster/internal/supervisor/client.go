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

// ask sends a request that needs no more than a component's name.
func Ask(ctx context.Context, c *state.Cluster, do, component string) (Reply, error) {
	return Send(ctx, c, Request{Do: do, Component: component})
}

// send sends the supervisor of a cluster one request.
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
		return r, fmt.Errorf("reaching the supervisor of cluster %q: %w", c.Name, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(stopPatience + 5*time.Second))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return r, err
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return r, fmt.Errorf("the supervisor of cluster %q gave no answer: %w", c.Name, err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

func StartComponents(ctx context.Context, c *state.Cluster, components ...string) error {
	for _, name := range components {
		if _, err := Ask(ctx, c, "start", name); err != nil {
			return err
		}
	}
	return nil
}
