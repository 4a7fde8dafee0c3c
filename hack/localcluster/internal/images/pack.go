// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package images packs programs into images and loads images into a real node.
package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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

// Spec describes an image of one layer.
type Spec struct {
	Tag        string
	Files      map[string]string // local file by path in the image
	Entrypoint []string
	Env        []string
	Labels     map[string]string
	User       string
}

// Write packs the image into an archive that `load-image` and any container engine can load. Equal
// files make equal archives.
func (s Spec) Write(archive string) error {
	tag, err := name.NewTag(s.Tag)
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

func (s Spec) image() (v1.Image, error) {
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
		Entrypoint: s.Entrypoint,
		Env:        append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/"}, s.Env...),
		Labels:     s.Labels,
		User:       s.User,
		WorkingDir: "/",
	}
	return mutate.ConfigFile(img, config)
}

// layer returns a tar archive of the files, their folders and /tmp. Times and order are fixed, so that
// equal files make equal layers.
func (s Spec) layer() ([]byte, error) {
	dirs := []string{"tmp"}
	var files []string
	for to := range s.Files {
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
		data, err := os.ReadFile(s.Files[to])
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
