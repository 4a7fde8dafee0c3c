//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/markdown"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const undeploy = "hack/undeploy.sh all --ignore-not-found"

// TestPages runs the commands of all pages, one page after the other.
func TestPages(t *testing.T) {
	paths, err := markdown.Documents(repository.Root())
	if err != nil {
		t.Fatal(err)
	}
	var pages []*markdown.Page
	for _, path := range paths {
		page, err := markdown.Load(repository.Root(), path)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(page.Blocks, isRun) {
			pages = append(pages, page)
		}
	}
	// Those that install it first, so that it's installed for the others but once.
	slices.SortStableFunc(pages, func(a, b *markdown.Page) int {
		switch {
		case a.WithoutOperator == b.WithoutOperator:
			return 0
		case a.WithoutOperator:
			return -1
		}
		return 1
	})
	// A cluster that an earlier run has left has it.
	newShell(t).must(t, undeploy)
	for _, page := range pages {
		t.Run(page.Path, func(t *testing.T) { run(t, page) })
	}
}

// isRun tells whether there is something to do for a block.
func isRun(block markdown.Block) bool {
	if block.SavedAs != "" {
		return true
	}
	switch block.Language {
	case markdown.Bash, markdown.Console:
		return block.NotRun == ""
	case markdown.YAML:
		return block.NotRun == "" && isManifest(block.Text)
	}
	return false
}

// isManifest tells whether every document of a YAML text is an object.
func isManifest(text string) bool {
	for _, document := range strings.Split(text, "\n---\n") {
		var object metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &object); err != nil || object.APIVersion == "" || object.Kind == "" {
			return false
		}
	}
	return true
}

// run runs the blocks of a page in order.
func run(t *testing.T, page *markdown.Page) {
	sh := newShell(t)
	if !page.WithoutOperator {
		sh.must(t, "kubectl apply -f deploy/ && kubectl rollout status -n hourglass-system deployment/hourglass-operator-controller-manager --timeout=3m")
	}
	before := namespaces(t)
	t.Cleanup(func() {
		// A shell of its own, for the page may have changed this one's variables.
		sh := newShell(t)
		if t.Failed() {
			diagnose(t, sh)
		}
		if page.WithoutOperator {
			sh.must(t, undeploy)
		} else {
			// The page may have removed the CRD too.
			sh.must(t, "crd=$(kubectl get crd performers.hourglass.eigenlayer.io --ignore-not-found -o name)\n"+
				"[[ -z $crd ]] || kubectl delete performers --all --all-namespaces --timeout=2m")
		}
		for name := range namespaces(t) {
			if !before[name] {
				sh.must(t, "kubectl delete namespace --ignore-not-found --timeout=2m "+name)
			}
		}
	})
	for i := range page.Blocks {
		block := &page.Blocks[i]
		if !isRun(*block) {
			continue
		}
		where := fmt.Sprintf("%s:%d", page.Path, block.Line)
		switch {
		case block.SavedAs != "":
			save(t, sh, where, block)
		case block.Language == markdown.Bash:
			runCommands(t, sh, where, block)
		case block.Language == markdown.Console:
			for _, step := range block.Steps() {
				runStep(t, sh, fmt.Sprintf("%s:%d", page.Path, step.Line), step, block.Fails)
			}
		default:
			apply(t, sh, where, block)
		}
	}
}

func runCommands(t *testing.T, sh *shell, where string, block *markdown.Block) {
	t.Helper()
	output, err := sh.run(t.Context(), block.Text)
	t.Logf("%s\n%s%s", where, block.Text, output)
	if err := asMeant(err, block.Fails); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}

// asMeant returns nil if commands failed, or did not, as is meant.
func asMeant(err error, fails bool) error {
	if !fails {
		return err
	}
	if err == nil {
		return fmt.Errorf("the commands should fail, and did not")
	}
	return nil
}

// asks are the commands that change nothing, so that they can be repeated.
var asks = regexp.MustCompile(`^kubectl (get|describe|logs|events) `)

func runStep(t *testing.T, sh *shell, where string, step markdown.Step, fails bool) {
	t.Helper()
	var output string
	try := func(ctx context.Context) error {
		var err error
		output, err = sh.run(ctx, step.Command)
		if err := asMeant(err, fails); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
		if step.Output == "" {
			return nil
		}
		return markdown.Shows(step.Output, output)
	}
	if asks.MatchString(step.Command) {
		wait.For(t, where+": "+strings.TrimSpace(step.Command), try)
	} else if err := try(t.Context()); err != nil {
		t.Fatalf("%s: %s: %v", where, strings.TrimSpace(step.Command), err)
	}
	t.Logf("%s\n$ %s%s", where, step.Command, output)
}

// save writes a block to a file that was not there, until the end of the test.
func save(t *testing.T, sh *shell, where string, block *markdown.Block) {
	t.Helper()
	text := sh.write(t, block.Text)
	path, err := sh.run(t.Context(), fmt.Sprintf("[[ ! -e %[1]s ]] && cp %[2]s %[1]s && realpath %[1]s", block.SavedAs, text))
	if err != nil {
		t.Fatalf("%s: writing %s, which must not be there: %v\n%s", where, block.SavedAs, err, path)
	}
	t.Cleanup(func() {
		if err := os.Remove(strings.TrimSpace(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

func apply(t *testing.T, sh *shell, where string, block *markdown.Block) {
	t.Helper()
	file := sh.write(t, block.Text)
	dryRun := " --dry-run=server"
	if block.Applied {
		dryRun = ""
	}
	output, err := sh.run(t.Context(), "kubectl apply"+dryRun+" -f "+file)
	if err != nil {
		t.Fatalf("%s: this manifest is refused: %v\n%s", where, err, output)
	}
	t.Logf("%s\n%s", where, output)
}

// namespaces returns the names of the namespaces that there are.
func namespaces(t *testing.T) map[string]bool {
	t.Helper()
	list, err := cluster.Kube.CoreV1().Namespaces().List(context.WithoutCancel(t.Context()), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, namespace := range list.Items {
		names[namespace.Name] = true
	}
	return names
}

// diagnose logs what one wants to see after a failure.
func diagnose(t *testing.T, sh *shell) {
	t.Helper()
	for _, command := range []string{
		"kubectl get performers,pods,services --all-namespaces --output wide",
		"kubectl describe performers --all-namespaces",
		"kubectl describe pods",
		"kubectl get events --all-namespaces --sort-by=.metadata.creationTimestamp | tail -40",
		"kubectl logs -n hourglass-system deployment/hourglass-operator-controller-manager --tail=40",
	} {
		output, err := sh.run(context.WithoutCancel(t.Context()), command)
		t.Logf("%s: %v\n%s", command, err, output)
	}
}
