// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane configures the control plane: daemons, certificates, kubeconfigs.
package controlplane

import (
	"fmt"
	"strconv"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// The network and domain of Services.
const (
	serviceCIDR      = "10.96.0.0/16"
	serviceAPIServer = "10.96.0.1"
	ServiceDNS       = "10.96.0.10"
	ClusterDomain    = "cluster.local"
)

// Daemons lists the daemons of the control plane.
func Daemons(c *state.Cluster, l state.Layout) []supervisor.Daemon {
	all := []supervisor.Daemon{etcd(c, l), apiServer(c, l)}
	if c.Nodes != state.NodesNone {
		all = append(all, controllerManager(c, l), scheduler(c, l))
	}
	return all
}

func etcd(c *state.Cluster, l state.Layout) supervisor.Daemon {
	client := fmt.Sprintf("https://127.0.0.1:%d", c.Ports["etcd"])
	peer := fmt.Sprintf("https://127.0.0.1:%d", c.Ports["etcd-peer"])
	args := []string{
		l.Program("control-plane", "etcd"),
		"--name=" + c.Name,
		"--data-dir=" + l.File("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=" + c.Name + "=" + peer,
		// The data need not survive a crash of the machine.
		"--unsafe-no-fsync=true",
		"--quota-backend-bytes=" + strconv.Itoa(8<<30),
		"--auto-compaction-retention=5m",
	}
	for _, side := range []string{"", "peer-"} {
		args = append(args,
			"--"+side+"client-cert-auth=true",
			"--"+side+"trusted-ca-file="+l.File("pki", "etcd-ca.crt"),
			"--"+side+"cert-file="+l.File("pki", "etcd.crt"),
			"--"+side+"key-file="+l.File("pki", "etcd.key"))
	}
	return supervisor.Daemon{Name: "etcd", Args: args}
}

func apiServer(c *state.Cluster, l state.Layout) supervisor.Daemon {
	pki := func(name string) string { return l.File("pki", name) }
	args := []string{
		l.Program("control-plane", "kube-apiserver"),
		"--bind-address=" + c.Address,
		"--advertise-address=" + c.Address,
		fmt.Sprintf("--secure-port=%d", c.Ports["apiserver"]),
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", c.Ports["etcd"]),
		"--etcd-cafile=" + pki("etcd-ca.crt"),
		"--etcd-certfile=" + pki("etcd-client.crt"),
		"--etcd-keyfile=" + pki("etcd-client.key"),
		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--service-account-issuer=https://kubernetes.default.svc." + ClusterDomain,
		"--service-account-key-file=" + pki("service-accounts.pub"),
		"--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet.key"),
		// DNS does not know the names of nodes.
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + pki("front-proxy-client.key"),
	}
	if c.Audit {
		args = append(args,
			"--audit-policy-file="+l.File("audit-policy.yaml"),
			"--audit-log-path="+l.File("audit.log"),
			"--audit-log-maxsize=64",
			"--audit-log-maxbackup=2")
	}
	if c.Nodes != state.NodesReal {
		// The API server refuses a loopback address as an endpoint of the Service "kubernetes", and
		// no pod would use it.
		args = append(args, "--endpoint-reconciler-type=none")
	}
	if c.Nodes == state.NodesNone {
		// Without a controller manager there are no ServiceAccounts, which this plugin requires.
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	return supervisor.Daemon{Name: "kube-apiserver", Args: args}
}

func controllerManager(c *state.Cluster, l state.Layout) supervisor.Daemon {
	return supervisor.Daemon{Name: "kube-controller-manager", Args: append(controllerArgs(c, l, "kube-controller-manager"),
		"--use-service-account-credentials=true",
		"--flex-volume-plugin-dir="+l.File("volume-plugins"),
		"--service-account-private-key-file="+l.File("pki", "service-accounts.key"),
		"--root-ca-file="+l.File("pki", "ca.crt"),
		"--cluster-signing-cert-file="+l.File("pki", "ca.crt"),
		"--cluster-signing-key-file="+l.File("pki", "ca.key"))}
}

func scheduler(c *state.Cluster, l state.Layout) supervisor.Daemon {
	return supervisor.Daemon{Name: "kube-scheduler", Args: controllerArgs(c, l, "kube-scheduler")}
}

// controllerArgs returns the flags that controller manager and scheduler share.
func controllerArgs(c *state.Cluster, l state.Layout, name string) []string {
	config := l.File(name + ".kubeconfig")
	args := []string{
		l.Program("controllers", name),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.Ports[name]),
		"--tls-cert-file=" + l.File("pki", name+".crt"),
		"--tls-private-key-file=" + l.File("pki", name+".key"),
		"--leader-elect=false",
	}
	if c.Nodes == state.NodesFake {
		// Simulated nodes are for load tests, which would otherwise only measure the default limits
		// of 20 to 50 requests per second.
		args = append(args, "--kube-api-qps=2000", "--kube-api-burst=4000")
	}
	return args
}
