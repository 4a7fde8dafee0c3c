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

	"github.com/Layr-Labs/hourglass-operator/test/harness/markdown"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const undeploy = "hack/undeploy.sh all --ignore-not-found"

// first are the pages that a new user reads. With -short, only their commands are run.
var first = []string{"README.md", "docs/getting-started.md", "docs/status.md", "docs/upgrades.md", "docs/disruptions.md"}

// TestPages runs the commands of all pages, one page after the other.
func TestPages(t *testing.T) {
	t.Parallel() // with TestDemo
	paths, err := markdown.Documents(repository.Root())
	if err != nil {
		t.Fatal(err)
	}
	var pages []*markdown.Page
	for _, path := range paths {
		if testing.Short() && !slices.Contains(first, path) {
			continue
		}
		page, err := markdown.Load(repository.Root(), path)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(page.Script.Steps, isRun) {
			pages = append(pages, page)
		}
	}
	// The pages that install the operator come first, so that it is installed only once for all
	// others.
	slices.SortStableFunc(pages, func(a, b *markdown.Page) int {
		switch {
		case a.Script.WithoutOperator == b.Script.WithoutOperator:
			return 0
		case a.Script.WithoutOperator:
			return -1
		}
		return 1
	})
	// The operator is still installed in a cluster that an earlier run left.
	newShell(t).must(t, undeploy)
	for _, page := range pages {
		t.Run(page.Path, func(t *testing.T) { run(t, page) })
	}
}

// isRun returns whether there is something to do for a step.
func isRun(step markdown.Step) bool { return step.NotRun == "" }

// run runs the steps of a page in order.
func run(t *testing.T, page *markdown.Page) {
	sh := newShell(t)
	if !page.Script.WithoutOperator {
		sh.must(t, "kubectl apply -f deploy/ && kubectl rollout status -n hourglass-system deployment/hourglass-operator-controller-manager --timeout=3m")
	}
	before := namespaces(t)
	t.Cleanup(func() {
		// The page may have changed the variables of its shell.
		sh := newShell(t)
		if t.Failed() {
			diagnose(t, sh)
		}
		if page.Script.WithoutOperator {
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
	for i, step := range page.Script.Steps {
		if !isRun(step) {
			continue
		}
		if step.Block == nil {
			sh.runCommands(t, fmt.Sprintf("%s: step %d", markdown.ScriptPath(page.Path), i+1), step.Run, false)
			continue
		}
		block, where := step.Block, fmt.Sprintf("%s:%d", page.Path, step.Block.Line)
		switch {
		case step.SaveAs != "":
			sh.save(t, where, block.Text, step.SaveAs)
		case block.Language == markdown.Bash:
			sh.runCommands(t, where, block.Text, step.Fails)
		case block.Language == markdown.Console:
			for _, command := range block.Commands() {
				sh.runCommand(t, fmt.Sprintf("%s:%d", page.Path, command.Line), command, step.Fails)
			}
		default:
			sh.apply(t, where, block.Text, step.Apply)
		}
	}
}

// runCommands runs commands, which have to succeed or, if fails is true, to fail.
func (s *shell) runCommands(t *testing.T, where, commands string, fails bool) {
	t.Helper()
	output, err := s.run(t.Context(), commands)
	t.Logf("%s\n%s%s", where, commands, output)
	if err := expected(err, fails); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}

// expected returns nil if commands failed and should fail, or succeeded and should succeed.
func expected(err error, fails bool) error {
	if !fails {
		return err
	}
	if err == nil {
		return fmt.Errorf("the commands succeeded, and should fail")
	}
	return nil
}

// reads matches the commands that change nothing, so that they can be repeated.
var reads = regexp.MustCompile(`^kubectl (get|describe|logs|events) `)

// runCommand runs a command of a console and compares its output with the page. It repeats a
// command that only reads.
func (s *shell) runCommand(t *testing.T, where string, command markdown.Command, fails bool) {
	t.Helper()
	var output string
	try := func(ctx context.Context) error {
		var err error
		output, err = s.run(ctx, command.Text)
		if err := expected(err, fails); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
		if command.Output == "" {
			return nil
		}
		return markdown.Shows(command.Output, output)
	}
	if reads.MatchString(command.Text) {
		wait.For(t, where+": "+strings.TrimSpace(command.Text), try)
	} else if err := try(t.Context()); err != nil {
		t.Fatalf("%s: %s: %v", where, strings.TrimSpace(command.Text), err)
	}
	t.Logf("%s\n$ %s%s", where, command.Text, output)
}

// save writes text to a new file of the shell's working directory. The file is removed at the end
// of the test.
func (s *shell) save(t *testing.T, where, text, name string) {
	t.Helper()
	path, err := s.run(t.Context(), fmt.Sprintf("[[ ! -e %[1]s ]] && cp %[2]s %[1]s && realpath %[1]s", name, s.write(t, text)))
	if err != nil {
		t.Fatalf("%s: writing %s, which must not exist yet: %v\n%s", where, name, err, path)
	}
	t.Cleanup(func() {
		if err := os.Remove(strings.TrimSpace(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// apply applies a manifest, or has the API server validate it if forReal is false.
func (s *shell) apply(t *testing.T, where, manifest string, forReal bool) {
	t.Helper()
	dryRun := " --dry-run=server"
	if forReal {
		dryRun = ""
	}
	output, err := s.run(t.Context(), "kubectl apply"+dryRun+" -f "+s.write(t, manifest))
	if err != nil {
		t.Fatalf("%s: the API server refused the manifest: %v\n%s", where, err, output)
	}
	t.Logf("%s\n%s", where, output)
}

// namespaces returns the names of all namespaces.
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

// diagnose logs the state of the cluster after a failure.
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
