// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
)

//go:embed manifests/kwok.yaml
var kwokStages []byte

// writeFake writes what kwok reads.
func (c *cluster) writeFake() error {
	return os.WriteFile(c.path("kwok.yaml"), kwokStages, 0o600)
}

// kwokDaemon simulates the nodes that carry kwok's annotation.
func kwokDaemon(l layout) daemon {
	return daemon{"kwok", []string{
		l.program("kwok", "kwok"),
		"--kubeconfig=" + l.file("admin.kubeconfig"),
		"--config=" + l.file("kwok.yaml"),
		"--manage-all-nodes=false",
		"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
		"--node-ip=10.0.0.1",
		"--cidr=10.244.0.1/16",
		"--node-lease-duration-seconds=40",
		"--server-address=",
	}}
}

func fakeNodeName(i int) string { return fmt.Sprintf("fake-%d", i) }

// fakeNodes is a manifest of n simulated nodes.
func fakeNodes(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, `---
apiVersion: v1
kind: Node
metadata:
  name: %s
  labels:
    kubernetes.io/hostname: %[1]s
    kubernetes.io/os: linux
    type: kwok
  annotations:
    kwok.x-k8s.io/node: fake
`, fakeNodeName(i))
	}
	return all.String()
}
