// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	applyv1alpha1 "github.com/Layr-Labs/hourglass-operator/pkg/generated/applyconfiguration/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// buildExample is the command with which the page builds the example. The test builds it itself.
const buildExample = "go build -C examples/client -o ../../bin/performers ."

// step is a command of a page and what it prints.
type step struct{ command, output string }

// walks returns the commands of each console block of a page.
func walks(t *testing.T, page string) (blocks [][]step) {
	t.Helper()
	text, err := os.ReadFile(repository.Path(page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		var found []step
		for line := range strings.Lines(block) {
			if command, is := strings.CutPrefix(line, "$ "); is {
				found = append(found, step{command: strings.TrimSpace(command)})
			} else if len(found) > 0 {
				found[len(found)-1].output += line
			}
		}
		blocks = append(blocks, found)
	}
	return blocks
}

func TestClientExample(t *testing.T) {
	program := filepath.Join(t.TempDir(), "performers")
	if err := controlplane.Build("examples/client", program); err != nil {
		t.Fatal(err)
	}
	t.Run("as on the page", func(t *testing.T) { walkThePage(t, program) })
	t.Run("errors", func(t *testing.T) { checkErrors(t, program) })
}

// walkThePage runs the commands of docs/client.md, and checks that they print what the page shows.
func walkThePage(t *testing.T, program string) {
	blocks := walks(t, "docs/client.md")
	if len(blocks) != 2 || len(blocks[1]) != 1 || blocks[1][0].command != "performers watch" {
		t.Fatalf("the page has other consoles than a walk and a watch: %q", blocks)
	}
	ns := cluster.Namespace(t)
	startOperator(t)
	kubelet.Run(t, kube, ns.Name)
	env := []string{"KUBECONFIG=" + kubeconfigIn(t, ns.Name)}
	// The page uses the namespace default.
	asOnPage := strings.NewReplacer("."+ns.Name+".svc", ".default.svc")

	var watch *exec.Cmd
	var watched controlplane.Buffer
	for _, s := range blocks[0] {
		args, is := strings.CutPrefix(s.command, "performers ")
		if !is {
			if s.command != buildExample || s.output != "" {
				t.Errorf("the page has the command %q, want %q", s.command, buildExample)
			}
			continue
		}
		cmd := exec.CommandContext(t.Context(), program, strings.Fields(args)...)
		cmd.Env = env
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		printed := stdout.String()
		if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
			printed = stderr.String()
		} else if err != nil {
			t.Fatal(err)
		}
		if printed = asOnPage.Replace(printed); printed != s.output {
			t.Fatalf("%s\nprints %s\nwant, from the page, %s\nstderr: %s", s.command, printed, s.output, stderr.String())
		}
		if watch == nil {
			// As in another terminal, from when there is something to watch.
			watch = exec.CommandContext(t.Context(), program, "watch")
			watch.Env, watch.Stdout, watch.Stderr = env, &watched, &watched
			if err := watch.Start(); err != nil {
				t.Fatal(err)
			}
			wait.Until(t, "the first line of watch", func() bool { return strings.Contains(watched.String(), "\n") })
		}
	}
	if watch == nil {
		t.Fatal("the page has no command of the example")
	}
	wait.Until(t, "the last line of watch", func() bool { return strings.HasSuffix(watched.String(), "demo deleted\n") })
	if err := watch.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("interrupted, watch ended with %v", err)
	}
	// Between the lines of the page there may be others, for states that are short.
	rest := asOnPage.Replace(watched.String())
	for line := range strings.Lines(blocks[1][0].output) {
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Errorf("watch printed\n%s\nand not, or not in this order,\n%s", watched.String(), line)
		}
		rest = after
	}
}

// checkErrors provokes the errors that a user of the example is likely to meet.
func checkErrors(t *testing.T, program string) {
	namespace := cluster.CreateNamespace(t)
	nobody := cluster.NewUser(t)
	admin := kubeconfigIn(t, namespace)
	if err := cluster.Post(t, namespace, "waiting", controlplane.SpecWith(t, "")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ kubeconfig, args, want string }{
		{filepath.Join(t.TempDir(), "none"), "wait demo", `^performers: loading the client configuration: .*\n$`},
		{admin, "wait demo", `^performers: waiting for demo: performer.hourglass.eigenlayer.io "demo" not found\n$`},
		{admin, "delete demo", `^performers: deleting demo: performers.hourglass.eigenlayer.io "demo" not found\n$`},
		{admin, "create waiting --avs=0x1 --image=i", `^performers: creating waiting: performers.hourglass.eigenlayer.io "waiting" already exists\n$`},
		{admin, "create a.b --avs=0x1 --image=i", `^performers: creating a.b: .*metadata.name must not contain a dot.*\n$`},
		// No operator reconciles it.
		{admin, "wait waiting --timeout=1s", `(?m)^performers: waiting for waiting: timed out after 1s \(--timeout\)(; last state: waiting: not reconciled yet)?$`},
		{nobody.Kubeconfig, "watch --namespace=" + namespace, `^performers: .*performers.hourglass.eigenlayer.io is forbidden: .*\n$`},
		{nobody.Kubeconfig, "wait waiting --namespace=" + namespace, `^performers: waiting for waiting: .*performers.hourglass.eigenlayer.io "waiting" is forbidden: .*\n$`},
	} {
		cmd := exec.CommandContext(t.Context(), program, strings.Fields(tt.args)...)
		cmd.Env = []string{"KUBECONFIG=" + tt.kubeconfig}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 1 || !regexp.MustCompile(tt.want).Match(out) {
			t.Errorf("%s: %v\n%s\nwant %s", tt.args, err, out, tt.want)
		}
	}
}

// TestExtract checks that the schema of the apply configurations agrees with the field ownership
// that the API server records: everything that was applied is extracted again.
func TestExtract(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	file, err := os.ReadFile(repository.Path("manifests", "samples", "performer_full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := applyv1alpha1.Performer("", namespace)
	if err := yaml.UnmarshalStrict(file, wanted); err != nil {
		t.Fatal(err)
	}
	wanted.WithLabels(map[string]string{"a": "b"}).WithFinalizers("example.org/f")
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	applied, err := performers.Apply(t.Context(), wanted, metav1.ApplyOptions{FieldManager: "test"})
	if err != nil {
		t.Fatal(err)
	}
	extracted, err := applyv1alpha1.ExtractPerformer(applied, "test")
	if err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(extracted, wanted) {
		got, _ := yaml.Marshal(extracted)
		want, _ := yaml.Marshal(wanted)
		t.Errorf("extracted\n%s\nof what was applied\n%s", got, want)
	}
	if _, err := performers.Patch(t.Context(), *wanted.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
}

// kubeconfigIn returns the administrator's kubeconfig with another default namespace.
func kubeconfigIn(t *testing.T, namespace string) string {
	t.Helper()
	file, err := clientcmd.LoadFromFile(cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	file.Contexts[file.CurrentContext].Namespace = namespace
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*file, path); err != nil {
		t.Fatal(err)
	}
	return path
}
