// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// imageSpec says what goes into an image of one layer.
type imageSpec struct {
	tag        string
	files      map[string]string // path in the image to file here
	entrypoint []string
	env        []string
	labels     map[string]string
	user       string
}

func runPackImage(_ context.Context, args []string) error {
	fs := newFlags("pack-image")
	spec := imageSpec{labels: map[string]string{}, files: map[string]string{}}
	fs.StringVar(&spec.tag, "tag", "", "the image's name, as pods will write it")
	out := fs.String("out", "", "the archive to write")
	fs.StringVar(&spec.user, "user", "65532:65532", "user and group that the program runs as")
	fs.Func("env", "NAME=VALUE to set in containers; may be repeated", func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("want NAME=VALUE")
		}
		spec.env = append(spec.env, s)
		return nil
	})
	fs.Func("label", "NAME=VALUE to label the image with; may be repeated", func(s string) error {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want NAME=VALUE")
		}
		spec.labels[key] = value
		return nil
	})
	fs.Func("entrypoint", "the program that containers run, a path in the image; repeated, its arguments (by default the first file)", func(s string) error {
		spec.entrypoint = append(spec.entrypoint, s)
		return nil
	})
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if spec.tag == "" || *out == "" || len(files) == 0 {
		return errors.New("pack-image needs --tag, --out and at least one file; see --help")
	}
	for i, file := range files {
		from, to, ok := strings.Cut(file, ":")
		if !ok {
			to = "/" + path.Base(from)
		}
		to = path.Clean("/" + to)
		spec.files[to] = from
		if i == 0 && len(spec.entrypoint) == 0 {
			spec.entrypoint = []string{to}
		}
	}
	return spec.write(*out)
}

// write packs the image and writes it as an archive that `load-image`, and any
// container engine, can load. Equal files make equal archives.
func (s imageSpec) write(archive string) error {
	tag, err := name.NewTag(s.tag)
	if err != nil {
		return err
	}
	img, err := s.image()
	if err != nil {
		return err
	}
	tmp := archive + ".tmp"
	defer os.Remove(tmp)
	if err := tarball.WriteToFile(tmp, tag, img); err != nil {
		return fmt.Errorf("writing %s: %w", archive, err)
	}
	return os.Rename(tmp, archive)
}

func (s imageSpec) image() (v1.Image, error) {
	contents, err := s.layer()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(contents)), nil
	}, tarball.WithCompressionLevel(gzip.BestSpeed))
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = v1.Config{
		Entrypoint: s.entrypoint,
		Env:        append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/"}, s.env...),
		Labels:     s.labels,
		User:       s.user,
		WorkingDir: "/",
	}
	return mutate.ConfigFile(img, config)
}

// layer is a tar archive of the files, the folders that lead to them and a
// /tmp, all of one fixed time and in one order.
func (s imageSpec) layer() ([]byte, error) {
	dirs := []string{"tmp"}
	var files []string
	for to := range s.files {
		files = append(files, to)
		for dir := path.Dir(to); dir != "/"; dir = path.Dir(dir) {
			dirs = append(dirs, strings.TrimPrefix(dir, "/"))
		}
	}
	slices.Sort(files)
	slices.Sort(dirs)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, dir := range slices.Compact(dirs) {
		mode := int64(0o755)
		if dir == "tmp" {
			mode = 0o1777
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: mode, ModTime: time.Unix(0, 0)}); err != nil {
			return nil, err
		}
	}
	for _, to := range files {
		data, err := os.ReadFile(s.files[to])
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(to, "/"), Mode: 0o755, Size: int64(len(data)), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
