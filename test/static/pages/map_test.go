// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestMapNamesFiles checks that the files in CONTRIBUTING.md's map of the code exist.
func TestMapNamesFiles(t *testing.T) {
	text, err := os.ReadFile(repository.Path("CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Where is what\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("CONTRIBUTING.md has no section Where is what")
	}
	questions := strings.Count(section, "? | ")
	if questions != 17 {
		t.Errorf("the map answers %d questions, want 17", questions)
	}
	for _, match := range regexp.MustCompile("`((?:pkg|hack|test)/[^`]+)`").FindAllStringSubmatch(section, -1) {
		if _, err := os.Stat(repository.Path(match[1])); err != nil {
			t.Errorf("the map names %s: %v", match[1], err)
		}
	}
}
