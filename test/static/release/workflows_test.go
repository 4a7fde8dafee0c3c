// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// workflow has the fields of a GitHub workflow that the tests use. Its syntax is checked by
// actionlint.
type workflow struct {
	Permissions *map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions *map[string]string `json:"permissions"`
		Steps       []struct {
			Uses string         `json:"uses"`
			Run  string         `json:"run"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

var (
	pinned = regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40})$`)
	target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
)

// problems returns the problems of a workflow: commands that only GitHub can run, actions that are
// not pinned, and unneeded permissions. mayWrite is whether a job may have write permissions.
func problems(t *testing.T, text string, mayWrite bool) []string {
	t.Helper()
	var found []string
	problem := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	if w.Permissions == nil || len(*w.Permissions) > 0 {
		problem("the workflow must set `permissions: {}`, and each job the permissions that it needs")
	}
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		job := w.Jobs[name]
		if job.Permissions == nil {
			problem("%s: no permissions: set those that the job needs", name)
		} else if !mayWrite && slices.Contains(slices.Collect(maps.Values(*job.Permissions)), "write") {
			problem("%s: the job may write", name)
		}
		for _, step := range job.Steps {
			if step.Run != "" {
				if err := runnable(t, step.Run); err != nil {
					problem("%s: run: %s: %v", name, step.Run, err)
				}
				continue
			}
			switch match := pinned.FindStringSubmatch(step.Uses); {
			case match == nil:
				problem("%s: uses: %s: not pinned to a commit", name, step.Uses)
			case match[1] == "actions/checkout" && step.With["persist-credentials"] != false:
				problem("%s: checkout leaves credentials behind: set persist-credentials: false", name)
			}
		}
	}
	return found
}

// runnable returns an error unless a command runs on any machine: a make target or a script in
// hack/.
func runnable(t *testing.T, command string) error {
	t.Helper()
	if strings.Contains(command, "${{") {
		return fmt.Errorf("an expression in a command allows injection: pass it through env")
	}
	if strings.ContainsAny(command, "\n|&;<>`$()") {
		return fmt.Errorf("more than one command: move them to a script in hack/")
	}
	words := strings.Fields(strings.TrimPrefix(command, "sudo --preserve-env=PATH,CI "))
	switch {
	case words[0] == "make" && len(words) > 1:
		targets := map[string]bool{}
		for _, match := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
			targets[match[1]] = true
		}
		for _, word := range words[1:] {
			if !targets[word] && !strings.Contains(word, "=") {
				return fmt.Errorf("no such make target: %s", word)
			}
		}
	case strings.HasPrefix(words[0], "hack/"):
		info, err := os.Stat(repository.Path(words[0]))
		if err != nil {
			return fmt.Errorf("no such script")
		}
		if info.Mode()&0o111 == 0 {
			return fmt.Errorf("not executable")
		}
	default:
		return fmt.Errorf("neither a make target nor a script in hack/")
	}
	return nil
}

func TestWorkflows(t *testing.T) {
	paths, err := filepath.Glob(repository.Path(".github/workflows/*"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no workflows: ", err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		text := read(t, ".github/workflows/"+name)
		for _, problem := range problems(t, text, name == "release.yaml") {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// TestWorkflowProblems introduces one problem at a time into a valid workflow.
func TestWorkflowProblems(t *testing.T) {
	const good = `
permissions: {}
jobs:
  one:
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789
        with:
          persist-credentials: false
      - run: make help
      - run: sudo --preserve-env=PATH,CI make help IMG=x
      - run: hack/version.sh ldflags
`
	if found := problems(t, good, false); len(found) > 0 {
		t.Fatalf("problems in the valid workflow: %q", found)
	}
	tests := map[string]struct{ from, to, want string }{
		"not YAML":             {"jobs:", "jobs", "yaml"},
		"default permissions":  {"permissions: {}\n", "", "`permissions: {}`"},
		"all permissions":      {"permissions: {}\n", "permissions: write-all\n", "permissions"},
		"workflow permissions": {"permissions: {}\n", "permissions: {contents: read}\n", "`permissions: {}`"},
		"no job permissions":   {"    permissions: {contents: read}\n", "", "one: no permissions"},
		"a job that may write": {"contents: read", "contents: write", "one: the job may write"},
		"pinned to a tag":      {"0123456789012345678901234567890123456789", "v1", "not pinned"},
		"short commit":         {"0123456789012345678901234567890123456789", "0123456", "not pinned"},
		"credentials":          {"persist-credentials: false", "fetch-depth: 0", "leaves credentials"},
		"unknown target":       {"make help\n", "make nothing\n", "no such make target"},
		"no target":            {"make help\n", "make\n", "neither a make target"},
		"unknown script":       {"hack/version.sh", "hack/nothing.sh", "no such script"},
		"not executable":       {"hack/version.sh", "hack/boilerplate.go.txt", "not executable"},
		"other program":        {"make help\n", "curl example.com\n", "neither a make target"},
		"two commands":         {"make help\n", "make help && make test\n", "more than one command"},
		"injection":            {"hack/version.sh ldflags", "hack/version.sh ${{ github.head_ref }}", "injection"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, test.from, test.to, 1)
			if text == good {
				t.Fatalf("the workflow has no %q", test.from)
			}
			if found := strings.Join(problems(t, text, false), "\n"); !strings.Contains(found, test.want) {
				t.Errorf("problems = %q, want %q", found, test.want)
			}
		})
	}
}
