// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// goMod is a go.mod, as `go mod edit -json` prints it.
type goMod struct {
	Require []struct {
		Path, Version string
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

// goMods returns the go.mod files of the repository by their paths.
func goMods(t *testing.T) map[string]goMod {
	t.Helper()
	mods := map[string]goMod{}
	for _, name := range tracked(t) {
		if path.Base(name) != "go.mod" || strings.HasPrefix(name, "vendor/") {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", filepath.Join(repository.Root(), name)).Output()
		if err != nil {
			t.Fatalf("go mod edit -json %s: %v", name, err)
		}
		var mod goMod
		if err := json.Unmarshal(out, &mod); err != nil {
			t.Fatal(err)
		}
		mods[name] = mod
	}
	return mods
}

// TestVersionsPage compares the versions in docs/versions.md with the API servers that are built, and
// the versions of Go and client-go with go.mod.
func TestVersionsPage(t *testing.T) {
	page := read(t, "docs/versions.md")
	mods := goMods(t)
	require := func(file, module string) string {
		for _, r := range mods[file].Require {
			if r.Path == module {
				return r.Version
			}
		}
		t.Fatalf("%s does not require %s", file, module)
		return ""
	}
	var built, minors []string
	for _, server := range []string{"kubernetes", "kubernetes-older"} {
		version := strings.TrimPrefix(require("hack/localcluster/components/"+server+"/go.mod", "k8s.io/kubernetes"), "v")
		minor := version[:strings.LastIndex(version, ".")]
		built = append(built, "| "+minor+" (`"+version+"`) |")
		minors = append(minors, minor)
	}
	claimed := regexp.MustCompile("(?m)^\\| \\d+\\.\\d+ \\(`[0-9.]+`\\) \\|").FindAllString(page, -1)
	if !slices.Equal(claimed, built) {
		t.Errorf("docs/versions.md claims %q, make test-compat runs %q", claimed, built)
	}

	slices.Sort(minors)
	tested := "Tested with Kubernetes " + strings.Join(minors, " and ")
	for _, name := range []string{"docs/admission.md", "docs/admission-policies.md"} {
		if !strings.Contains(strings.Join(strings.Fields(read(t, name)), " "), tested) {
			t.Errorf("%s does not say %q", name, tested)
		}
	}

	clientGo := strings.TrimPrefix(require("go.mod", "k8s.io/client-go"), "v")
	clientGo = clientGo[:strings.LastIndex(clientGo, ".")]
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	for _, want := range []string{"client-go " + clientGo, "Go " + goVersion} {
		if !strings.Contains(page, want) {
			t.Errorf("docs/versions.md does not say %q", want)
		}
	}
}

// released matches the version of a Kubernetes release; its modules use v1.37.2 and v0.37.2 alike.
var released = regexp.MustCompile(`^v[01]\.(\d+\.\d+)$`)

// TestKubernetesVersionsAgree compares the operator's modules and hack/crdtool's with the newest server.
func TestKubernetesVersionsAgree(t *testing.T) {
	mods := goMods(t)
	versions := map[string][]string{}
	note := func(file, module, version string) {
		if match := released.FindStringSubmatch(version); match != nil && strings.HasPrefix(module, "k8s.io/") {
			versions[match[1]] = append(versions[match[1]], file+": "+module+" "+version)
		}
	}
	for _, file := range []string{"go.mod", "hack/crdtool/go.mod"} {
		for _, r := range mods[file].Require {
			note(file, r.Path, r.Version)
		}
	}
	const server = "hack/localcluster/components/kubernetes/go.mod"
	for _, r := range mods[server].Require {
		if r.Path == "k8s.io/kubernetes" {
			note(server, r.Path, r.Version)
		}
	}
	for _, r := range mods[server].Replace {
		note(server, r.New.Path, r.New.Version)
	}
	if len(versions) != 1 {
		t.Errorf("%d versions of Kubernetes are in use, want 1: %v", len(versions), versions)
	}
}
