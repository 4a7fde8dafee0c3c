// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestOwners holds the map of folders against the folders.
func TestOwners(t *testing.T) {
	const page = ".github/CODEOWNERS"
	var paths []string
	for line := range strings.Lines(read(t, page)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		path := fields[0]
		info, err := os.Stat(repository.Path(path))
		switch {
		case len(fields) < 2 || !strings.HasPrefix(fields[1], "@"):
			t.Errorf("%s: %s has no owner", page, path)
		case !strings.HasPrefix(path, "/"):
			t.Errorf("%s: %s does not begin with /, so it matches anywhere", page, path)
		case err != nil:
			t.Errorf("%s: there is no %s", page, path)
		case strings.HasSuffix(path, "/") && !info.IsDir():
			t.Errorf("%s: %s is no folder", page, path)
		}
		for _, earlier := range paths {
			if strings.HasSuffix(path, "/") && strings.HasPrefix(earlier, path) {
				t.Errorf("%s: %s comes after %s, so that one never counts", page, path, earlier)
			}
		}
		paths = append(paths, path)
	}
	told := map[string]bool{}
	for _, file := range tracked(t) {
		top, _, isFolder := strings.Cut(file, "/")
		covered := false
		for _, path := range paths {
			covered = covered || path == "/"+top || isFolder && path == "/"+top+"/"
		}
		if !covered && !told[top] {
			told[top] = true
			t.Errorf("%s: nobody has %s", page, top)
		}
	}
}

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	identifier = regexp.MustCompile(`^[A-Za-z]\w+$`)
	block      = regexp.MustCompile("(?s)```.*?```")
	step       = regexp.MustCompile(`(?m)^\*\*\d+\. `)
)

// TestWorkedExample holds the steps of CONTRIBUTING.md against the files that they name, and what they
// name in these.
func TestWorkedExample(t *testing.T) {
	const page = "CONTRIBUTING.md"
	text := read(t, page)
	_, example, found := strings.Cut(text, "\n## How to add a field")
	if !found {
		t.Fatalf("%s has no worked example", page)
	}
	example, _, _ = strings.Cut(example, "\n## ")
	steps := step.Split(example, -1)[1:]
	if len(steps) < 9 {
		t.Fatalf("the worked example has %d steps", len(steps))
	}
	for i, text := range steps {
		var files, names []string
		for _, match := range quoted.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			switch word := match[1]; {
			case strings.Contains(word, "/") && !strings.Contains(word, " "):
				if _, err := os.Stat(repository.Path(word)); err != nil {
					t.Errorf("step %d: there is no %s", i+1, word)
				} else if filepath.Ext(word) != "" {
					files = append(files, word)
				}
			case strings.HasPrefix(word, "make "):
				if err := runnable(t, word); err != nil {
					t.Errorf("step %d: %s: %v", i+1, word, err)
				}
			case identifier.MatchString(word) && word != "omitempty":
				names = append(names, word)
			}
		}
		for _, name := range names {
			if !inOneOf(t, files, name) {
				t.Errorf("step %d: there is no %s in any of %q", i+1, name, files)
			}
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^(Test\w+): `).FindAllStringSubmatch(example, -1) {
		if !inOneOf(t, []string{"pkg/performer/revision_test.go", "test/static/pages/fields_test.go"}, match[1]) {
			t.Errorf("there is no %s", match[1])
		}
	}
	if strings.Contains(read(t, "pkg/apis/hourglass/v1alpha1/types.go"), "WorkingDir") {
		t.Errorf("the field of the example exists now: %s says that it does not", page)
	}
}

// inOneOf tells whether a word stands in one of the files.
func inOneOf(t *testing.T, files []string, word string) bool {
	t.Helper()
	whole := regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`)
	for _, file := range files {
		if whole.MatchString(read(t, file)) {
			return true
		}
	}
	return false
}

// TestChanges looks at the form of the changelog. TestCheckRelease prints a section of one.
func TestChanges(t *testing.T) {
	if !strings.Contains(read(t, "CHANGELOG.md"), "\n## [Unreleased]\n") {
		t.Error("CHANGELOG.md has no section ## [Unreleased]")
	}
	for _, match := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1) {
		if !regexp.MustCompile(`^\[(Unreleased\]|\d+\.\d+\.\d+\S*\] - \d{4}-\d\d-\d\d)$`).MatchString(match[1]) {
			t.Errorf("CHANGELOG.md: %q is neither [Unreleased] nor [1.2.3] - 2026-01-31", match[1])
		}
	}
	if out, err := run(t, nil, "hack/changes.sh", "v99.0.0"); err == nil || !strings.Contains(out, "no section ## [99.0.0]") {
		t.Errorf("%v: %s", err, out)
	}
}
