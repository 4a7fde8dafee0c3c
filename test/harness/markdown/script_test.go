// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeTree writes files into a folder of the test and returns the folder.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// samplePage has a block of each kind.
var samplePage = text(
	"# A page",
	"'''text",
	"only text",
	"'''",
	"'''bash",
	"make demo    # a cluster",
	"'''",
	"'''json",
	"{}",
	"'''",
	"'''console",
	"$ kubectl get pods",
	"NAME",
	"'''",
	"'''yaml",
	"kind: Pod",
	"'''",
)

func TestLoad(t *testing.T) {
	root := writeTree(t, map[string]string{
		"README.md":                        "# No commands\n",
		"docs/x.md":                        samplePage,
		"test/e2e/docs/pages/docs/x.yaml":  "withoutOperator: true\nsteps:\n- block: make\n  notRun: takes too long\n- run: |\n    touch a\n    touch b\n- block: '{}'\n  saveAs: a.json\n- block: kubectl get\n  fails: true\n- block: kind\n  apply: true\n",
		"test/e2e/docs/pages/other/y.yaml": "",
	})
	page, err := Load(root, "docs/x.md")
	if err != nil {
		t.Fatal(err)
	}
	b := page.Blocks
	want := []Step{
		{Begins: "make", NotRun: "takes too long", Block: &b[1]},
		{Run: "touch a\ntouch b\n"},
		{Begins: "{}", SaveAs: "a.json", Block: &b[2]},
		{Begins: "kubectl get", Fails: true, Block: &b[3]},
		{Begins: "kind", Apply: true, Block: &b[4]},
	}
	if !page.Script.WithoutOperator || !slices.Equal(page.Script.Steps, want) {
		t.Errorf("got  %+v\nwant %+v", page.Script, want)
	}
	if page, err = Load(root, "README.md"); err != nil || len(page.Script.Steps) != 0 {
		t.Errorf("a page without commands needs no script, and got %+v, %v", page, err)
	}
	scripts, err := Scripts(root)
	if want := []string{ScriptPath("docs/x.md"), "test/e2e/docs/pages/other/y.yaml"}; err != nil || !slices.Equal(scripts, want) {
		t.Errorf("the scripts are %q, %v, want %q", scripts, err, want)
	}
}

func TestScriptThatDoesNotFitThePage(t *testing.T) {
	const path = "test/e2e/docs/pages/docs/x.yaml"
	for name, tt := range map[string]struct{ script, says string }{
		"no script":                 {"", "docs/x.md:6: " + path + ` has to say what is done with the block that begins with "make demo    # a cluster"; it has no further step`},
		"a block that is skipped":   {"steps: [{block: make}, {block: kind}]", "docs/x.md:12: " + path + ` has to say what is done with the block that begins with "kubectl get pods"; its step 2 is about "kind"`},
		"a block at the end":        {"steps: [{block: make}, {block: kubectl}]", `docs/x.md:16: ` + path + ` has to say what is done with the block that begins with "kind: Pod"`},
		"a block that is not there": {"steps: [{block: make}, {block: kubectl}, {block: kind}, {block: helm}]", path + `: step 4: docs/x.md has no further block, and none that begins with "helm"`},
		"another order":             {"steps: [{block: kubectl}, {block: make}, {block: kind}]", "docs/x.md:6: "},
		"commands that are applied": {"steps: [{block: make, apply: true}]", path + `: step 1: only YAML can be applied, not "bash"`},
		"a manifest that fails":     {"steps: [{block: make}, {block: kubectl}, {block: kind, fails: true}]", `step 3: only commands can fail, not "yaml"`},
		"text that is run":          {"steps: [{block: only text}]", `step 1: a block of "text" can only be saved`},
		"an unknown key":            {"steps: [{block: make, because: takes too long}]", path + ": "},
		"neither run nor block":     {"steps: [{fails: true}]", "step 1: set either run or block"},
		"both run and block":        {"steps: [{run: 'true', block: make}]", "step 1: set either run or block"},
		"own commands that fail":    {"steps: [{run: 'true', fails: true}]", "step 1: run can't be combined with fails"},
		"two ways":                  {"steps: [{block: make, notRun: takes too long, saveAs: a}]", "step 1: notRun and saveAs can't be combined"},
		"a word is no reason":       {"steps: [{block: make, notRun: slow}]", `step 1: notRun is "slow": give a reason`},
		"saved elsewhere":           {"steps: [{block: make, saveAs: ../x}]", `step 1: saveAs is "../x": it must be a file name without a folder`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(writeTree(t, map[string]string{"docs/x.md": samplePage, path: tt.script}), "docs/x.md")
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got error %v, want %q", err, tt.says)
			}
		})
	}
}
