// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"encoding/json"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// goMod is what `go mod edit -json` tells of a go.mod.
type goMod struct {
	Module  struct{ Path string }
	Require []struct {
		Path, Version string
		Indirect      bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Tool []struct{ Path string }
}

func goMods(t *testing.T) map[string]goMod {
	t.Helper()
	mods := map[string]goMod{}
	for _, name := range tracked(t) {
		if path.Base(name) != "go.mod" || strings.HasPrefix(name, "vendor/") {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", repository.Path(name)).Output()
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

// rule is a rule of renovate.json, with all the keys that we use: another is a mistake until it is
// known here.
type rule struct {
	Description       string   `json:"description"`
	MatchManagers     []string `json:"matchManagers"`
	MatchDepTypes     []string `json:"matchDepTypes"`
	MatchFileNames    []string `json:"matchFileNames"`
	MatchPackageNames []string `json:"matchPackageNames"`
	Enabled           *bool    `json:"enabled"`
	GroupName         string   `json:"groupName"`
	AllowedVersions   string   `json:"allowedVersions"`
}

func rules(t *testing.T) []rule {
	t.Helper()
	var config struct {
		Schema       string   `json:"$schema"`
		Extends      []string `json:"extends"`
		Timezone     string   `json:"timezone"`
		Schedule     []string `json:"schedule"`
		PostUpdate   []string `json:"postUpdateOptions"`
		PackageRules []rule   `json:"packageRules"`
	}
	decoder := json.NewDecoder(strings.NewReader(read(t, "renovate.json")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		t.Fatalf("renovate.json: %v", err)
	}
	return config.PackageRules
}

// matches tells whether one of Renovate's patterns is of a name: none matches all, ** any number of
// parts, * what is within one, and ! excludes.
func matches(patterns []string, name string) bool {
	included := true
	for _, pattern := range patterns {
		if !strings.HasPrefix(pattern, "!") {
			included = false
		}
	}
	for _, pattern := range patterns {
		bare := strings.TrimPrefix(pattern, "!")
		ok, _ := path.Match(bare, name)
		if prefix, found := strings.CutSuffix(bare, "/**"); found {
			ok = strings.HasPrefix(name, prefix+"/")
		}
		switch {
		case ok && bare != pattern:
			return false
		case ok:
			included = true
		}
	}
	return included
}

// verdict is what the rules make of a module in a file; later rules win.
func verdict(rules []rule, file, module, depType string) (enabled bool, group, allowed string) {
	enabled = depType != "indirect" // Renovate's own default
	for _, r := range rules {
		if len(r.MatchManagers) > 0 && !slices.Contains(r.MatchManagers, "gomod") ||
			len(r.MatchDepTypes) > 0 && !slices.Contains(r.MatchDepTypes, depType) ||
			!matches(r.MatchFileNames, file) || !matches(r.MatchPackageNames, module) {
			continue
		}
		if r.Enabled != nil {
			enabled = *r.Enabled
		}
		if r.GroupName != "" {
			group = r.GroupName
		}
		if r.AllowedVersions != "" {
			allowed = r.AllowedVersions
		}
	}
	return enabled, group, allowed
}

// released is a version that all of Kubernetes' modules are released with: v1.37.2 is also v0.37.2.
var released = regexp.MustCompile(`^v[01]\.(\d+\.\d+)$`)

// TestRenovateGroupsKubernetes looks at each of Kubernetes' modules in each go.mod.
func TestRenovateGroupsKubernetes(t *testing.T) {
	const older = "hack/localcluster/components/kubernetes-older/go.mod"
	rules := rules(t)
	seen := 0
	check := func(file, module, version, depType string) {
		t.Helper()
		// v0.0.0 only holds the place of a replacement.
		if !strings.HasPrefix(module, "k8s.io/") || !released.MatchString(version) || version == "v0.0.0" {
			return
		}
		seen++
		_, group, allowed := verdict(rules, file, module, depType)
		switch {
		case file == older && (group == "kubernetes" || !strings.HasPrefix(group, "kubernetes ")):
			t.Errorf("%s: %s is in the group %q", file, module, group)
		case file == older && !regexp.MustCompile(strings.Trim(allowed, "/")).MatchString(version):
			t.Errorf("%s: %s is at %s, allowed is %q", file, module, version, allowed)
		case file != older && (group != "kubernetes" || allowed != ""):
			t.Errorf("%s: %s is in the group %q, allowed is %q", file, module, group, allowed)
		}
	}
	for file, mod := range goMods(t) {
		for _, r := range mod.Require {
			depType := "require"
			if r.Indirect {
				depType = "indirect"
			}
			check(file, r.Path, r.Version, depType)
		}
		for _, r := range mod.Replace {
			check(file, r.New.Path, r.New.Version, "replace")
		}
	}
	if seen < 60 {
		t.Errorf("only %d modules of Kubernetes were seen", seen)
	}
	if _, group, _ := verdict(rules, "go.mod", "k8s.io/klog/v2", "require"); group != "" {
		t.Errorf("klog, which has versions of its own, is in the group %q", group)
	}
}

// TestRenovateSeesTools holds the list of what is enabled though it is indirect against the `tool` lines.
func TestRenovateSeesTools(t *testing.T) {
	rules := rules(t)
	var listed []string
	for _, r := range rules {
		if slices.Contains(r.MatchDepTypes, "indirect") {
			listed = append(listed, r.MatchPackageNames...)
		}
	}
	wanted := map[string]bool{}
	for file, mod := range goMods(t) {
		for _, tool := range mod.Tool {
			module := ""
			for _, r := range mod.Require {
				if (tool.Path == r.Path || strings.HasPrefix(tool.Path, r.Path+"/")) && len(r.Path) > len(module) {
					module = r.Path
				}
			}
			// etcd is of the version that Kubernetes selects.
			if module == "go.etcd.io/etcd/server/v3" {
				continue
			}
			wanted[module] = true
			if enabled, _, _ := verdict(rules, file, module, "indirect"); !enabled {
				t.Errorf("%s: the tool %s is of %s, which Renovate leaves alone", file, tool.Path, module)
			}
		}
	}
	for _, module := range listed {
		if !wanted[module] {
			t.Errorf("renovate.json enables %s, of which no go.mod has a tool", module)
		}
	}
}

// TestKubernetesIsOfOneVersion holds the operator's modules and the newest server against each other.
func TestKubernetesIsOfOneVersion(t *testing.T) {
	mods := goMods(t)
	versions := map[string][]string{}
	note := func(file, module, version string) {
		if match := released.FindStringSubmatch(version); match != nil && strings.HasPrefix(module, "k8s.io/") {
			versions[match[1]] = append(versions[match[1]], file+": "+module+" "+version)
		}
	}
	for _, r := range mods["go.mod"].Require {
		note("go.mod", r.Path, r.Version)
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
		t.Errorf("Kubernetes is of %d versions: %v", len(versions), versions)
	}
}
