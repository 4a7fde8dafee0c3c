// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"text/template"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

var kubeconfigTemplate = template.Must(template.New("kubeconfig").Parse(`apiVersion: v1
kind: Config
current-context: {{.Name}}
clusters:
- name: {{.Name}}
  cluster:
    server: {{.Server}}
    certificate-authority-data: {{.CA}}
users:
- name: {{.User}}
  user:
    client-certificate-data: {{.Cert}}
    client-key-data: {{.Key}}
contexts:
- name: {{.Name}}
  context:
    cluster: {{.Name}}
    user: {{.User}}
`))

// WriteKubeconfig writes USER.kubeconfig to dir, the state folder of the cluster or of a node, for
// the identity with the certificate pki/USER.crt there. It contains the certificates and the key,
// so it can be copied.
func WriteKubeconfig(c *state.Cluster, dir, user string) error {
	data := map[string]string{"Name": c.Name, "Server": c.URL(), "User": user}
	for key, file := range map[string]string{"CA": "ca.crt", "Cert": user + ".crt", "Key": user + ".key"} {
		pem, err := os.ReadFile(filepath.Join(dir, "pki", file))
		if err != nil {
			return err
		}
		data[key] = base64.StdEncoding.EncodeToString(pem)
	}
	var out bytes.Buffer
	if err := kubeconfigTemplate.Execute(&out, data); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, user+".kubeconfig"), out.Bytes(), 0o600)
}
