// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kwok configures kwok, which simulates nodes and the pods on them.
package kwok

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/controlplane"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

//go:embed kwok.yaml
var stages []byte

//go:embed kwok-rbac.yaml
var rbac string

// The addresses of simulated nodes and pods are from the ranges for documentation and for benchmarks,
// which no real pod uses.
const (
	NodeIP  = "192.0.2.1"
	PodCIDR = "198.18.0.0/15"
)

// WriteFiles writes the files that kwok reads.
func WriteFiles(c *state.Cluster) error {
	if err := controlplane.WriteKubeconfig(c, c.Dir, "kwok"); err != nil {
		return err
	}
	return os.WriteFile(c.Path("kwok.yaml"), stages, 0o600)
}

// Daemon returns the daemon, which simulates only the nodes with kwok's annotation.
func Daemon(c *state.Cluster, l state.Layout) supervisor.Daemon {
	// A restarted kwok manages its nodes again once the leases of the previous process have expired.
	// Tests stop and start the kwok of a cluster with a real node, so its leases are short. In other
	// clusters there may be thousands of leases to renew.
	lease := 40
	if c.Nodes == state.NodesReal {
		lease = 10
	}
	return supervisor.Daemon{Name: build.Kwok.Name, Args: []string{
		l.Program(build.Kwok.Name, "kwok"),
		"--kubeconfig=" + l.File("kwok.kubeconfig"),
		"--config=" + l.File("kwok.yaml"),
		"--manage-all-nodes=false",
		"--manage-nodes-with-annotation-selector=" + annotation + "=" + annotationValue,
		"--node-ip=" + NodeIP,
		"--cidr=" + PodCIDR,
		fmt.Sprintf("--node-lease-duration-seconds=%d", lease),
		"--server-address=",
	}}
}

// Start creates the RBAC objects of kwok and starts it.
func Start(ctx context.Context, c *state.Cluster) error {
	if err := api.Apply(ctx, c, rbac); err != nil {
		return err
	}
	return supervisor.StartComponents(ctx, c.Dir, build.Kwok.Name)
}

// StartNodes starts kwok, creates n simulated nodes and waits until they are ready.
func StartNodes(ctx context.Context, c *state.Cluster, client *api.Client, n int) error {
	progress.Printf("Starting kwok with %d simulated node(s).", n)
	if err := Start(ctx, c); err != nil {
		return err
	}
	var all strings.Builder
	for i := range n {
		manifest, err := Node{Name: fakeNodeName(i)}.Manifest()
		if err != nil {
			return err
		}
		all.WriteString("---\n" + manifest)
	}
	if err := api.Apply(ctx, c, all.String()); err != nil {
		return err
	}
	for i := range n {
		if err := supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
			Name: "ready simulated nodes", Timeout: time.Minute,
			Components: []string{build.Kwok.Name},
			Check:      client.NodeReady(fakeNodeName(i), time.Time{}),
		}); err != nil {
			return err
		}
	}
	return nil
}

func fakeNodeName(i int) string { return fmt.Sprintf("fake-%d", i) }
