// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

//go:embed manifests/coredns.yaml
var dnsManifest string

func runLoadImage(ctx context.Context, args []string) error {
	fs := newFlags("load-image")
	name := nameFlag(fs)
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("say which archives to load")
	}
	c, err := runningCluster(*name)
	if err != nil {
		return err
	}
	switch c.Nodes {
	case nodesFake:
		say("The nodes of cluster %q are simulated: pods run with any image, so there is nothing to load.", c.Name)
		return nil
	case nodesNone:
		return fmt.Errorf("cluster %q has no node to load images into", c.Name)
	}
	for _, file := range files {
		names, err := c.loadImage(ctx, file)
		if err != nil {
			return err
		}
		say("Loaded %s into cluster %q.", strings.Join(names, ", "), c.Name)
	}
	return nil
}

// ctr runs containerd's client. The socket lies in a mount of the node's own,
// which the supervisor's root leads into.
func (c *cluster) ctr(ctx context.Context, args ...string) (string, error) {
	socket := filepath.Join("/proc", strconv.Itoa(c.Supervisor), "root", containerdSocket)
	cmd := exec.CommandContext(ctx, c.program(containerd.name, "ctr"), append([]string{"--address=" + socket, "--namespace=k8s.io"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

func (c *cluster) containerdReady(ctx context.Context) error {
	_, err := c.ctr(ctx, "version")
	return err
}

// loadImage imports an archive, makes sure that the kubelet will find its
// images under the names that the archive gives them, and returns those.
func (c *cluster) loadImage(ctx context.Context, archive string) ([]string, error) {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	var names []string
	for _, image := range manifest {
		names = append(names, image.RepoTags...)
	}
	if _, err := c.ctr(ctx, "images", "import", archive); err != nil {
		return nil, err
	}
	for _, name := range names {
		err := retry(ctx, 10*time.Second, func() error { return c.checkImage(ctx, fullName(name)) })
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// checkImage makes sure that the kubelet can use an image: containerd lists it,
// and has marked it as one that it manages for Kubernetes, which it does a
// moment after the import.
func (c *cluster) checkImage(ctx context.Context, image string) error {
	list, err := c.ctr(ctx, "images", "list")
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

// loadOwnImages packs and loads the images that the node itself needs.
func (c *cluster) loadOwnImages(ctx context.Context) error {
	for _, own := range []struct{ image, component string }{
		{pauseImage, pause.name},
		{dnsImage, coredns.name},
	} {
		archive := c.path(own.component + ".tar")
		program := "/" + own.component
		spec := imageSpec{
			tag:        own.image,
			files:      map[string]string{program: c.program(own.component, own.component)},
			entrypoint: []string{program},
			user:       "65532:65532",
		}
		if err := spec.write(archive); err != nil {
			return err
		}
		if _, err := c.loadImage(ctx, archive); err != nil {
			return err
		}
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	return nil
}
