// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// WriteFiles writes the files that the control plane reads.
func WriteFiles(c *state.Cluster) error {
	if err := writePKI(c); err != nil {
		return err
	}
	for _, dir := range []string{"logs", "etcd"} {
		if err := os.MkdirAll(c.Path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.Path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	for _, user := range []string{"admin", "kube-controller-manager", "kube-scheduler"} {
		if err := WriteKubeconfig(c, c.Dir, user); err != nil {
			return err
		}
	}
	return nil
}
