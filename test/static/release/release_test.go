// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// bom has the fields of a CycloneDX SBOM that the tests use.
type bom struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Metadata    struct {
		Component  component `json:"component"`
		Properties []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"properties"`
	} `json:"metadata"`
	Components   []component `json:"components"`
	Dependencies []struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	} `json:"dependencies"`
}

type component struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Purl    string `json:"purl"`
}

const crdFile = "manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml"

// TestRelease builds a release for this machine's platform, twice.
func TestRelease(t *testing.T) {
	dist := t.TempDir()
	const image = "registry.example/hourglass-operator:v1.2.3"
	env := []string{"DIST=" + dist, "PLATFORMS=linux/" + runtime.GOARCH, "IMG=" + image, "VERSION=v1.2.3",
		// Not from git: a commit or an edit during the test would change the program.
		"COMMIT=0123456789", "COMMIT_DATE=2026-01-01T00:00:00Z", "TREE_STATE=clean"}
	write(t, dist, "manager-linux-earlier", "of an earlier release")
	if out, err := run(t, env, "hack/release.sh"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program := "manager-linux-" + runtime.GOARCH
	files := list(t, dist)
	for _, file := range []string{program, program + ".cdx.json", "install.yaml", "third-party-licenses.txt", "checksums.txt", "hourglass-operator-1.2.3.tgz"} {
		if !slices.Contains(files, file) {
			t.Errorf("the release lacks %s, it has %q", file, files)
		}
	}
	if slices.Contains(files, "manager-linux-earlier") {
		t.Error("a file of an earlier release was not deleted")
	}
	sums := checkSums(t, dist)
	checkBOM(t, filepath.Join(dist, program), sums[program])

	if installer := file(t, dist, "install.yaml"); strings.Count(installer, "image: "+image+"\n") != 1 {
		t.Errorf("install.yaml must have the image %s exactly once", image)
	}
	built, err := run(t, nil, "hack/tools/build.sh", "helm4")
	if err != nil {
		t.Fatalf("%v: %s", err, built)
	}
	chart, err := run(t, nil, "bin/tools/helm4", "template", filepath.Join(dist, "hourglass-operator-1.2.3.tgz"))
	if err != nil || !strings.Contains(strings.ReplaceAll(chart, `"`, ""), "image: "+image+"\n") {
		t.Errorf("the chart does not have the image %s: %v", image, err)
	}
	if out, err := run(t, env, "hack/release.sh"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again := checkSums(t, dist)
	for name := range sums {
		if strings.HasSuffix(name, ".tgz") { // Helm writes times into it
			delete(sums, name)
			delete(again, name)
		}
	}
	if fmt.Sprint(again) != fmt.Sprint(sums) {
		t.Errorf("the second build differs:\n%v\n%v", sums, again)
	}
}

