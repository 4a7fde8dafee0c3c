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
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// containerdSocket is where containerd listens, inside.
const ContainerdSocket = "/run/containerd/containerd.sock"

// ctr runs containerd's client. The socket lies in a mount of the node's own,
// which the supervisor's root leads into.
func ctr(ctx context.Context, c *state.Cluster, args ...string) (string, error) {
	socket := filepath.Join("/proc", strconv.Itoa(c.Supervisor), "root", ContainerdSocket)
	cmd := exec.CommandContext(ctx, c.Program(build.Containerd.Name, "ctr"), append([]string{"--address=" + socket, "--namespace=k8s.io"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

func ContainerdReady(ctx context.Context, c *state.Cluster) error {
	_, err := ctr(ctx, c, "version")
	return err
}

// loadImage imports an archive, makes sure that the kubelet will find its
// images under the names that the archive gives them, and returns those.
func Load(ctx context.Context, c *state.Cluster, archive string) ([]string, error) {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	var names []string
	for _, image := range manifest {
		names = append(names, image.RepoTags...)
	}
	if _, err := ctr(ctx, c, "images", "import", archive); err != nil {
		return nil, err
	}
	for _, name := range names {
		err := wait.Retry(ctx, 10*time.Second, func() error { return checkImage(ctx, c, fullName(name)) })
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// checkImage makes sure that the kubelet can use an image: containerd lists it,
// and has marked it as one that it manages for Kubernetes, which it does a
// moment after the import.
func checkImage(ctx context.Context, c *state.Cluster, image string) error {
	list, err := ctr(ctx, c, "images", "list")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == image && strings.Contains(line, "io.cri-containerd.image=managed") {
			return nil
		}
	}
	return fmt.Errorf("the image was imported, but containerd does not list it as %s for Kubernetes", image)
}

// fullName is the name under which containerd looks an image up.
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
