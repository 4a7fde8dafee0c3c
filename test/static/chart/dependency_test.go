// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAsDependency renders a parent chart that has this chart as a dependency with a condition.
func TestAsDependency(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := os.CopyFS(filepath.Join(parent, "charts/hourglass-operator"), os.DirFS(chartDir)); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{
		"Chart.yaml": `apiVersion: v2
name: parent
version: 1.0.0
dependencies:
  - name: hourglass-operator
    version: ">=0.0.0-0"
    condition: hourglass-operator.enabled
`,
		"values.yaml": `global: {region: here}
hourglass-operator:
  enabled: true
  operator: {replicaCount: 3}
`,
	} {
		if err := os.WriteFile(filepath.Join(parent, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eachHelm(t, func(t *testing.T, helm string) {
		on := parse(t, output(t, helm, "template", "platform", parent, "--namespace", namespace))
		if replicas := get(on["Deployment hourglass-system/platform-hourglass-operator-controller-manager"], "spec.replicas"); replicas != 3.0 {
			t.Errorf("with the condition true the Deployment has %v replicas, want 3", replicas)
		}
		if off := output(t, helm, "template", "platform", parent, "--set", "hourglass-operator.enabled=false"); len(parse(t, off)) > 0 {
			t.Errorf("with the condition false the chart still renders\n%s", off)
		}
	})
}