func TestReleaseRejectsInvalidNames(t *testing.T) {
	env := []string{"DIST=" + t.TempDir(), "PLATFORMS=amd64"}
	if out, err := run(t, env, "hack/release.sh"); err == nil || !strings.Contains(out, `PLATFORMS: invalid platform "amd64": expected OS/ARCHITECTURE`) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run(t, nil, "hack/render.sh", "localhost:5000/operator"); err == nil || !strings.Contains(out, "must have a tag, such as localhost:5000/operator:v1.2.3") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestCheckRelease runs the check on a copy of the files that it reads, and fixes one problem at a
// time.
func TestCheckRelease(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"hack/check-release.sh", "hack/changes.sh", "hack/lib/common.sh", crdFile} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(read(t, path)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	check := func(version, want string) {
		t.Helper()
		out, err := run(t, []string{"VERSION=" + version}, filepath.Join(dir, "hack/check-release.sh"))
		if ready := strings.HasSuffix(want, "can be released"); (err == nil) != ready || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s, want %s", version, err, out, want)
		}
	}
	check("1.2.3", `VERSION: invalid version "1.2.3": expected one like v1.2.3 or v1.2.3-rc.1`)
	check("v1.2", `VERSION: invalid version "v1.2": expected one like v1.2.3`)

	// As after the first steps of a release: above the section of the version is an empty
	// Unreleased.
	write(t, dir, "CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n\n### Added\n\n- This.\n")
	check("v1.2.4", "no section ## [1.2.4]")
	check("v1.2.3-rc.1", "no section ## [1.2.3-rc.1]")
	check("v1.2.3", "is not the CRD of this commit: run make crd-baseline VERSION=v1.2.3")
	if err := os.Mkdir(filepath.Join(dir, "hack/crd-compat"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "hack/crd-compat/v1.2.3.yaml", read(t, crdFile)+"# of another commit\n")
	check("v1.2.3", "is not the CRD of this commit: run make crd-baseline VERSION=v1.2.3")
	write(t, dir, "hack/crd-compat/v1.2.3.yaml", read(t, crdFile))
	check("v1.2.3", "v1.2.3 can be released")
	if out, err := run(t, nil, filepath.Join(dir, "hack/changes.sh"), "v1.2.3"); err != nil || out != "\n### Added\n\n- This.\n" {
		t.Errorf("%v: %q", err, out)
	}
	if out, err := run(t, nil, filepath.Join(dir, "hack/changes.sh"), "Unreleased"); err == nil || !strings.Contains(out, "the section ## [Unreleased] is empty") {
		t.Errorf("%v: %q", err, out)
	}
}

// TestPublishingStepsRejectInvalidInput runs the steps that need a registry, Sigstore or GitHub
// without these.
func TestPublishingStepsRejectInvalidInput(t *testing.T) {
	tests := map[string]struct {
		script string
		env    []string
		want   string
	}{
		"no image":          {"hack/sign.sh", []string{"IMG="}, "IMG must name"},
		"no password":       {"hack/registry-login.sh", []string{"IMG=x/y:z", "REGISTRY_USER=me", "REGISTRY_PASSWORD="}, "REGISTRY_PASSWORD must be set"},
		"no registry":       {"hack/registry-login.sh", []string{"IMG=y:z", "REGISTRY_USER=me", "REGISTRY_PASSWORD=x"}, "it names no registry"},
		"no version":        {"hack/publish.sh", []string{"VERSION="}, `VERSION: invalid version ""`},
		"version is a word": {"hack/publish.sh", []string{"VERSION=latest"}, `VERSION: invalid version "latest"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if out, err := run(t, test.env, test.script); err == nil || !strings.Contains(out, test.want) {
				t.Errorf("%v: %s, want %s", err, out, test.want)
			}
		})
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func file(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// checkSums compares checksums.txt with every other file and returns the sums.
func checkSums(t *testing.T, dist string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for line := range strings.Lines(file(t, dist, "checksums.txt")) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	for _, name := range list(t, dist) {
		if name == "checksums.txt" {
			continue
		}
		if sum := sha256.Sum256([]byte(file(t, dist, name))); sums[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("checksums.txt has %q for %s, want %x", sums[name], name, sum)
		}
	}
	if len(sums) != len(list(t, dist))-1 {
		t.Errorf("checksums.txt lists %d files, want %d", len(sums), len(list(t, dist))-1)
	}
	return sums
}

// checkBOM compares the SBOM of a program with the modules that the linker recorded in the program.
func checkBOM(t *testing.T, program, sum string) {
	t.Helper()
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": info.GoVersion}
	licenses := file(t, filepath.Dir(program), "third-party-licenses.txt")
	for _, dep := range info.Deps {
		want[dep.Path] = dep.Version
		if !strings.Contains(licenses, fmt.Sprintf("\n======== %s %s: ", dep.Path, dep.Version)) {
			t.Errorf("third-party-licenses.txt has no license of %s %s", dep.Path, dep.Version)
		}
	}
	if len(want) < 20 {
		t.Fatalf("the program lists only the modules %v", want)
	}

	var b bom
	if err := json.Unmarshal([]byte(file(t, filepath.Dir(program), filepath.Base(program)+".cdx.json")), &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.SpecVersion != "1.6" {
		t.Errorf("the format of the SBOM is %s %s, want CycloneDX 1.6", b.Format, b.SpecVersion)
	}
	if c := b.Metadata.Component; c.Type != "application" || c.Name != info.Main.Path || c.Version != "v1.2.3" {
		t.Errorf("the SBOM describes %+v, want the program at v1.2.3", c)
	}
	hashed := false
	for _, property := range b.Metadata.Properties {
		hashed = hashed || property.Name == "cdx:gomod:binary:hash:SHA-256" && property.Value == sum
	}
	if !hashed {
		t.Errorf("the SBOM does not have the SHA-256 hash of the program: %s", sum)
	}
	got := map[string]string{}
	refs := map[string]bool{b.Metadata.Component.Ref: true}
	for _, c := range b.Components {
		got[c.Name] = c.Version
		if refs[c.Ref] {
			t.Errorf("the SBOM has %s twice", c.Ref)
		}
		refs[c.Ref] = true
		if !strings.HasPrefix(c.Purl, "pkg:golang/"+c.Name+"@"+c.Version+"?") {
			t.Errorf("the purl of %s %s is %s", c.Name, c.Version, c.Purl)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the SBOM lists the modules\n%v, want those of the program:\n%v", got, want)
	}
	for _, d := range b.Dependencies {
		for _, ref := range append(d.DependsOn, d.Ref) {
			if !refs[ref] {
				t.Errorf("the SBOM has dependencies of %s, which is not among its components", ref)
			}
		}
	}
}

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// write creates a file in a folder, with its parent folders.
func write(t *testing.T, dir, path, content string) {
	t.Helper()
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a script in the root of the repository and returns its output.
func run(t *testing.T, env []string, script string, args ...string) (string, error) {
	t.Helper()
	if !filepath.IsAbs(script) {
		script = "./" + script
	}
	cmd := exec.CommandContext(t.Context(), script, args...)
	cmd.Dir = repository.Root()
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tracked lists the files that are in git or could be added, so without ignored files.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = repository.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return strings.Fields(string(out))
}

// TestChanges checks the format of CHANGELOG.md. TestCheckRelease prints a section of a changelog.
func TestChanges(t *testing.T) {
	if !strings.Contains(read(t, "CHANGELOG.md"), "\n## [Unreleased]\n") {
		t.Error("CHANGELOG.md has no section ## [Unreleased]")
	}
	for _, match := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1) {
		if !regexp.MustCompile(`^\[(Unreleased\]|\d+\.\d+\.\d+\S*\] - \d{4}-\d\d-\d\d)$`).MatchString(match[1]) {
			t.Errorf("CHANGELOG.md: heading %q is neither [Unreleased] nor [1.2.3] - 2026-01-31", match[1])
		}
	}
	if out, err := run(t, nil, "hack/changes.sh", "v99.0.0"); err == nil || !strings.Contains(out, "no section ## [99.0.0]") {
		t.Errorf("%v: %s", err, out)
	}
}
