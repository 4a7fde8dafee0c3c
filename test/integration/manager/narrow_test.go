// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/markdown"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestNarrowedScope runs a manager for all namespaces, then one for a single namespace, and removes
// the finalizer elsewhere with the commands of docs/operations.md.
func TestNarrowedScope(t *testing.T) {
	const foreign = "example.com/theirs"
	kept, left := cluster.Namespace(t), cluster.Namespace(t)
	kubeconfig := kubeconfigFor(t, controlplane.Narrow()...)
	m := controlplane.StartManager(t, kubeconfig)
	kept.Running("kept")
	left.Running("a", func(p *v1alpha1.Performer) { p.Finalizers = []string{foreign} })
	left.Running("deleted")
	hasOurs := func(p *v1alpha1.Performer) bool { return slices.Contains(p.Finalizers, render.Finalizer) }
	for _, name := range []string{"a", "deleted"} {
		left.AwaitPerformer(name, "the finalizer of Performer "+name, hasOurs)
	}
	kept.AwaitPerformer("kept", "the finalizer of Performer kept", hasOurs)
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
	if err := hourglass.HourglassV1alpha1().Performers(left.Name).Delete(t.Context(), "deleted", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	m = controlplane.StartManager(t, kubeconfig, "--namespaces="+kept.Name)
	m.AwaitLog("Performers outside of --namespaces have the operator's finalizer")
	m.AwaitLog(`deleting=1`)
	m.AwaitLog(left.Name + ": 2")
	kept.AwaitPerformer("kept", "Performer kept to have no finalizer", func(p *v1alpha1.Performer) bool { return len(p.Finalizers) == 0 })

	// Other tests have left Performers, too.
	all, err := hourglass.HourglassV1alpha1().Performers(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	outside := 0
	for i := range all.Items {
		if p := &all.Items[i]; p.Namespace != kept.Name && hasOurs(p) {
			outside++
		}
	}
	commands := narrowingCommands(t, kept.Name)
	for _, want := range []int{outside, 0} {
		output, err := commands.CombinedOutput()
		if n := strings.Count(string(output), " patched"); err != nil || n != want {
			t.Fatalf("%d Performers were patched, want %d: %v\n%s", n, want, err, output)
		}
		commands = narrowingCommands(t, kept.Name)
	}
	wait.For(t, "Performer deleted to be gone", func(ctx context.Context) error {
		_, err := hourglass.HourglassV1alpha1().Performers(left.Name).Get(ctx, "deleted", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it exists"), err)
	})
	if p := left.Performer("a"); !slices.Equal(p.Finalizers, []string{foreign}) {
		t.Errorf("Performer a has finalizers %q, want only %q", p.Finalizers, foreign)
	}
	left.Patch("a", `{"metadata":{"finalizers":null}}`)
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
}

// narrowingCommands returns the commands of docs/operations.md that keep the finalizer in a namespace.
func narrowingCommands(t *testing.T, keep string) *exec.Cmd {
	t.Helper()
	page, err := markdown.Load(repository.Path(), "docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range page.Blocks {
		commands, found := strings.CutPrefix(block.Text, "keep=\"a b\"\n")
		if !found {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", fmt.Sprintf("keep=%q\n%s", keep, commands))
		cmd.Env = []string{
			"KUBECONFIG=" + cluster.Kubeconfig, "HOME=" + t.TempDir(),
			"PATH=" + os.Getenv("KUBEBUILDER_ASSETS") + string(filepath.ListSeparator) + os.Getenv("PATH"),
		}
		return cmd
	}
	t.Fatal("docs/operations.md has no such commands")
	return nil
}
