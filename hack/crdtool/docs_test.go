// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const crdPath = "../../manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml"

func TestDocs(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"docs", crdPath}, &out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| apiVersion | `hourglass.eigenlayer.io/v1alpha1` |",
		"| `spec` | [PerformerSpec](#performerspec) |  | required | spec is the desired state of the Performer. |",
		"| `grpcPort` | int32 | `9090` | 1 to 65535 | grpcPort is the port on which the container serves gRPC, and the port of the Service, from 1 to 65535. Defaults to 9090. Changing it replaces the pod. |",
		"| `type` | string | `BlueGreen` | `BlueGreen`, `Recreate` | ",
		"| `affinity` | Affinity (core/v1) |  |  | affinity is the affinity of the pod to nodes and to other pods. |",
		"`spec.config.probes.startup`, `spec.config.probes.readiness`, `spec.config.probes.liveness`.\n",
		`- metadata.name must not contain a dot: the Service is named performer-\<name>, and a Service name can't contain one; use a dash (at creation only)`,
		"- set exactly one of secretKeyRef and configMapKeyRef",
	} {
		if !strings.Contains(out.String(), "\n"+line) {
			t.Errorf("the page has no line %q:\n%s", line, out.String())
		}
	}
}

func TestBounds(t *testing.T) {
	one, two := 1.0, 2.0
	least, most := int64(1), int64(2)
	smallest, greatest := float64(math.MinInt32), float64(math.MaxInt32)
	for want, s := range map[string]apiextensionsv1.JSONSchemaProps{
		"":                         {},
		"`A`, `B`":                 {Enum: []apiextensionsv1.JSON{{Raw: []byte(`"A"`)}, {Raw: []byte(`"B"`)}}},
		"1 to 2":                   {Minimum: &one, Maximum: &two},
		"at least 1":               {Format: "int32", Minimum: &one, Maximum: &greatest},
		"at most 2":                {Format: "int32", Minimum: &smallest, Maximum: &two},
		"at least 1 characters":    {MinLength: &least},
		"at most 2 items":          {MaxItems: &most},
		"at most 2 entries":        {MaxProperties: &most},
		"matches `^a|b$`":          {Pattern: "^a|b$"},
		"merged by `a`, each once": {XListMapKeys: []string{"a"}},
	} {
		if got := strings.Join(bounds(&s), "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDocsOfOutdatedCRD has a field in the Go types that the CRD does not have yet.
func TestDocsOfOutdatedCRD(t *testing.T) {
	text, err := os.ReadFile(crdPath)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	i := slices.Index(lines, "                  grpcPort:\n")
	if i < 0 {
		t.Fatal("the CRD has no grpcPort at the expected indentation")
	}
	lines[i] = "                  port:\n"
	path := filepath.Join(t.TempDir(), "crd.yaml")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "the CRD has no PerformerConfig.grpcPort: run hack/update-crd.sh"
	if err := run([]string{"docs", path}, &bytes.Buffer{}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
