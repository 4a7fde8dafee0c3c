// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	_ "embed"
	"os"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/images"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

//go:embed coredns.yaml
var dnsManifest string

// Start starts the daemons and CoreDNS, and waits until the node is ready and names resolve.
func Start(ctx context.Context, c *state.Cluster, client *api.Client) error {
	progress.Printf("Starting containerd, kubelet and kube-proxy.")
	if err := supervisor.StartComponents(ctx, c, "containerd"); err != nil {
		return err
	}
	if err := supervisor.WaitFor(ctx, c, supervisor.Condition{
		Name: "a ready containerd", Timeout: time.Minute,
		Components: []string{"containerd"},
		Check:      func(ctx context.Context) error { return images.ContainerdReady(ctx, c) },
	}); err != nil {
		return err
	}
	if err := loadOwnImages(ctx, c); err != nil {
		return err
	}
	if err := supervisor.StartComponents(ctx, c, "kubelet", "kube-proxy"); err != nil {
		return err
	}
	if err := api.Apply(ctx, c, dnsManifest); err != nil {
		return err
	}
	if err := supervisor.WaitFor(ctx, c, supervisor.Condition{
		Name: "a ready node", Timeout: 2 * time.Minute,
		Components: []string{"kubelet", "containerd"},
		Check:      client.NodeReady(c.NodeName()),
	}); err != nil {
		return err
	}
	progress.Printf("Starting CoreDNS.")
	return supervisor.WaitFor(ctx, c, supervisor.Condition{
		Name: "a ready name server", Timeout: 2 * time.Minute,
		Components: []string{"kube-proxy", "kubelet"},
		Check:      client.DeploymentReady("coredns"),
	})
}

// loadOwnImages packs and loads the images that the node itself needs.
func loadOwnImages(ctx context.Context, c *state.Cluster) error {
	for _, own := range []struct{ image, component string }{
		{pauseImage, build.Pause.Name},
		{dnsImage, build.CoreDNS.Name},
	} {
		archive := c.Path(own.component + ".tar")
		program := "/" + own.component
		spec := images.Spec{
			Tag:        own.image,
			Files:      map[string]string{program: c.Program(own.component, own.component)},
			Entrypoint: []string{program},
			User:       "65532:65532",
		}
		if err := spec.Write(archive); err != nil {
			return err
		}
		if _, err := images.Load(ctx, c, archive); err != nil {
			return err
		}
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	return nil
}
