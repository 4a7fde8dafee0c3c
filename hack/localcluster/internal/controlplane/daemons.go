// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	serviceCIDR      = "10.96.0.0/16"
	serviceAPIServer = "10.96.0.1"
	serviceDNS       = "10.96.0.10"
	clusterDomain    = "cluster.local"
)

// daemon is one process that the supervisor keeps running.
type daemon struct {
	Name string   `json:"name"`
	Args []string `json:"args"` // the program's path first
}

// layout is where a cluster's own processes see its files: they may live in
// other mounts than this process (see namespaces.go).
type layout struct {
	state string
	bins  map[string]string // component name to folder
}

// layout is how the cluster's processes see its files.
func (c *cluster) layout() layout {
	if c.Nodes == nodesReal {
		return innerLayout(c.Programs)
	}
	return layout{state: c.dir, bins: c.Programs}
}

func (l layout) file(elem ...string) string {
	return filepath.Join(append([]string{l.state}, elem...)...)
}

func (l layout) program(component, name string) string {
	return filepath.Join(l.bins[component], name)
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// writeControlPlane writes the files that the control plane reads.
func (c *cluster) writeControlPlane() error {
	if err := writePKI(c); err != nil {
		return err
	}
	for _, dir := range []string{"logs", "etcd"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	for _, user := range []string{"admin", "kube-controller-manager", "kube-scheduler"} {
		if err := c.writeKubeconfig(c.path(user+".kubeconfig"), user); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) etcd(l layout) daemon {
	client := fmt.Sprintf("https://127.0.0.1:%d", c.Ports["etcd"])
	peer := fmt.Sprintf("https://127.0.0.1:%d", c.Ports["etcd-peer"])
	args := []string{
		l.program("control-plane", "etcd"),
		"--name=" + c.Name,
		"--data-dir=" + l.file("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=" + c.Name + "=" + peer,
		// The data need not outlive this machine's next crash.
		"--unsafe-no-fsync=true",
		"--quota-backend-bytes=" + strconv.Itoa(8<<30),
		"--auto-compaction-retention=5m",
	}
	for _, side := range []string{"", "peer-"} {
		args = append(args,
			"--"+side+"client-cert-auth=true",
			"--"+side+"trusted-ca-file="+l.file("pki", "etcd-ca.crt"),
			"--"+side+"cert-file="+l.file("pki", "etcd.crt"),
			"--"+side+"key-file="+l.file("pki", "etcd.key"))
	}
	return daemon{"etcd", args}
}

func (c *cluster) apiServer(l layout) daemon {
	pki := func(name string) string { return l.file("pki", name) }
	args := []string{
		l.program("control-plane", "kube-apiserver"),
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
		"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
		"--service-account-key-file=" + pki("service-accounts.pub"),
		"--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet.key"),
		// Node names resolve nowhere.
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
			"--audit-policy-file="+l.file("audit-policy.yaml"),
			"--audit-log-path="+l.file("audit.log"),
			"--audit-log-maxsize=64",
			"--audit-log-maxbackup=2")
	}
	if c.Nodes != nodesReal {
		// A loopback address may not be an endpoint of the Service
		// "kubernetes", and nothing here would use it.
		args = append(args, "--endpoint-reconciler-type=none")
	}
	if c.Nodes == nodesNone {
		// Nothing makes the accounts that this plugin waits for.
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	return daemon{"kube-apiserver", args}
}

func (c *cluster) controllerManager(l layout) daemon {
	return daemon{"kube-controller-manager", append(c.controllerArgs(l, "kube-controller-manager"),
		"--use-service-account-credentials=true",
		"--flex-volume-plugin-dir="+l.file("volume-plugins"),
		"--service-account-private-key-file="+l.file("pki", "service-accounts.key"),
		"--root-ca-file="+l.file("pki", "ca.crt"),
		"--cluster-signing-cert-file="+l.file("pki", "ca.crt"),
		"--cluster-signing-key-file="+l.file("pki", "ca.key"))}
}

func (c *cluster) scheduler(l layout) daemon {
	return daemon{"kube-scheduler", c.controllerArgs(l, "kube-scheduler")}
}

// controllerArgs are the flags that controller manager and scheduler share.
func (c *cluster) controllerArgs(l layout, name string) []string {
	config := l.file(name + ".kubeconfig")
	args := []string{
		l.program("controllers", name),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.Ports[name]),
		"--tls-cert-file=" + l.file("pki", name+".crt"),
		"--tls-private-key-file=" + l.file("pki", name+".key"),
		"--leader-elect=false",
	}
	if c.Nodes == nodesFake {
		// Simulated nodes are for measuring load, and the usual limits of
		// 20 to 50 requests a second would be all that is measured.
		args = append(args, "--kube-api-qps=2000", "--kube-api-burst=4000")
	}
	return args
}
