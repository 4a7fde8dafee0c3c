// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"fmt"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// component is a set of programs built together from one pinned module.
type Component struct {
	Name     string
	module   string            // folder with the go.mod that pins it
	version  string            // module whose version names it
	Programs map[string]string // program name to package
}

const (
	PartControlPlane      = "control-plane"
	PartOlderControlPlane = "older-control-plane"
	PartNode              = "node"
	PartKwok              = "kwok"
	PartAll               = "all"
)

var (
	ControlPlane = Component{PartControlPlane, "components/kubernetes", "k8s.io/kubernetes", map[string]string{
		"etcd":           "go.etcd.io/etcd/server/v3",
		"kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
		"kubectl":        "k8s.io/kubernetes/cmd/kubectl",
	}}
	// No cluster is made of it: tests are pointed at it by KUBEBUILDER_ASSETS.
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

// componentsOf lists what a part, or a kind of nodes, needs, in the order in
// which it is started.
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
	return nil, fmt.Errorf("no part %q; there are %s, %s, %s, %s and %s", part,
		PartControlPlane, PartOlderControlPlane, PartNode, PartKwok, PartAll)
}
