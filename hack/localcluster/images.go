// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/images"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

func runPackImage(_ context.Context, args []string) error {
	fs := newFlags("pack-image")
	spec := images.Spec{Labels: map[string]string{}, Files: map[string]string{}}
	fs.StringVar(&spec.Tag, "tag", "", "name of the image, as in the image field of a pod")
	out := fs.String("out", "", "archive to write")
	fs.StringVar(&spec.User, "user", "65532:65532", "user and group that containers run as")
	fs.Func("env", "environment variable of containers, NAME=VALUE; can be repeated", func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("expected NAME=VALUE")
		}
		spec.Env = append(spec.Env, s)
		return nil
	})
	fs.Func("label", "label of the image, NAME=VALUE; can be repeated", func(s string) error {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("expected NAME=VALUE")
		}
		spec.Labels[key] = value
		return nil
	})
	const entrypoint = "program that containers run, a path in the image, then its arguments; can be repeated; by default the first FILE"
	fs.Func("entrypoint", entrypoint, func(s string) error {
		spec.Entrypoint = append(spec.Entrypoint, s)
		return nil
	})
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if spec.Tag == "" || *out == "" || len(files) == 0 {
		return errors.New("pack-image: --tag, --out and at least one FILE are required; see --help")
	}
	for i, file := range files {
		from, to, ok := strings.Cut(file, ":")
		if !ok {
			to = "/" + path.Base(from)
		}
		to = path.Clean("/" + to)
		spec.Files[to] = from
		if i == 0 && len(spec.Entrypoint) == 0 {
			spec.Entrypoint = []string{to}
		}
	}
	return spec.Write(*out)
}

func runLoadImage(ctx context.Context, args []string) error {
	fs := newFlags("load-image")
	name := nameFlag(fs)
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("load-image: expected at least one archive")
	}
	c, err := state.LoadRunning(*name)
	if err != nil {
		return err
	}
	switch c.Nodes {
	case state.NodesFake:
		progress.Printf("Nothing to load: the nodes of cluster %q are simulated, so pods become Running with any image.", c.Name)
		return nil
	case state.NodesNone:
		return fmt.Errorf("cluster %q has no node to load images into", c.Name)
	}
	for _, file := range files {
		var names []string
		for _, n := range c.ListNodes() {
			if names, err = images.Load(ctx, c, n, file); err != nil {
				return fmt.Errorf("node %s: %w", n.Name, err)
			}
		}
		progress.Printf("Loaded %s into cluster %q.", strings.Join(names, ", "), c.Name)
	}
	return nil
}
