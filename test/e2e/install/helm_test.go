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

// helm is a major version of Helm.
type helm struct {
	program string
}

// newHelm returns the Helm with a name of hack/tools.
func newHelm(t *testing.T, name string) helm {
	t.Helper()
	// Without the repositories and plugins of the user.
	for _, variable := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		t.Setenv(variable, t.TempDir())
	}
	return helm{program: strings.TrimSpace(cluster.MustRun(t, "hack/tools/build.sh", name))}
}

// try runs a command on the release, such as install, and returns its output.
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

// packaged packages the chart and returns the path of the package.
func (h helm) packaged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cluster.MustRun(t, h.program, "package", chart, "--destination", dir)
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packages) != 1 {
		t.Fatalf("helm package created %v: %v", packages, err)
	}
	return packages[0]
}

// refusesTheEarlierOperator creates a Deployment with the name of the operator's and another
// selector. The installation must fail with a reference to the migration.
func (h helm) refusesTheEarlierOperator(t *testing.T) {
	t.Helper()
	cluster.MustRun(t, "kubectl", "create", "deployment", realcluster.OperatorDeployment, "--image=earlier", "--replicas=0", "--namespace="+realcluster.OperatorNamespace)
	if output, err := h.try(t, "install", chart, "--take-ownership"); err == nil || !strings.Contains(err.Error(), "docs/migration.md describes the migration") {
		t.Errorf("the installation over the earlier operator printed: %s, %v", output, err)
	}
	cluster.MustRun(t, "kubectl", "delete", "deployment", realcluster.OperatorDeployment, "--namespace="+realcluster.OperatorNamespace)
}

// upgradeAndBack tests the upgrades and rollbacks of docs/install.md. At its end the release has
// the default values and nextImage.
func (h helm) upgradeAndBack(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	later := laterChart(t)
	upgrade := []string{later, "--reset-then-reuse-values", "--set", "operator.image.tag=" + tagOf(nextImage), "--wait"}
	described := func() string {
		return cluster.MustRun(t, "kubectl", "get", "crd", crd, "--output=jsonpath={.spec.versions[0].schema.openAPIV3Schema.description}")
	}
	earlier := described()

	// An upgrade to a later chart with another CRD, and a rollback.
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

	// With webhooks. Helm must neither remove nor conflict with what the operator writes into the
	// configurations.
	with := append(slices.Clone(upgrade), "--set", "webhook.enabled=true",
		"--set", "networkPolicy.enabled=true", "--set", "networkPolicy.performers.namespaces={"+ns.Name+"}")
	h.run(t, "upgrade", with...)
	operatorRuns(t, nextImage)
	wait.For(t, "a webhook to refuse an invalid Performer", refusal(ns))
	h.run(t, "upgrade", with...)
	if err := refusal(ns)(t.Context()); err != nil {
		t.Errorf("after an upgrade with the same values: %v", err)
	}
	h.run(t, "rollback", "--wait")
	if err := refusal(ns)(t.Context()); err != nil {
		t.Errorf("after a rollback from webhooks to webhooks: %v", err)
	}
	if output := h.run(t, "test", "--logs"); !strings.Contains(output, "Succeeded") || !strings.Contains(output, "The cluster has all that a manager with these options needs") {
		t.Errorf("helm test printed:\n%s", output)
	}
	h.testFailsWithoutPermissions(t)
	h.run(t, "rollback", withoutWebhooks, "--wait")
	operatorRuns(t, image)
	if left := cluster.MustRun(t, "kubectl", "get", webhookConfigurations, "--output=name", "--selector=app.kubernetes.io/name=hourglass-operator"); left != "" {
		t.Errorf("after a rollback to a release without webhooks these are left: %s", left)
	}

	// Without the CRD, for one namespace.
	set := func(values string) {
		h.run(t, "upgrade", later, "--reset-values", "--wait", "--set", "operator.image.tag="+tagOf(nextImage), "--set", values)
	}
	before := performerPods(t, ns)
	set("crd.install=false,rbac.aggregate=false,namespaces={" + ns.Name + "}")
	operatorRuns(t, nextImage)
	if left := cluster.MustRun(t, "kubectl", "get", "clusterroles,clusterrolebindings", "--output=name", "--selector=app.kubernetes.io/name=hourglass-operator"); left != "" {
		t.Errorf("an operator for one namespace still has %s", left)
	}
	described() // the CRD still exists
	notRestarted(t, ns, before)
	assertRecreatesService(t, ns, performerOf(&before[0]))

	// One replica without leader election, then two replicas with it.
	set("operator.env.leaderElection=false,operator.replicaCount=1")
	operatorRunsAs(t, nextImage, 1)
	strategy := func() string {
		return cluster.MustRun(t, "kubectl", "get", "deployment", realcluster.OperatorDeployment, "--namespace="+realcluster.OperatorNamespace, "--output=jsonpath={.spec.strategy}")
	}
	if now := strategy(); now != `{"type":"Recreate"}` {
		t.Errorf("without leader election the update strategy is %s", now)
	}
	assertRecreatesService(t, ns, performerOf(&before[0]))
	set("operator.env.leaderElection=true")
	operatorRuns(t, nextImage)
	if now := strategy(); !strings.Contains(now, "RollingUpdate") {
		t.Errorf("with leader election the update strategy is %s", now)
	}
}

