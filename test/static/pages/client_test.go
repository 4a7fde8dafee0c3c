// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const clientPage = "docs/client.md"

// update makes the test rewrite the page:
// go test ./test/static/pages -run TestClientPageShows -update-client-page
var update = flag.Bool("update-client-page", false, "write the example's code into "+clientPage)

// shown matches a block of Go in the page and the line above it, which names the function and its
// file.
var shown = regexp.MustCompile("(?s)`(\\w+)` in \\[\\S+\\]\\(\\.\\./(\\S+)\\):\n\n```go\n(.*?)```\n")

// function returns the source of a function with its doc comment.
func function(t *testing.T, path, name string) string {
	t.Helper()
	text := read(t, path)
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, declared := range file.Decls {
		f, ok := declared.(*ast.FuncDecl)
		if !ok || f.Name.Name != name {
			continue
		}
		from := f.Pos()
		if f.Doc != nil {
			from = f.Doc.Pos()
		}
		return text[set.Position(from).Offset:set.Position(f.End()).Offset] + "\n"
	}
	t.Fatalf("%s has no function %s", path, name)
	return ""
}

// TestClientPageShowsTheExample checks that every block of Go in the page is a function of the
// example, which is compiled and tested.
func TestClientPageShowsTheExample(t *testing.T) {
	page := read(t, clientPage)
	blocks := shown.FindAllStringSubmatch(page, -1)
	if len(blocks) == 0 || len(blocks) != strings.Count(page, "```go\n") {
		t.Fatalf("only %d of %d blocks of Go name their function and file", len(blocks), strings.Count(page, "```go\n"))
	}
	wanted := page
	for _, block := range blocks {
		name, path := block[1], block[2]
		code := function(t, path, name)
		if code != block[3] && !*update {
			t.Errorf("%s: the code of %s differs from %s: run go test ./test/static/pages -run TestClientPageShows -update-client-page", clientPage, name, path)
		}
		wanted = strings.Replace(wanted, "```go\n"+block[3]+"```\n", "```go\n"+code+"```\n", 1)
	}
	if *update {
		if err := os.WriteFile(repository.Path(clientPage), []byte(wanted), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestClientPageLimits compares the numbers of packages and modules on the page with the limits of
// TestDependencies.
func TestClientPageLimits(t *testing.T) {
	source := read(t, "examples/client/dependencies_test.go")
	stated := regexp.MustCompile(`at most (\d+) packages of (\d+) modules`).FindStringSubmatch(read(t, clientPage))
	packages := regexp.MustCompile(`maxPackages = (\d+)`).FindStringSubmatch(source)
	modules := regexp.MustCompile(`maxModules  = (\d+)`).FindStringSubmatch(source)
	if stated == nil || packages == nil || modules == nil {
		t.Fatalf("no limits found: %v, %v, %v", stated, packages, modules)
	}
	if stated[1] != packages[1] || stated[2] != modules[1] {
		t.Errorf("%s states %s packages of %s modules, want the limits of TestDependencies: %s of %s", clientPage, stated[1], stated[2], packages[1], modules[1])
	}
}
