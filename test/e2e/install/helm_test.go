//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

const (
	chart   = "charts/hourglass-operator"
	release = "hourglass-operator"
)

// helm is a Helm of a major version.
type helm struct {
	program string
}

// newHelm returns the Helm of a name in hack/tools.
func newHelm(t *testing.T, name string) helm {
	t.Helper()
	// Of the user's own repositories and plugins nothing is wanted.
	for _, variable := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		t.Setenv(variable, t.TempDir())
	}
	return helm{program: strings.TrimSpace(run(t, "hack/tools/build.sh", name))}
}

// try runs a command about the release, such as install, and returns what it said.
func (h helm) try(t *testing.T, verb string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{verb, release, "--namespace=" + framework.OperatorNamespace, "--timeout=3m"}, args...)
	return cluster.Run(t.Context(), h.program, args...)
}

func (h helm) run(t *testing.T, verb string, args ...string) string {
	t.Helper()
	output, err := h.try(t, verb, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// packaged returns the path of the chart as a package.
func (h helm) packaged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, h.program, "package", chart, "--destination", dir)
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("helm package has made %v: %v", packages, err)
	}
	return packages[0]
}

// upgradeAndBack upgrades the release to a later chart with another CRD and nextImage, rolls that back, upgrades
// again with webhooks, and runs the release's test.
func (h helm) upgradeAndBack(t *testing.T, ns *framework.Namespace) {
	t.Helper()
	later := laterChart(t)
	upgrade := []string{later, "--reset-then-reuse-values", "--set", "operator.image.tag=" + tagOf(nextImage), "--wait"}
	described := func() string {
		return run(t, "kubectl", "get", "crd", crd, "--output=jsonpath={.spec.versions[0].schema.openAPIV3Schema.description}")
	}
	earlier := described()

	h.run(t, "upgrade", upgrade...)
	operatorRuns(t, nextImage)
	if now := described(); !strings.Contains(now, laterWords) {
		t.Errorf("the CRD was not upgraded: its description is %q", now)
	}
	h.run(t, "rollback", "--wait")
	operatorRuns(t, image)
	if now := described(); now != earlier {
		t.Errorf("the CRD was not rolled back: its description is %q, want %q", now, earlier)
	}

	upgrade = append(upgrade, "--set", "webhook.enabled=true",
		"--set", "networkPolicy.enabled=true", "--set", "networkPolicy.performers.namespaces={"+ns.Name+"}")
	h.run(t, "upgrade", upgrade...)
	operatorRuns(t, nextImage)
	framework.Eventually(t, "a webhook to refuse what is wrong", refusal(ns))
	// What the operator has written into the configurations is not Helm's to take away, nor to stumble over.
	h.run(t, "upgrade", upgrade...)
	if err := refusal(ns)(t.Context()); err != nil {
		t.Errorf("after an upgrade with the same values: %v", err)
	}

	if output := h.run(t, "test"); !strings.Contains(output, "Succeeded") {
		t.Errorf("helm test says:\n%s", output)
	}
}

// refusal returns a check that a Performer which only a webhook finds something wrong with is refused.
func refusal(ns *framework.Namespace) func(context.Context) error {
	return func(ctx context.Context) error {
		wrong := ns.Performer("wrong")
		wrong.Spec.Image = "registry.example.org/Performer:v1"
		_, err := cluster.Performers.HourglassV1alpha1().Performers(ns.Name).
			Create(ctx, wrong, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if !apierrors.IsInvalid(err) {
			return fmt.Errorf("the API server says of an image in upper case: %w", err)
		}
		return nil
	}
}

// tagOf returns the tag of an image.
func tagOf(image string) string {
	_, tag, _ := strings.Cut(image, ":")
	return tag
}

// laterWords are in the description of the CRD of laterChart.
const laterWords = "of a later chart"

// laterChart returns a copy of the chart with another CRD.
func laterChart(t *testing.T) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), release)
	if err := os.CopyFS(copied, os.DirFS(filepath.Join("../../..", chart))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(copied, "files/crd/hourglass.eigenlayer.io_performers.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const words = "Performer declares"
	before, after, found := strings.Cut(string(content), words)
	if !found {
		t.Fatalf("%s does not have the words %q", file, words)
	}
	if err := os.WriteFile(file, []byte(before+"Performer, "+laterWords+", declares"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
