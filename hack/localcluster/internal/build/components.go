// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"fmt"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Component is a set of programs that are built together from one module.
type Component struct {
	Name     string
	module   string            // folder of the go.mod that pins the versions
	version  string            // module whose version is the component's version
	Programs map[string]string // package by program
}

// The parts that `build --only` can build.
const (
	PartControlPlane      = "control-plane"
	PartOlderControlPlane = "older-control-plane"
	PartNode              = "node"
	PartKwok              = "kwok"
	PartAll               = "all"
)

// The components of a cluster.
var (
	ControlPlane = Component{PartControlPlane, "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"etcd":           "go.etcd.io/etcd/server/v3",
		"kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
		"kubectl":        "k8s.io/kubernetes/cmd/kubectl",
	}}
	// No cluster uses it. Tests use it through KUBEBUILDER_ASSETS.
	OlderControlPlane = Component{PartOlderControlPlane, "components/kubernetes-older", "k8s.io/kubernetes", ControlPlane.Programs}
	Controllers       = Component{"controllers", "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
		"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	}}
	Kubelet = Component{"kubelet", "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"kubelet":    "k8s.io/kubernetes/cmd/kubelet",
		"kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
	}}
	Containerd = Component{"containerd", "components/node", "github.com/containerd/containerd/v2", map[string]string{
		"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
		"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
		"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
	}}
	CoreDNS = Component{"coredns", "components/coredns", "github.com/coredns/coredns", map[string]string{
		"coredns": "github.com/coredns/coredns",
	}}
	Kwok = Component{PartKwok, "components/kwok", "sigs.k8s.io/kwok", map[string]string{
		"kwok": "sigs.k8s.io/kwok/cmd/kwok",
	}}
	Pause = Component{"pause", ".", "", map[string]string{
		"pause": "./pause",
	}}
)

// ComponentsFor returns the components of a part, or of a cluster with a kind of nodes, in the order
// in which they start.
func ComponentsFor(part string) ([]Component, error) {
	switch part {
	case PartControlPlane, state.NodesNone:
		return []Component{ControlPlane}, nil
	case PartOlderControlPlane:
		return []Component{OlderControlPlane}, nil
	case PartKwok, state.NodesFake:
		return []Component{ControlPlane, Controllers, Kwok}, nil
	case PartNode, state.NodesReal:
		return []Component{ControlPlane, Controllers, Kubelet, Containerd, CoreDNS, Pause}, nil
	case PartAll:
		return []Component{ControlPlane, Controllers, Kubelet, Containerd, CoreDNS, Pause, Kwok}, nil
	}
	return nil, fmt.Errorf("--only: unknown part %q: expected %s, %s, %s, %s or %s", part,
		PartControlPlane, PartOlderControlPlane, PartNode, PartKwok, PartAll)
}
