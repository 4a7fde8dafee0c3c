//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	chart   = "charts/hourglass-operator"
	release = "hourglass-operator"

	webhookConfigurations = "validatingwebhookconfigurations,mutatingwebhookconfigurations"
)

// helm is a Helm of a major version.
type helm struct {
	program string
}

// newHelm returns the Helm of a name in hack/tools.
func newHelm(t *testing.T, name string) helm {
	t.Helper()
	// Of the user's own repositories and plugins nothing is wanted.
	for _, variable := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		t.Setenv(variable, t.TempDir())
	}
	return helm{program: strings.TrimSpace(cluster.MustRun(t, "hack/tools/build.sh", name))}
}

// try runs a command about the release, such as install, and returns what it said.
func (h helm) try(t *testing.T, verb string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{verb, release, "--namespace=" + realcluster.OperatorNamespace, "--timeout=3m"}, args...)
	return cluster.Run(t.Context(), h.program, args...)
}

func (h helm) run(t *testing.T, verb string, args ...string) string {
	t.Helper()
	output, err := h.try(t, verb, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// packaged returns the path of the chart as a package.
func (h helm) packaged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cluster.MustRun(t, h.program, "package", chart, "--destination", dir)
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("helm package has made %v: %v", packages, err)
	}
	return packages[0]
}

// refusesTheEarlierOperator has a Deployment in the way that is called as ours and selects by something else.
func (h helm) refusesTheEarlierOperator(t *testing.T) {
	t.Helper()
	cluster.MustRun(t, "kubectl", "create", "deployment", realcluster.OperatorDeployment, "--image=earlier", "--replicas=0", "--namespace="+realcluster.OperatorNamespace)
	if output, err := h.try(t, "install", chart, "--take-ownership"); err == nil || !strings.Contains(err.Error(), "docs/migration.md says how to migrate") {
		t.Errorf("an installation over the earlier operator ends with: %s, %v", output, err)
	}
	cluster.MustRun(t, "kubectl", "delete", "deployment", realcluster.OperatorDeployment, "--namespace="+realcluster.OperatorNamespace)
}

// upgradeAndBack takes the release through what docs/install.md has of upgrades, and leaves it with all defaults and
// nextImage.
func (h helm) upgradeAndBack(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	later := laterChart(t)
	upgrade := []string{later, "--reset-then-reuse-values", "--set", "operator.image.tag=" + tagOf(nextImage), "--wait"}
	described := func() string {
		return cluster.MustRun(t, "kubectl", "get", "crd", crd, "--output=jsonpath={.spec.versions[0].schema.openAPIV3Schema.description}")
	}
	earlier := described()

	// To a later chart with another CRD, and back.
	h.run(t, "upgrade", upgrade...)
	operatorRuns(t, nextImage)
	if now := described(); !strings.Contains(now, laterWords) {
		t.Errorf("the CRD was not upgraded: its description is %q", now)
	}
	h.run(t, "rollback", "--wait")
	operatorRuns(t, image)
	if now := described(); now != earlier {
		t.Errorf("the CRD was not rolled back: its description is %q, want %q", now, earlier)
	}
	withoutWebhooks := h.revision(t)

	// With webhooks. What the operator has written into the configurations is not Helm's to take away, nor to stumble over.
	with := append(slices.Clone(upgrade), "--set", "webhook.enabled=true",
		"--set", "networkPolicy.enabled=true", "--set", "networkPolicy.performers.namespaces={"+ns.Name+"}")
	h.run(t, "upgrade", with...)
	operatorRuns(t, nextImage)
	wait.For(t, "a webhook to refuse what is wrong", refusal(ns))
	h.run(t, "upgrade", with...)
	if err := refusal(ns)(t.Context()); err != nil {
		t.Errorf("after an upgrade with the same values: %v", err)
	}
	h.run(t, "rollback", "--wait")
	if err := refusal(ns)(t.Context()); err != nil {
		t.Errorf("after a rollback from webhooks to webhooks: %v", err)
	}
	if output := h.run(t, "test", "--logs"); !strings.Contains(output, "Succeeded") || !strings.Contains(output, "The cluster has all that a manager with these options needs") {
		t.Errorf("helm test says:\n%s", output)
	}
	h.testsAnAccountThatMayNothing(t)
	h.run(t, "rollback", withoutWebhooks, "--wait")
	operatorRuns(t, image)
	if left := cluster.MustRun(t, "kubectl", "get", webhookConfigurations, "--output=name", "--selector=app.kubernetes.io/name=hourglass-operator"); left != "" {
		t.Errorf("after a rollback to no webhooks there are still %s", left)
	}

	// Without the CRD, and for one namespace.
	set := func(values string) {
		h.run(t, "upgrade", later, "--reset-values", "--wait", "--set", "operator.image.tag="+tagOf(nextImage), "--set", values)
	}
	before := performerPods(t, ns)
	set("crd.install=false,rbac.aggregate=false,namespaces={" + ns.Name + "}")
	operatorRuns(t, nextImage)
	if left := cluster.MustRun(t, "kubectl", "get", "clusterroles,clusterrolebindings", "--output=name", "--selector=app.kubernetes.io/name=hourglass-operator"); left != "" {
		t.Errorf("an operator for one namespace still has %s", left)
	}
	described() // the CRD is there
	notRestarted(t, ns, before)
	mendsServices(t, ns, performerOf(&before[0]))

	// One replica that needs no leader, and two of which one leads.
	set("operator.env.leaderElection=false,operator.replicaCount=1")
	operatorRunsAs(t, nextImage, 1)
	strategy := func() string {
		return cluster.MustRun(t, "kubectl", "get", "deployment", realcluster.OperatorDeployment, "--namespace="+realcluster.OperatorNamespace, "--output=jsonpath={.spec.strategy}")
	}
	if now := strategy(); now != `{"type":"Recreate"}` {
		t.Errorf("without leader election the strategy is %s", now)
	}
	mendsServices(t, ns, performerOf(&before[0]))
	set("operator.env.leaderElection=true")
	operatorRuns(t, nextImage)
	if now := strategy(); !strings.Contains(now, "RollingUpdate") {
		t.Errorf("with leader election the strategy is %s", now)
	}
}

