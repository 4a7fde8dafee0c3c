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

// apply creates or updates the objects of a manifest.
func Apply(ctx context.Context, c *state.Cluster, manifest string) error {
	return Kubectl(ctx, c, manifest, "apply", "--server-side", "--field-manager=localcluster", "-f", "-")
}

// kubectl runs as the cluster's admin.
func Kubectl(ctx context.Context, c *state.Cluster, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, c.Program(build.ControlPlane.Name, "kubectl"), append([]string{"--kubeconfig=" + c.Kubeconfig()}, args...)...)
	// A proxy for the outside is none for an address of this machine's own.
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
