// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// source returns the folder of the sources of this program, which contain the go.mod files of the
// components. It searches above the program and above the working directory.
func source() (string, error) {
	var starts []string
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	for _, dir := range starts {
		for {
			for _, try := range []string{dir, filepath.Join(dir, "hack", "localcluster")} {
				if _, err := os.Stat(filepath.Join(try, "components", "kubernetes", "go.mod")); err == nil {
					return try, nil
				}
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", errors.New(
		"hack/localcluster/components, which pins the versions to build, not found: run this command inside a clone of the repository")
}

// release is a component at the pinned version. Its folder in the cache has the hash of the pins in
// its name, so that each change of a pin has its own folder.
type release struct {
	Component
	version string
	dir     string
	src     string
}

// resolve reads the pins of the component.
func (c Component) resolve() (release, error) {
	root, err := source()
	if err != nil {
		return release{}, err
	}
	r := release{Component: c, src: filepath.Join(root, c.module)}
	pins := []string{"go.mod", "go.sum"}
	if c.version == "" { // the project's own program
		pins = []string{"go.mod", "pause/main.go"}
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOARCH, c.Programs)
	for _, pin := range pins {
		data, err := os.ReadFile(filepath.Join(r.src, pin))
		if err != nil {
			return release{}, err
		}
		h.Write(data)
		if pin == "go.mod" && c.version != "" {
			r.version = pinned(string(data), c.version)
		}
	}
	if r.version == "" {
		r.version = "v0"
	}
	sum := hex.EncodeToString(h.Sum(nil))[:8]
	r.dir = filepath.Join(state.CacheRoot(), fmt.Sprintf("%s-%s-%s", c.Name, r.version, sum))
	return r, nil
}

// Folder returns the component's folder in the cache, and whether its programs are built.
func (c Component) Folder() (dir string, built bool, err error) {
	r, err := c.resolve()
	if err != nil {
		return "", false, err
	}
	return r.dir, r.built(), nil
}

// built returns whether the cache has the programs. A folder has its name only once it is complete.
func (r release) built() bool {
	_, err := os.Stat(r.dir)
	return err == nil
}

// pinned returns the version of a module that a go.mod requires.
func pinned(gomod, module string) string {
	for line := range strings.Lines(gomod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && f[0] == module && strings.HasPrefix(f[1], "v") {
			return f[1]
		}
	}
	return ""
}
