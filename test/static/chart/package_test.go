// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestPackage builds a chart repository as a release does, and checks its index and the packaged
// chart.
func TestPackage(t *testing.T) {
	t.Parallel()
	const image = "registry.example.org:5000/team/hourglass-operator:v1.2.3"
	folder := t.TempDir()
	makeTargets(t, "helm-package", "helm-index", "CHART_RELEASES="+folder, "IMG="+image, "CHART_VERSION=1.2.3", "CHART_URL=https://charts.example.org")

	index := readIndex(t, folder)
	for path, want := range map[string]string{
		"version": "1.2.3", "appVersion": "v1.2.3", "urls.0": "https://charts.example.org/hourglass-operator-1.2.3.tgz",
	} {
		if got := get(index, "entries.hourglass-operator.0."+path); got != want {
			t.Errorf("%s in the index is %v, want %s", path, got, want)
		}
	}

	// The package contains the chart; only the version and the image differ.
	packaged := filepath.Join(folder, "hourglass-operator-1.2.3.tgz")
	eachHelm(t, func(t *testing.T, helm string) {
		want := withoutHelm(t, renderChart(t, helm))
		container(t, want)["image"] = image
		compare(t, want, withoutHelm(t, parse(t, output(t, helm, "template", usualRelease, packaged, "--namespace", namespace))))
		if readme := string(output(t, helm, "show", "readme", packaged)); !strings.Contains(readme, "`registry.example.org:5000/team/hourglass-operator`") {
			t.Error("the table of values in the README lacks the repository")
		}
	})
}

// TestIndexKeepsEarlierReleases indexes two releases one after the other. The package of the first
// no longer exists when the second is indexed.
func TestIndexKeepsEarlierReleases(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, version := range []string{"1.2.3", "1.2.4"} {
		makeTargets(t, "helm-package", "CHART_RELEASES="+folder, "IMG=registry.example.org/operator:v"+version, "CHART_VERSION="+version)
		makeTargets(t, "helm-index", "CHART_RELEASES="+folder, "CHART_URL=https://charts.example.org/"+version)
		if err := os.Remove(filepath.Join(folder, "hourglass-operator-"+version+".tgz")); err != nil {
			t.Fatal(err)
		}
	}
	index := readIndex(t, folder)
	for i, version := range []string{"1.2.4", "1.2.3"} {
		want := "https://charts.example.org/" + version + "/hourglass-operator-" + version + ".tgz"
		if url := get(index, fmt.Sprintf("entries.hourglass-operator.%d.urls.0", i)); url != want {
			t.Errorf("entry %d of the index has the URL %v, want %s", i, url, want)
		}
	}
}

func TestPackageByDigest(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	folder := t.TempDir()
	makeTargets(t, "helm-package", "CHART_RELEASES="+folder, "IMG=registry.example.org/operator:v1@"+digest, "CHART_VERSION=1.0.0")
	eachHelm(t, func(t *testing.T, helm string) {
		packaged := parse(t, output(t, helm, "template", usualRelease, filepath.Join(folder, "hourglass-operator-1.0.0.tgz"), "--namespace", namespace))
		if got, want := container(t, packaged)["image"], "registry.example.org/operator@"+digest; got != want {
			t.Errorf("the image is %v, want %s", got, want)
		}
	})
}

func TestPackageRequiresTag(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("make", "--no-print-directory", "helm-package", "CHART_RELEASES="+t.TempDir(), "IMG=localhost:5000/operator")
	cmd.Dir = repository.Root()
	if printed, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(printed), "must have a tag") {
		t.Errorf("%v: %s", err, printed)
	}
}

// makeTargets runs make with the given targets and variables.
func makeTargets(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("make", append([]string{"--no-print-directory"}, args...)...)
	cmd.Dir = repository.Root()
	if printed, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
}

// readIndex reads the index of a chart repository.
func readIndex(t *testing.T, folder string) (index object) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(folder, "index.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(file, &index); err != nil {
		t.Fatal(err)
	}
	return index
}
