// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const statusPage = "docs/status.md"

// constants returns the values of the string constants in a file whose names start with prefix.
func constants(t *testing.T, path, prefix string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), repository.Path(path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if !strings.HasPrefix(name.Name, prefix) || i >= len(spec.Values) {
				continue
			}
			if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constants %s…", path, prefix)
	}
	slices.Sort(values)
	return values
}

// TestStatusPage compares the tables of the page with the constants of the code, in both
// directions.
func TestStatusPage(t *testing.T) {
	const types = "pkg/apis/hourglass/v1alpha1/types.go"
	for _, tt := range []struct{ heading, header, path, prefix string }{
		{"## Conditions", "type", types, "Condition"},
		{"## Reasons", "reason", "pkg/performer/reasons.go", "Reason"},
		{"## Phases", "phase", types, "Phase"},
	} {
		t.Run(tt.header, func(t *testing.T) {
			stated := map[string]bool{}
			for _, cells := range table(t, statusPage, tt.heading, tt.header) {
				word := strings.Trim(cells[0], "`")
				if stated[word] {
					t.Errorf("%s is listed twice", word)
				}
				stated[word] = true
				if len(cells) < 2 || cells[1] == "" {
					t.Errorf("%s is not explained", word)
				}
			}
			if got, want := slices.Sorted(maps.Keys(stated)), constants(t, tt.path, tt.prefix); !slices.Equal(got, want) {
				t.Errorf("the page has %v\nwant the constants of the code: %v", got, want)
			}
		})
	}
}

// TestEventsPageNamesReasons checks that the reasons in the table of events exist.
func TestEventsPageNamesReasons(t *testing.T) {
	reasons := constants(t, "pkg/performer/reasons.go", "Reason")
	for _, cells := range table(t, statusPage, "## Events", "type") {
		for _, reason := range code(cells[1]) {
			if !slices.Contains(reasons, reason) {
				t.Errorf("the reason %s does not exist", reason)
			}
		}
	}
}

// TestTEETableIsTheDefault parses the table on the page like the manager, and compares it with the
// default table.
func TestTEETableIsTheDefault(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/hardware.md"), "\n## Trusted execution environments\n")
	_, block, _ := strings.Cut(section, "```yaml\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("docs/hardware.md has no table")
	}
	tees, err := render.ParseTEEs([]byte(block))
	if err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(tees, render.DefaultTEEs()) {
		t.Errorf("the table in docs/hardware.md is %+v\nwant the default: %+v", tees, render.DefaultTEEs())
	}
}

// TestTroubleshootingNamesReasons checks that every heading of one word is a reason.
func TestTroubleshootingNamesReasons(t *testing.T) {
	reasons := constants(t, "pkg/performer/reasons.go", "Reason")
	found := 0
	for line := range strings.Lines(read(t, "docs/troubleshooting.md")) {
		reason, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
		if !ok || strings.Contains(reason, " ") {
			continue
		}
		found++
		if !slices.Contains(reasons, reason) {
			t.Errorf("the reason %s does not exist", reason)
		}
	}
	if found == 0 {
		t.Error("docs/troubleshooting.md has no heading that is a reason")
	}
}
