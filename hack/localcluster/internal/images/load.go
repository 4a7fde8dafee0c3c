// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// ContainerdSocket is the socket of containerd in the mounts of a real node.
const ContainerdSocket = "/run/containerd/containerd.sock"

// ctr runs containerd's client. The socket is in the mounts of the node, which are accessible through
// the root of one of its processes.
func ctr(ctx context.Context, c *state.Cluster, n state.Node, args ...string) (string, error) {
	proc, err := supervisor.ProcessFolder(ctx, c, n)
	if err != nil {
		return "", err
	}
	socket := filepath.Join(proc, "root", ContainerdSocket)
	cmd := exec.CommandContext(ctx, c.Program(build.Containerd.Name, "ctr"), append([]string{"--address=" + socket, "--namespace=k8s.io"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// ContainerdReady returns nil if containerd answers.
func ContainerdReady(ctx context.Context, c *state.Cluster, n state.Node) error {
	_, err := ctr(ctx, c, n, "version")
	return err
}

// Load imports an archive into a node and returns the names of its images. It waits until the
// kubelet can find the images by these names.
func Load(ctx context.Context, c *state.Cluster, n state.Node, archive string) ([]string, error) {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	var names []string
	for _, image := range manifest {
		names = append(names, image.RepoTags...)
	}
	if _, err := ctr(ctx, c, n, "images", "import", archive); err != nil {
		return nil, err
	}
	for _, name := range names {
		err := wait.Retry(ctx, 10*time.Second, func() error { return checkImage(ctx, c, n, fullName(name)) })
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// checkImage returns nil if the kubelet can use an image: if containerd lists it and has labeled it as
// managed for Kubernetes, which happens a moment after the import.
func checkImage(ctx context.Context, c *state.Cluster, n state.Node, image string) error {
	list, err := ctr(ctx, c, n, "images", "list")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == image && strings.Contains(line, "io.cri-containerd.image=managed") {
			return nil
		}
	}
	return fmt.Errorf("image %s was imported, but containerd does not list it as managed for Kubernetes", image)
}

// fullName returns the name by which containerd looks up an image.
func fullName(image string) string {
	first, _, slash := strings.Cut(image, "/")
	switch {
	case !slash:
		image = "docker.io/library/" + image
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		image = "docker.io/" + image
	}
	return image
}
