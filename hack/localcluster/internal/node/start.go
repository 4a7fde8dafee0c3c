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
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

//go:embed coredns.yaml
var dnsManifest string

// Start starts the real nodes and CoreDNS, and waits until the nodes are ready and names resolve.
func Start(ctx context.Context, c *state.Cluster, client *api.Client) error {
	if err := api.Apply(ctx, c, dnsManifest); err != nil {
		return err
	}
	for _, n := range c.ListNodes() {
		progress.Printf("Starting containerd, kubelet and kube-proxy of node %s.", n.Name)
		if err := startContainerd(ctx, c, n); err != nil {
			return err
		}
		if err := loadOwnImages(ctx, c, n); err != nil {
			return err
		}
		if err := startKubelet(ctx, client, n); err != nil {
			return err
		}
		if n.Further() {
			continue
		}
		// Before there are other nodes, so that the name server does not fail with one of these.
		progress.Printf("Starting CoreDNS.")
		if err := supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
			Name: "a ready name server", Timeout: 2 * time.Minute,
			Components: []string{kubeProxy, kubelet},
			Check:      client.DeploymentReady("coredns"),
		}); err != nil {
			return err
		}
	}
	return nil
}

// startContainerd starts the containerd of a node, which may be off, and waits until it answers.
func startContainerd(ctx context.Context, c *state.Cluster, n state.Node) error {
	if n.Further() && !n.Running() {
		if err := turnOn(ctx, c, n); err != nil {
			return err
		}
	}
	if err := supervisor.StartComponents(ctx, n.Dir, containerd); err != nil {
		return err
	}
	return supervisor.WaitFor(ctx, n.Dir, supervisor.Condition{
		Name: "a ready containerd", Timeout: time.Minute,
		Components: []string{containerd},
		Check:      func(ctx context.Context) error { return images.ContainerdReady(ctx, c, n) },
	})
}

// turnOn starts the supervisor of a further node and connects its network.
func turnOn(ctx context.Context, c *state.Cluster, n state.Node) error {
	// Cgroups of earlier pods would outlive the restart of the node.
	if err := wait.Retry(ctx, 10*time.Second, func() error { return RemoveCgroup(n.Cgroup) }); err != nil {
		return err
	}
	if err := CreateCgroup(n.Cgroup); err != nil {
		return err
	}
	if err := supervisor.StartComponents(ctx, c.Dir, n.Name); err != nil {
		return err
	}
	if err := connectStarted(ctx, c, n); err != nil {
		// Off again, so that the next attempt finds no node without a network.
		_, _ = supervisor.Ask(context.WithoutCancel(ctx), c.Dir, "kill", n.Name)
		return err
	}
	return nil
}

// connectStarted waits until the supervisor of a further node answers, and connects its network.
func connectStarted(ctx context.Context, c *state.Cluster, n state.Node) error {
	if err := supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
		Name: "the supervisor of node " + n.Name, Timeout: 30 * time.Second,
		Components: []string{n.Name},
		Check: func(ctx context.Context) error {
			_, err := supervisor.Ask(ctx, n.Dir, "status", "")
			return err
		},
	}); err != nil {
		return err
	}
	proc, err := supervisor.ProcessFolder(ctx, c, n)
	if err != nil {
		return err
	}
	return connectNode(ctx, c, n, proc)
}

// startKubelet starts the kubelet and the kube-proxy of a node, and waits until the node is ready.
func startKubelet(ctx context.Context, client *api.Client, n state.Node) error {
	r, err := supervisor.Ask(ctx, n.Dir, "start", kubelet)
	if err != nil {
		return err
	}
	if err := supervisor.StartComponents(ctx, n.Dir, kubeProxy); err != nil {
		return err
	}
	// Until its first heartbeat, the API server shows the condition of an earlier kubelet.
	var since time.Time
	for _, s := range r.Components {
		if s.Name == kubelet {
			since = s.Started
		}
	}
	return supervisor.WaitFor(ctx, n.Dir, supervisor.Condition{
		Name: "a ready node", Timeout: 2 * time.Minute,
		Components: []string{kubelet, containerd},
		Check:      client.NodeReady(n.Name, since),
	})
}

// loadOwnImages packs and loads the images that the nodes themselves need.
func loadOwnImages(ctx context.Context, c *state.Cluster, n state.Node) error {
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
		if _, err := images.Load(ctx, c, n, archive); err != nil {
			return err
		}
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	return nil
}