// revision returns the number of the last revision of the release.
func (h helm) revision(t *testing.T) string {
	t.Helper()
	var status struct{ Version int }
	if err := json.Unmarshal([]byte(cluster.MustRun(t, h.program, "status", release, "--namespace="+realcluster.OperatorNamespace, "--output=json")), &status); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(status.Version)
}

// testFailsWithoutPermissions runs helm test for another release, which has neither roles nor an
// operator.
func (h helm) testFailsWithoutPermissions(t *testing.T) {
	t.Helper()
	const other, in = "without-roles", "--namespace=" + realcluster.OperatorNamespace
	cluster.MustRun(t, h.program, "install", other, chart, in, "--set=crd.install=false,rbac.create=false,rbac.aggregate=false,operator.replicaCount=0")
	output, err := cluster.Run(t.Context(), h.program, "test", other, in, "--logs", "--timeout=2m")
	if err == nil || !strings.Contains(output+err.Error(), "may not list, watch, get, patch performers") {
		t.Errorf("helm test without permissions printed: %s, %v", output, err)
	}
	cluster.MustRun(t, h.program, "uninstall", other, in)
	cluster.MustRun(t, "kubectl", "delete", "pod", other+"-hourglass-operator-test", in)
}

// fromNothing installs the operator as docs/install.md says, in a cluster without its namespace and
// its CRD.
func (h helm) fromNothing(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	cluster.MustRun(t, "kubectl", "delete", "namespace", realcluster.OperatorNamespace, "--timeout=120s")
	h.run(t, "install", chart, "--create-namespace", "--wait")
	operatorRuns(t, image)
	ns.CreateReady(t, ns.Performer("first"))
	cluster.MustRun(t, "kubectl", "delete", "performers", "--all", "--all-namespaces", "--timeout=120s")
}

// refusal returns a check that a Performer with a mistake that only a webhook finds is refused.
func refusal(ns *realcluster.Namespace) func(context.Context) error {
	return func(ctx context.Context) error {
		wrong := ns.Performer("wrong")
		wrong.Spec.Image = "registry.example.org/Performer:v1"
		_, err := cluster.Performers.HourglassV1alpha1().Performers(ns.Name).
			Create(ctx, wrong, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if !apierrors.IsInvalid(err) {
			return fmt.Errorf("creating a Performer with an upper-case image: got %w, want Invalid", err)
		}
		return nil
	}
}

// tagOf returns the tag of an image.
func tagOf(image string) string {
	_, tag, _ := strings.Cut(image, ":")
	return tag
}

// laterWords are in the description of the CRD in laterChart.
const laterWords = "of a later chart"

// laterChart returns the path of a copy of the chart with another CRD.
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
