// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"encoding/json"
	"fmt"
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

// TestVersionsPage compares the versions in docs/versions.md with the API servers that are built,
// and the versions of Go and client-go with go.mod.
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
		t.Errorf("docs/versions.md lists %q, want the versions that make test-compat runs: %q", claimed, built)
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

// TestKubernetesVersionsAgree compares the operator's modules and hack/crdtool's with the newest
// server.
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

const mit = "Permission is hereby granted, free of\ncharge, to any person obtaining a copy of this software\n"

// TestVerifyLicenses runs hack/verify-licenses.sh on a vendor folder with one module.
func TestVerifyLicenses(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string // empty: it passes
	}{
		"allowed license":            {map[string]string{"LICENSE": mit}, ""},
		"other file name":            {map[string]string{"COPYING.txt": mit}, ""},
		"forbidden license":          {map[string]string{"LICENSE": "GNU GENERAL PUBLIC LICENSE Version 3"}, `"GNU GENERAL PUBLIC"`},
		"license with a restriction": {map[string]string{"LICENSE": mit + "The Commons Clause applies."}, `"Commons Clause"`},
		"advertising clause":         {map[string]string{"LICENSE": "Redistribution and use in source and binary forms\nAll advertising materials"}, `"BSD-4-Clause"`},
		"unknown license":            {map[string]string{"LICENSE": "Ask me first."}, "unknown license in"},
		"no license":                 {map[string]string{"code.go": "package code"}, "no license file in"},
		"license of a package only":  {map[string]string{"inner/LICENSE": mit}, "no license file in"},
		"forbidden in a package":     {map[string]string{"LICENSE": mit, "inner/LICENSE": "Mozilla Public License"}, `"Mozilla Public"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			vendor := t.TempDir()
			write(t, vendor, "modules.txt", "# example.com/code v1.2.3\n## explicit\nexample.com/code\n")
			for path, content := range test.files {
				write(t, vendor, "example.com/code/"+path, content)
			}
			out, err := run(t, nil, "hack/verify-licenses.sh", vendor)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%v: %s", err, out)
			case test.want != "" && err == nil:
				t.Errorf("passed, want %s: %s", test.want, out)
			case !strings.Contains(out, test.want) || !strings.Contains(out, "example.com/code"):
				t.Errorf("got %s, want it to name the module and say %s", out, test.want)
			}
		})
	}
}

// vulnerable creates a database with one vulnerability, which is in one function in every version
// of its module, and returns the database's URL.
func vulnerable(t *testing.T, module, pkg, function string) string {
	t.Helper()
	dir := t.TempDir()
	const when = "2026-01-01T00:00:00Z"
	write(t, dir, "index/db.json", fmt.Sprintf(`{"modified":%q}`, when))
	write(t, dir, "index/modules.json", fmt.Sprintf(`[{"path":%q,"vulns":[{"id":"GO-2026-0001","modified":%q}]}]`, module, when))
	write(t, dir, "ID/GO-2026-0001.json", fmt.Sprintf(`{
		"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": %q, "published": %q, "summary": "made up",
		"database_specific": {"url": "https://pkg.go.dev/vuln/GO-2026-0001"},
		"affected": [{
			"package": {"name": %q, "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
			"ecosystem_specific": {"imports": [{"path": %q, "symbols": [%q]}]}
		}]}`, when, when, module, pkg, function))
	return "file://" + dir
}

// TestVulncheck runs hack/vulncheck.sh with a vulnerability in code that is called, with one in
// code that is not called, and without a database.
func TestVulncheck(t *testing.T) {
	// Only a small part of the program, to save time.
	const types = "./pkg/apis/hourglass/v1alpha1"
	called := vulnerable(t, "k8s.io/apimachinery", "k8s.io/apimachinery/pkg/runtime/schema", "GroupVersion.WithResource")
	uncalled := vulnerable(t, "k8s.io/apimachinery", "k8s.io/apimachinery/pkg/util/framer", "NewLengthDelimitedFrameReader")
	tests := map[string]struct {
		db     string
		args   []string
		passes bool
		want   string
	}{
		"no vulnerable call":              {uncalled, []string{types}, true, "No vulnerabilities found"},
		"vulnerable call":                 {called, []string{"--if-reachable", types}, false, "Your code is affected by 1 vulnerability"},
		"no database":                     {"file://" + t.TempDir(), nil, false, "NOT RUN"},
		"no database with --if-reachable": {"http://127.0.0.1:1", []string{"--if-reachable"}, true, "NOT RUN"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, []string{"VULNDB=" + test.db}, "hack/vulncheck.sh", test.args...)
			if passed := err == nil; passed != test.passes || !strings.Contains(out, test.want) {
				t.Errorf("passed: %t, want %t and output with %q: %s", passed, test.passes, test.want, out)
			}
		})
	}
}
