// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Apply creates or updates the objects of a manifest.
func Apply(ctx context.Context, c *state.Cluster, manifest string) error {
	return Kubectl(ctx, c, manifest, "apply", "--server-side", "--field-manager=localcluster", "-f", "-")
}

// Kubectl runs kubectl as the cluster's admin.
func Kubectl(ctx context.Context, c *state.Cluster, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, c.Program(build.ControlPlane.Name, "kubectl"), append([]string{"--kubeconfig=" + c.Kubeconfig()}, args...)...)
	// The address of the API server is local, so a configured proxy can't reach it.
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
