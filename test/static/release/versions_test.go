// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestVersionsPage holds the versions of docs/versions.md against the API servers that are built, and
// the versions of Go and of client-go against go.mod.
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
