// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestPackImage(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("static program"), 0o600); err != nil {
		t.Fatal(err)
	}
	archives := []string{filepath.Join(dir, "a.tar"), filepath.Join(dir, "b.tar")}
	for _, archive := range archives {
		err := runPackImage(t.Context(), []string{"--tag", "hourglass/sample:dev", "--out", archive,
			"--env", "A=b=c", "--label", "x=y", program + ":/opt/bin/manager", "--user", "1:2"})
		if err != nil {
			t.Fatal(err)
		}
	}
	a, _ := os.ReadFile(archives[0])
	b, _ := os.ReadFile(archives[1])
	if !bytes.Equal(a, b) {
		t.Error("equal files made different archives")
	}
	img, err := tarball.ImageFromPath(archives[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	got := config.Config
	if len(got.Entrypoint) != 1 || got.Entrypoint[0] != "/opt/bin/manager" || got.User != "1:2" ||
		got.Labels["x"] != "y" || got.Env[len(got.Env)-1] != "A=b=c" {
		t.Errorf("wrong config: %+v", got)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatal(layers, err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"opt/", "opt/bin/", "tmp/", "opt/bin/manager"}
	tr := tar.NewReader(r)
	for i := 0; ; i++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			if i != len(want) {
				t.Errorf("%d entries, want %d", i, len(want))
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(want) || h.Name != want[i] {
			t.Fatalf("entry %d is %s", i, h.Name)
		}
		if h.Name == "opt/bin/manager" && h.Mode != 0o755 {
			t.Errorf("the program has mode %o", h.Mode)
		}
	}
}
