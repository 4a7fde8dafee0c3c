// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node runs a real node: containerd, kubelet and kube-proxy, isolated from the machine.
package node

import (
	"bytes"
	"os"
	"strings"
	"text/template"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/controlplane"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/images"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// pauseImage and dnsImage are the images that the node itself needs. Their names start with a
// registry, so that every tool parses them in the same way.
const (
	pauseImage = "hourglass.local/pause:local"
	dnsImage   = "hourglass.local/coredns:local"
)

// nodeFiles are the files that the daemons read, by path in the state folder. The fixed paths in them
// are private to the node (see EnterMounts).
var nodeFiles = map[string]*template.Template{
	"containerd.toml": nodeFile(`version = 3
root = "{{.State}}/containerd"
state = "/run/containerd"

[grpc]
  address = "{{.Socket}}"

[plugins.'io.containerd.internal.v1.opt']
  path = "{{.State}}/containerd-opt"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{{.Pause}}"

[plugins.'io.containerd.cri.v1.runtime']
  # If lowering an OOM score is not permitted, as in many containers and virtual
  # machines, use the lowest permitted score.
  restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = [{{range $i, $d := .CNIDirs}}{{if $i}}, {{end}}"{{$d}}"{{end}}]
  conf_dir = "{{.State}}/cni"
`),
	"cni/10-hourglass.conflist": nodeFile(`{
  "cniVersion": "1.0.0",
  "name": "hourglass",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "pods0",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [[{"subnet": "{{.PodCIDR}}"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni-addresses"
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`),
	"kubelet.yaml": nodeFile(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: {{.State}}/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: {{.State}}/pki/kubelet.crt
tlsPrivateKeyFile: {{.State}}/pki/kubelet.key
containerRuntimeEndpoint: unix://{{.Socket}}
clusterDomain: {{.Domain}}
clusterDNS: [{{.DNS}}]
# The network namespace of the node can reach no other name server.
resolvConf: ""
cgroupDriver: cgroupfs
cgroupRoot: {{.Cgroup}}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
volumePluginDir: {{.State}}/volume-plugins
# Disks of workstations are often nearly full, which is no reason to evict pods.
# Loaded images can't be pulled again, so they must not be removed.
evictionHard:
  memory.available: 100Mi
  nodefs.available: 1%
  nodefs.inodesFree: 1%
  imagefs.available: 1%
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
`),
	"kube-proxy.yaml": nodeFile(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: {{.State}}/kube-proxy.kubeconfig}
hostnameOverride: {{.Node}}
mode: nftables
clusterCIDR: {{.PodCIDRs}}
oomScoreAdj: 0
# Do not change these settings, which apply to the whole machine.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {minSyncPeriod: 100ms}
`),
}

func nodeFile(text string) *template.Template { return template.Must(template.New("").Parse(text)) }

// WriteFiles writes the files that the daemons of a real node read.
func WriteFiles(c *state.Cluster, n state.Node) error {
	for _, user := range []string{"kubelet", "kube-proxy"} {
		if err := controlplane.WriteKubeconfig(c, n.Dir, user); err != nil {
			return err
		}
	}
	for _, dir := range []string{"var-lib/kubelet", "var-log", "cni", "containerd", "logs"} {
		if err := os.MkdirAll(n.Path(dir), 0o755); err != nil {
			return err
		}
	}
	data := map[string]any{
		"State": state.InnerState, "Socket": images.ContainerdSocket, "Pause": pauseImage, "CNIDirs": cniDirs,
		"PodCIDR": n.PodCIDR, "PodCIDRs": state.PodCIDRs,
		"Domain": controlplane.ClusterDomain, "DNS": controlplane.ServiceDNS, "Cgroup": n.Cgroup, "Node": n.Name,
	}
	for file, t := range nodeFiles {
		var out bytes.Buffer
		if err := t.Execute(&out, data); err != nil {
			return err
		}
		if err := os.WriteFile(n.Path(file), out.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// The daemons of a real node.
const (
	containerd = "containerd"
	kubelet    = "kubelet"
	kubeProxy  = "kube-proxy"
)

// Daemons lists the daemons of a real node.
func Daemons(n state.Node, l state.Layout) []supervisor.Daemon {
	return []supervisor.Daemon{
		{Name: containerd, Args: []string{l.Program(build.Containerd.Name, "containerd"), "--config=" + l.File("containerd.toml")}},
		{Name: kubelet, Args: []string{l.Program(build.Kubelet.Name, "kubelet"),
			"--config=" + l.File("kubelet.yaml"),
			"--kubeconfig=" + l.File("kubelet.kubeconfig"),
			"--root-dir=/var/lib/kubelet",
			"--hostname-override=" + n.Name,
			"--node-ip=" + n.Address}},
		{Name: kubeProxy, Args: []string{l.Program(build.Kubelet.Name, "kube-proxy"), "--config=" + l.File("kube-proxy.yaml")}},
	}
}

// SupervisorDaemon returns the supervisor of a further node, which is a daemon of the cluster's
// supervisor.
func SupervisorDaemon(n state.Node) supervisor.Daemon {
	// The program that runs now, even if its file has been replaced since.
	return supervisor.Daemon{Name: n.Name, Args: []string{"/proc/self/exe", supervisor.Command, n.InnerDir()}, Node: true}
}

// SearchPath returns the PATH of a real node's daemons, in which containerd finds its shim.
func SearchPath(l state.Layout) string {
	return strings.Join([]string{l.Folder(build.Containerd.Name), supervisor.SystemPath}, ":")
}
