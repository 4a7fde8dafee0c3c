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

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// table returns the rows of the tables under a heading of a page whose first column has the given
// header. A row is a list of cells.
func table(t *testing.T, page, heading, header string) [][]string {
	t.Helper()
	_, section, found := strings.Cut(read(t, page), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows [][]string
	in := false
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			in = false
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case cells[0] == header:
			in = true
		case in && strings.Trim(cells[0], "-") != "":
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table with the column %q under %q", page, header, heading)
	}
	return rows
}

var inCode = regexp.MustCompile("`([^`]+)`")

// code returns the texts in backticks in a cell.
func code(cell string) []string {
	var words []string
	for _, match := range inCode.FindAllStringSubmatch(cell, -1) {
		words = append(words, match[1])
	}
	return words
}

// testFunction matches the tests in a file.
var testFunction = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(t \*testing\.T\)`)

// TestNamedTestsExist checks that every test that a page or its script names exists.
func TestNamedTestsExist(t *testing.T) {
	exist := map[string]bool{}
	for _, folder := range []string{"cmd", "pkg", "test", "hack", "examples"} {
		err := filepath.WalkDir(repository.Path(folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, match := range testFunction.FindAllStringSubmatch(string(text), -1) {
				exist[match[1]] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, page := range documents(t) {
		words := code(read(t, page.Path))
		for _, step := range page.Script.Steps {
			words = append(words, strings.Fields(step.NotRun)...)
		}
		for _, word := range words {
			word = strings.Trim(word, ",;.")
			if strings.HasPrefix(word, "Test") && !exist[word] {
				t.Errorf("%s names the test %s, which does not exist", page.Path, word)
			}
		}
	}
}
