// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"encoding/base64"
	"os"
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

// WriteKubeconfig writes USER.kubeconfig for the identity with the certificate pki/USER.crt. It
// contains the certificates and the key, so it can be copied.
func WriteKubeconfig(c *state.Cluster, user string) error {
	data := map[string]string{"Name": c.Name, "Server": c.URL(), "User": user}
	for key, file := range map[string]string{"CA": "ca.crt", "Cert": user + ".crt", "Key": user + ".key"} {
		pem, err := os.ReadFile(c.Path("pki", file))
		if err != nil {
			return err
		}
		data[key] = base64.StdEncoding.EncodeToString(pem)
	}
	var out bytes.Buffer
	if err := kubeconfigTemplate.Execute(&out, data); err != nil {
		return err
	}
	return os.WriteFile(c.Path(user+".kubeconfig"), out.Bytes(), 0o600)
}
