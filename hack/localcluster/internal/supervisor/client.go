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
	"path/filepath"
	"strconv"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Ask sends a request without arguments. component is empty if the action is not about one.
func Ask(ctx context.Context, dir, action, component string) (Reply, error) {
	return Send(ctx, dir, Request{Action: action, Component: component})
}

// Send sends a request to the supervisor of the cluster, or of the node, with the state folder dir.
func Send(ctx context.Context, dir string, req Request) (Reply, error) {
	var r Reply
	folder, err := os.Open(dir)
	if err != nil {
		return r, err
	}
	defer folder.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", controlPath(folder))
	if err != nil {
		return r, fmt.Errorf("connecting to the supervisor of %s: %w", filepath.Base(dir), err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(stopGracePeriod + 5*time.Second))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return r, err
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return r, fmt.Errorf("reading the answer of the supervisor of %s: %w", filepath.Base(dir), err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// StartComponents starts components in the given order, without waiting until they are ready.
func StartComponents(ctx context.Context, dir string, components ...string) error {
	for _, name := range components {
		if _, err := Ask(ctx, dir, "start", name); err != nil {
			return err
		}
	}
	return nil
}

// ProcessFolder returns the folder in /proc of the process whose namespaces are those of a real
// node: the supervisor of the first node, process 1 of any other.
func ProcessFolder(ctx context.Context, c *state.Cluster, n state.Node) (string, error) {
	proc := filepath.Join("/proc", strconv.Itoa(c.Supervisor))
	if !n.Further() {
		return proc, nil
	}
	r, err := Ask(ctx, c.Dir, "status", "")
	if err != nil {
		return "", err
	}
	for _, s := range r.Components {
		if s.Name == n.Name && s.PID != 0 {
			// The process ID is one of the process namespace of which the supervisor has mounted
			// /proc.
			return filepath.Join(proc, "root/proc", strconv.Itoa(s.PID)), nil
		}
	}
	return "", fmt.Errorf("node %s is not running: `localcluster start-node --name %s %[1]s` starts it", n.Name, c.Name)
}