// revision returns the number of the release's last revision.
func (h helm) revision(t *testing.T) string {
	t.Helper()
	var status struct{ Version int }
	if err := json.Unmarshal([]byte(cluster.MustRun(t, h.program, "status", release, "--namespace="+realcluster.OperatorNamespace, "--output=json")), &status); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(status.Version)
}

// testsAnAccountThatMayNothing runs the test of another release, which has no roles and no operator.
func (h helm) testsAnAccountThatMayNothing(t *testing.T) {
	t.Helper()
	const other, in = "without-roles", "--namespace=" + realcluster.OperatorNamespace
	cluster.MustRun(t, h.program, "install", other, chart, in, "--set=crd.install=false,rbac.create=false,rbac.aggregate=false,operator.replicaCount=0")
	output, err := cluster.Run(t.Context(), h.program, "test", other, in, "--logs", "--timeout=2m")
	if err == nil || !strings.Contains(output+err.Error(), "may not list, watch, get, patch performers") {
		t.Errorf("helm test of an account that may nothing says: %s, %v", output, err)
	}
	cluster.MustRun(t, h.program, "uninstall", other, in)
	cluster.MustRun(t, "kubectl", "delete", "pod", other+"-hourglass-operator-test", in)
}

// fromNothing installs the operator as docs/install.md has it, in a cluster that has neither its namespace nor its CRD.
func (h helm) fromNothing(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	cluster.MustRun(t, "kubectl", "delete", "namespace", realcluster.OperatorNamespace, "--timeout=120s")
	h.run(t, "install", chart, "--create-namespace", "--wait")
	operatorRuns(t, image)
	ns.CreateReady(t, ns.Performer("first"))
	cluster.MustRun(t, "kubectl", "delete", "performers", "--all", "--all-namespaces", "--timeout=120s")
}

// refusal returns a check that a Performer which only a webhook finds something wrong with is refused.
func refusal(ns *realcluster.Namespace) func(context.Context) error {
	return func(ctx context.Context) error {
		wrong := ns.Performer("wrong")
		wrong.Spec.Image = "registry.example.org/Performer:v1"
		_, err := cluster.Performers.HourglassV1alpha1().Performers(ns.Name).
			Create(ctx, wrong, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if !apierrors.IsInvalid(err) {
			return fmt.Errorf("the API server says of an image in upper case: %w", err)
		}
		return nil
	}
}

// tagOf returns the tag of an image.
func tagOf(image string) string {
	_, tag, _ := strings.Cut(image, ":")
	return tag
}

// laterWords are in the description of the CRD of laterChart.
const laterWords = "of a later chart"

// laterChart returns a copy of the chart with another CRD.
func laterChart(t *testing.T) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), release)
	if err := os.CopyFS(copied, os.DirFS(repository.Path(chart))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(copied, "files/crd/hourglass.eigenlayer.io_performers.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const words = "Performer declares"
	before, after, found := strings.Cut(string(content), words)
	if !found {
		t.Fatalf("%s does not have the words %q", file, words)
	}
	if err := os.WriteFile(file, []byte(before+"Performer, "+laterWords+", declares"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
