// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const image = "registry.example.com/hourglass-operator:v1.2.3"

// platforms are the platforms of the operator's image.
var platforms = []string{"linux/amd64", "linux/arm64", "linux/s390x", "linux/ppc64le"}

func TestMakeBuildsTheImage(t *testing.T) {
	checkCalls(t, containerTool(t, "docker-build", nil), append(append([]string{"build"}, buildArgs()...), "--tag", image, "."))
}

func TestMakePushesTheImage(t *testing.T) {
	checkCalls(t, containerTool(t, "docker-push", nil), []string{"push", image})
}

func TestMakeBuildsTheImageForAllPlatforms(t *testing.T) {
	const builder = "hourglass-operator-builder"
	build := append([]string{"buildx", "build", "--builder", builder, "--platform", strings.Join(platforms, ",")}, buildArgs()...)
	build = append(build, "--tag", image, "--push", ".")
	inspect := []string{"buildx", "inspect", builder}

	t.Run("with an existing builder", func(t *testing.T) {
		checkCalls(t, containerTool(t, "docker-buildx", nil), inspect, build)
	})
	t.Run("with a new builder", func(t *testing.T) {
		checkCalls(t, containerTool(t, "docker-buildx", inspect), inspect, []string{"buildx", "create", "--name", builder}, build)
	})
}

// TestPackagesOfAllPlatforms finds what would break a build for another platform, without building:
// a package that has no file for the platform, or that only this platform needs and vendor/ lacks.
func TestPackagesOfAllPlatforms(t *testing.T) {
	for _, platform := range platforms {
		system, architecture, _ := strings.Cut(platform, "/")
		list := exec.CommandContext(t.Context(), "go", "list", "-mod=vendor", "-deps", "./cmd/manager")
		list.Dir = repository.Root()
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "CGO_ENABLED=0", "GOFLAGS=", "GOPROXY=off")
		output, err := list.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", platform, err, output)
			continue
		}
		if !slices.Contains(strings.Fields(string(output)), "k8s.io/client-go/kubernetes") {
			t.Errorf("%s: the manager does not depend on client-go:\n%s", platform, output)
		}
	}
}

func TestDockerfileGoVersion(t *testing.T) {
	want := find(t, "go.mod", `(?m)^go (\d+\.\d+)`)
	if got := find(t, "Dockerfile", `(?m)^ARG GO_VERSION=(\S+)$`); got != want {
		t.Errorf("the Dockerfile builds with Go %s, want the version in go.mod: %s", got, want)
	}
}

// TestDockerfileBase checks the base image, which test/e2e/image can't, since it builds on an empty
// image.
func TestDockerfileBase(t *testing.T) {
	last := find(t, "Dockerfile", `(?s).*\nFROM ([^\n]*)`)
	if want := "gcr.io/distroless/static:nonroot"; last != want {
		t.Errorf("the base image is %q, want %s, which has CA certificates and no programs", last, want)
	}
}

// buildArgs returns the arguments with which make passes the version in stamp to a build.
func buildArgs() []string {
	var args []string
	for _, variable := range stamp {
		args = append(args, "--build-arg", variable)
	}
	return args
}

// stamp is the version information in the environment of make.
var stamp = []string{"VERSION=v1.2.3", "COMMIT=0123abc", "COMMIT_DATE=2026-01-02T03:04:05Z", "TREE_STATE=clean"}

// containerTool runs a target of make with a program in place of docker, and returns the arguments
// of each call of this program. A call with the arguments in fails exits with an error.
func containerTool(t *testing.T, target string, fails []string) [][]string {
	t.Helper()
	dir := t.TempDir()
	tool, record := filepath.Join(dir, "docker"), filepath.Join(dir, "calls")
	script := `#!/bin/sh
{ printf '%s\n' "$@"; echo; } >>"$RECORD"
[ "$*" != "$FAILS" ]
`
	if err := os.WriteFile(tool, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "make", target, "CONTAINER_TOOL="+tool, "IMG="+image)
	run.Dir = repository.Root()
	run.Env = append(append(os.Environ(), "RECORD="+record, "FAILS="+strings.Join(fails, " ")), stamp...)
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", target, err, output)
	}
	recorded, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	var calls [][]string
	for call := range strings.SplitSeq(strings.TrimSuffix(string(recorded), "\n\n"), "\n\n") {
		calls = append(calls, strings.Split(call, "\n"))
	}
	return calls
}

func checkCalls(t *testing.T, got [][]string, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("calls of the container tool:\n%q, want\n%q", got, want)
	}
}

// find returns the first group of a regular expression's match in a file of the repository.
func find(t *testing.T, path, expression string) string {
	t.Helper()
	content, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(expression).FindSubmatch(content)
	if match == nil {
		t.Fatalf("%s has no match of %s", path, expression)
	}
	return string(match[1])
}
