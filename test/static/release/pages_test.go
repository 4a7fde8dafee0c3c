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

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	identifier = regexp.MustCompile(`^[A-Za-z]\w+$`)
	block      = regexp.MustCompile("(?s)```.*?```")
	step       = regexp.MustCompile(`(?m)^\*\*\d+\. `)
)

// TestWorkedExample checks that the files in the steps of CONTRIBUTING.md exist, and have the names that
// the steps mention.
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
		if !inOneOf(t, []string{"pkg/performer/render/revision_test.go", "test/static/pages/fields_test.go"}, match[1]) {
			t.Errorf("there is no %s", match[1])
		}
	}
	if strings.Contains(read(t, "pkg/apis/hourglass/v1alpha1/types.go"), "WorkingDir") {
		t.Errorf("the field of the example exists now: use another one in %s", page)
	}
}

// inOneOf reports whether one of the files has a word.
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

// TestChanges checks the form of the changelog. TestCheckRelease prints a section of one.
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
