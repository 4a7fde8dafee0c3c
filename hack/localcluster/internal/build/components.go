// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// component is a set of programs built together from one pinned module.
type component struct {
	name     string
	module   string            // folder with the go.mod that pins it
	version  string            // module whose version names it
	programs map[string]string // program name to package
}

const (
	partControlPlane      = "control-plane"
	partOlderControlPlane = "older-control-plane"
	partNode              = "node"
	partKwok              = "kwok"
	partAll               = "all"
)

var (
	controlPlane = component{partControlPlane, "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"etcd":           "go.etcd.io/etcd/server/v3",
		"kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
		"kubectl":        "k8s.io/kubernetes/cmd/kubectl",
	}}
	// No cluster is made of it: tests are pointed at it by KUBEBUILDER_ASSETS.
	olderControlPlane = component{partOlderControlPlane, "components/kubernetes-older", "k8s.io/kubernetes", controlPlane.programs}
	controllers       = component{"controllers", "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
		"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	}}
	kubelet = component{"kubelet", "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"kubelet":    "k8s.io/kubernetes/cmd/kubelet",
		"kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
	}}
	containerd = component{"containerd", "components/node", "github.com/containerd/containerd/v2", map[string]string{
		"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
		"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
		"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
	}}
	coredns = component{"coredns", "components/coredns", "github.com/coredns/coredns", map[string]string{
		"coredns": "github.com/coredns/coredns",
	}}
	kwok = component{partKwok, "components/kwok", "sigs.k8s.io/kwok", map[string]string{
		"kwok": "sigs.k8s.io/kwok/cmd/kwok",
	}}
	pause = component{"pause", ".", "", map[string]string{
		"pause": "./pause",
	}}
)

// componentsOf lists what a part, or a kind of nodes, needs, in the order in
// which it is started.
func componentsOf(part string) ([]component, error) {
	switch part {
	case partControlPlane, nodesNone:
		return []component{controlPlane}, nil
	case partOlderControlPlane:
		return []component{olderControlPlane}, nil
	case partKwok, nodesFake:
		return []component{controlPlane, controllers, kwok}, nil
	case partNode, nodesReal:
		return []component{controlPlane, controllers, kubelet, containerd, coredns, pause}, nil
	case partAll:
		return []component{controlPlane, controllers, kubelet, containerd, coredns, pause, kwok}, nil
	}
	return nil, fmt.Errorf("no part %q; there are %s, %s, %s, %s and %s", part,
		partControlPlane, partOlderControlPlane, partNode, partKwok, partAll)
}

// source is the folder of this program's own sources, which hold the pins of
// what it builds. They are looked for above the program and above the working
// folder.
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
	return "", errors.New("cannot find hack/localcluster/components, which pins what to build: run this from inside a clone of the repository")
}

// release is a component as pinned now: its readable version, and the folder
// in the cache that its programs have or will have. Any change of a pin makes
// another folder.
type release struct {
	component
	version string
	dir     string
	src     string
}

func (c component) resolve() (release, error) {
	root, err := source()
	if err != nil {
		return release{}, err
	}
	r := release{component: c, src: filepath.Join(root, c.module)}
	pins := []string{"go.mod", "go.sum"}
	if c.version == "" { // our own program
		pins = []string{"go.mod", "pause/main.go"}
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.GOARCH, c.programs)
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
	r.dir = filepath.Join(cacheRoot(), fmt.Sprintf("%s-%s-%s", c.name, r.version, sum))
	return r, nil
}

// built tells whether the cache has it; folders get their name only complete.
func (r release) built() bool {
	_, err := os.Stat(r.dir)
	return err == nil
}

// pinned finds the version that a go.mod requires of a module.
func pinned(gomod, module string) string {
	for line := range strings.Lines(gomod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && f[0] == module && strings.HasPrefix(f[1], "v") {
			return f[1]
		}
	}
	return ""
}
