// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// text joins lines, in which ”' stands for the fence of a block.
func text(lines ...string) string {
	return strings.ReplaceAll(strings.Join(lines, "\n"), "'''", "```") + "\n"
}

func TestParse(t *testing.T) {
	page, err := Parse("docs/x.md", text(
		"<!-- page: without operator -->",
		"# One: `two` (three)",
		"See [this](other.md#part), ![that](a.svg \"title\") and `[no](link)`.",
		"## Same",
		"## Same",
		"<!-- run:",
		"kubectl get pods",
		"-->",
		"<!-- An ordinary comment. -->",
		"Text.",
		"<!-- not run: needs a registry -->",
		"",
		"'''bash",
		"# Not a heading, and [not](a/link)",
		"make docker-push",
		"'''",
		"<!-- saved as: a.yaml -->",
		"<!-- applied -->",
		"'''yaml",
		"a: 1",
		"'''",
		"- in a list",
		"",
		"  <!-- fails -->",
		"  '''console",
		"  $ false",
		"    indented",
		"  '''",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := &Page{
		Path: "docs/x.md", WithoutOperator: true,
		Anchors: []string{"one-two-three", "same", "same-1"},
		Links:   []Link{{3, "other.md#part"}, {3, "a.svg"}},
		Blocks: []Block{
			{Line: 6, Language: Bash, Text: "kubectl get pods\n", Hidden: true},
			{Line: 14, Language: Bash, Text: "# Not a heading, and [not](a/link)\nmake docker-push\n", NotRun: "needs a registry"},
			{Line: 20, Language: YAML, Text: "a: 1\n", Applied: true, SavedAs: "a.yaml"},
			{Line: 26, Language: Console, Text: "$ false\n  indented\n", Fails: true},
		},
	}
	if !reflect.DeepEqual(page, want) {
		t.Errorf("got  %+v\nwant %+v", page, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, says string }{
		"no reason":              {text("<!-- not run: -->", "'''bash", "x", "'''"), `x.md:2: the marker "not run:" can't be`},
		"a word is no reason":    {text("<!-- not run: slow -->", "'''bash", "x", "'''"), "can't be"},
		"a misspelt marker":      {text("<!-- notrun: it is slow -->", "'''bash", "x", "'''"), "x.md:2: the comment above this block is no marker"},
		"a marker of no block":   {text("<!-- not run: it is slow -->", "Text.", "'''bash", "x", "'''"), `x.md:2: a marker must stand directly above its block, and here is "Text."`},
		"a marker at the end":    {text("<!-- not run: it is slow -->"), "stands above no block"},
		"commands as plain text": {text("'''", "like this:", "kubectl get pods", "'''"), "x.md:3: here are commands in a block without a language"},
		"indented commands":      {text("    $ kubectl get pods"), "x.md:1: put commands between"},
		"more indented commands": {text("- item", "", "        kubectl get pods"), "x.md:3: put commands between"},
		"an unknown language":    {text("'''bahs", "x", "'''"), `a block of "bahs"`},
		"a console of output":    {text("'''console", "x", "'''"), "a console begins with a command"},
		"a block without end":    {text("'''bash", "x"), "x.md:1: this block has no end"},
		"a comment without end":  {text("<!-- run: x"), "x.md:1: this comment has no end"},
		"text after a comment":   {text("<!-- run: x --> y"), "stands on lines of its own"},
		"nothing to run":         {text("<!-- run: -->"), "can't be"},
		"another page":           {text("<!-- page: empty -->"), "can't be"},
		"saved elsewhere":        {text("<!-- saved as: ../x -->", "'''yaml", "x", "'''"), "can't be"},
		"commands applied":       {text("<!-- applied -->", "'''bash", "x", "'''"), "only YAML can be applied"},
		"text that fails":        {text("<!-- fails -->", "'''text", "x", "'''"), "only commands can fail"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.md", tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got error %v, want %q", err, tt.says)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	block := Block{Line: 7, Language: Console, Text: text(
		"$ kubectl get pods \\",
		"    -n x",
		"NAME  AGE",
		"",
		"a     5s",
		"",
		"$ true",
	)}
	want := []Step{
		{Line: 7, Command: "kubectl get pods \\\n    -n x\n", Output: "NAME  AGE\n\na     5s"},
		{Line: 13, Command: "true\n"},
	}
	if got := block.Steps(); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestShows(t *testing.T) {
	for name, tt := range map[string]struct {
		page, printed string
		want          bool
	}{
		"the same":             {"a b\nc", "a b\nc\n", true},
		"other blanks":         {"NAME   READY\nx      1/1", "NAME READY\n\nx    1/1  \n", true},
		"another word":         {"x 1/1", "x 0/1", false},
		"a line less":          {"a\nb", "a", false},
		"a line more":          {"a", "a\nb", false},
		"another order":        {"a\nb", "b\na", false},
		"other ages":           {"x 2m11s (5s) ago", "x 3h (12s) ago", true},
		"no age":               {"x 2m11s", "x <none>", false},
		"ages in a row":        {"5s 10s 1.5s 3ms", "1m 2m 3m 4m", true},
		"other revisions":      {"revision 4367b0a53e by 88d6d3e10c", "revision 0123456789 by abcdefabcd", true},
		"a word of letters":    {"revision 4367b0a53e", "revision unknown", false},
		"another address":      {"10.96.68.197 8080/TCP", "10.96.1.2 8080/TCP", true},
		"another port":         {"10.96.68.197 8080/TCP", "10.96.68.197 8081/TCP", false},
		"another time":         {"since 2026-01-02T03:04:05Z", "since 2027-01-02T03:04:05Z", true},
		"a line of a log":      {`E0102 03:04:05.678901       1 a.go:12] "x"`, `E1124 17:50:01.505414 1 a.go:345] "x"`, true},
		"another severity":     {`E0102 03:04:05.678901       1 a.go:12] "x"`, `I1124 17:50:01.505414 1 a.go:345] "x"`, false},
		"a time of a log":      {"performer: 2026/01/02 03:04:05 x", "performer: 2027/11/12 13:14:15 x", true},
		"a Deployment's pod":   {"manager-5c6f7d8b9c-x2x4z is", "manager-66b99c8d7f-abcde is", true},
		"how often":            {"PodReady 46s (x2 over 72s) from", "PodReady 3s from", true},
		"any text":             {"error: ... not found", "error: the server says: x not found", true},
		"any text, but":        {"error: ... not found", "error: x was found", false},
		"any lines":            {"a\n...\nz", "a\nb\nc\nz", true},
		"any lines are none":   {"a\n...\nz", "a\nz", true},
		"any lines at the end": {"a\n...", "a\nb\nc", true},
		"any lines, but":       {"a\n...\nz", "a\nb", false},
		"signs of patterns":    {"[a] (b)? c*", "[a] (b)? c*", true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Shows(tt.page, tt.printed); (err == nil) != tt.want {
				t.Errorf("%q and %q: %v", tt.page, tt.printed, err)
			}
		})
	}
}

func TestOnlyLinks(t *testing.T) {
	page, err := parse("x.md", text("# A", "<!-- see [no](no.md) -->", "'''sh", "kubectl get [no](no.md)", "'''", "[b](b.md)"), true)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Link{{6, "b.md"}}; !slices.Equal(page.Links, want) || !slices.Equal(page.Anchors, []string{"a"}) {
		t.Errorf("got %+v, want the heading and %+v", page, want)
	}
}
