// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestMapNamesFiles checks that the files in CONTRIBUTING.md's table of questions exist.
func TestMapNamesFiles(t *testing.T) {
	_, section, found := strings.Cut(read(t, "CONTRIBUTING.md"), "\n## Where to look\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("CONTRIBUTING.md has no section Where to look")
	}
	if questions := strings.Count(section, "? | "); questions < 17 {
		t.Errorf("the table has %d questions, want those of a newcomer, at least 17", questions)
	}
	for _, match := range regexp.MustCompile("`((?:pkg|hack|test)/[^`]+)`").FindAllStringSubmatch(section, -1) {
		if _, err := os.Stat(repository.Path(match[1])); err != nil {
			t.Errorf("the table names %s: %v", match[1], err)
		}
	}
}

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	identifier = regexp.MustCompile(`^[A-Za-z]\w+$`)
	block      = regexp.MustCompile("(?s)```.*?```")
	step       = regexp.MustCompile(`(?m)^\*\*\d+\. `)
)

// TestWorkedExample checks that the files and make targets in the steps of CONTRIBUTING.md exist,
// and that the files contain the identifiers that the steps mention.
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
		t.Fatalf("the worked example has %d steps, want at least 9", len(steps))
	}
	for i, text := range steps {
		var files, names []string
		for _, match := range quoted.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			switch word := match[1]; {
			case strings.Contains(word, "/") && !strings.Contains(word, " "):
				if _, err := os.Stat(repository.Path(word)); err != nil {
					t.Errorf("step %d: %s does not exist", i+1, word)
				} else if filepath.Ext(word) != "" {
					files = append(files, word)
				}
			case strings.HasPrefix(word, "make "):
				target := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(strings.Fields(word)[1]) + `:`)
				if !target.MatchString(read(t, "Makefile")) {
					t.Errorf("step %d: %s: no such make target", i+1, word)
				}
			case identifier.MatchString(word) && word != "omitempty":
				names = append(names, word)
			}
		}
		for _, name := range names {
			if !inOneOf(t, files, name) {
				t.Errorf("step %d: %s is in none of %q", i+1, name, files)
			}
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^(Test\w+): `).FindAllStringSubmatch(example, -1) {
		if !inOneOf(t, []string{"pkg/performer/render/revision_test.go", "test/static/pages/fields_test.go"}, match[1]) {
			t.Errorf("the test %s does not exist", match[1])
		}
	}
	if strings.Contains(read(t, "pkg/apis/hourglass/v1alpha1/types.go"), "WorkingDir") {
		t.Errorf("the API now has the field of the example: use another field in %s", page)
	}
}

// inOneOf reports whether one of the files contains a word.
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
