//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"strings"
	"testing"
)

// contents is what an image consists of.
type contents struct {
	// Digest of the configuration, by which an image is known, without "sha256:".
	digest string
	config config
	// files of all layers, by path.
	files map[string]file
}

type config struct {
	OS           string
	Architecture string
	Config       struct {
		User       string
		Entrypoint []string
		Cmd        []string
		Labels     map[string]string
	}
}

type file struct {
	mode int64
	data []byte
}

// readArchive reads an archive as `docker save` writes them, which has one image.
func readArchive(t *testing.T, path string) contents {
	t.Helper()
	archive, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	members := readTar(t, archive)

	var images []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(members["manifest.json"].data, &images); err != nil {
		t.Fatalf("the manifest of %s: %v", path, err)
	}
	if len(images) != 1 {
		t.Fatalf("%s has %d images, want 1", path, len(images))
	}
	image := contents{files: map[string]file{}}
	image.digest, _, _ = strings.Cut(images[0].Config, ".json")
	if err := json.Unmarshal(members[images[0].Config].data, &image.config); err != nil {
		t.Fatalf("the configuration in %s: %v", path, err)
	}
	for _, layer := range images[0].Layers {
		maps.Copy(image.files, readTar(t, bytes.NewReader(members[layer].data)))
	}
	return image
}

// readTar returns all that a tar archive has but for folders. A link has no data.
func readTar(t *testing.T, from io.Reader) map[string]file {
	t.Helper()
	files := map[string]file{}
	for archive := tar.NewReader(from); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeDir {
			// Some writers put the type of the file into the mode too, above its permissions.
			files[header.Name] = file{header.Mode & 0o7777, data}
		}
	}
}
