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

// contents are the contents of an image.
type contents struct {
	// digest is the digest of the configuration, which identifies an image, without "sha256:".
	digest string
	config config
	// files are the files of all layers, by path.
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

// readArchive reads an archive with one image in the format of `docker save`.
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

// readTar returns the members of a tar archive, without folders. Links have no data.
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
			// Some writers add the type of the file to the mode.
			files[header.Name] = file{header.Mode & 0o7777, data}
		}
	}
}
