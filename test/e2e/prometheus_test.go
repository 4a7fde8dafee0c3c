//go:build e2e && linux

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// In parallel, since the tests that stop one of the scraped pods are not.
func TestPrometheusScrapesTheOperator(t *testing.T) {
	t.Parallel()
	pods := operatorPods(t)
	var targets []realcluster.Target
	for _, pod := range pods {
		targets = append(targets, realcluster.Target{
			Job:     "plain/" + pod.Name,
			Address: cluster.Forward(t, realcluster.OperatorNamespace, pod.Name, 8080),
		})
	}
	prometheus := cluster.StartPrometheus(t, targets...)

	ns := cluster.Namespace(t)
	ns.CreateReady(t, ns.Performer("a"))
	broken := ns.Performer("broken")
	broken.Spec.Image = "hourglass/missing:v9"
	ns.Create(t, broken)

	assertStored(t, prometheus, ns.Name, len(pods))
	// Because of the finalizer, the operator deletes the pod.
	wait.For(t, "the deletion of its pod to be counted",
		prometheus.Stored(`sum(hourglass_pods_deleted_total{reason="performer_deleted"}) > bool 0`, 1))
	var checks []func(context.Context) error
	for _, stored := range []struct {
		query string
		want  float64
	}{
		{`hourglass_performer_ready{%s,name="broken"}`, 0},
		{`hourglass_performer_phase{%s,name="broken",phase="Running"}`, 0},
		{`hourglass_performer_condition{%s,name="broken",type="Degraded"}`, 1},
		{`hourglass_performer_condition{%s,name="broken",type="Available"}`, 0},
		// The example of docs/metrics.md, without its five minutes.
		{`count(hourglass_performer_ready{%s} == 0 and hourglass_performer_phase_seconds > 0)`, 1},
	} {
		query := strings.ReplaceAll(stored.query, "%s", fmt.Sprintf("namespace=%q", ns.Name))
		checks = append(checks, prometheus.Stored(query, stored.want))
	}
	wait.For(t, "the metrics of a Performer that can't run", all(checks))

	for _, target := range targets {
		response, err := http.Get("http://" + target.Address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", target.Job, response.Status, err)
		}
		if strings.Contains(string(text), realcluster.PlantedValue) {
			t.Errorf("%s: the metrics contain the environment of a Performer", target.Job)
		}
		realcluster.PromtoolCheck(t, string(text))
	}
}

// assertStored waits until Prometheus has the metrics of a number of managers and of the ready
// Performer a in a namespace, and then deletes the Performer.
func assertStored(t *testing.T, prometheus *realcluster.Prometheus, namespace string, managers int) {
	t.Helper()
	each := float64(managers)
	var checks []func(context.Context) error
	for _, stored := range []struct {
		query string
		want  float64
	}{
		{`sum(up{job=~"(plain|secure)/.*"})`, each},
		{`count(hourglass_build_info)`, each},
		{`count(process_resident_memory_bytes > 0)`, each},
		{`count(go_goroutines > 0)`, each},
		// 90 % of the memory limit of the container, rounded up.
		{`count(go_gc_gomemlimit_bytes == 483183821)`, each},
		{`count(sum by (job) (workqueue_depth{name="performer"}))`, each},
		{`count(sum by (job) (rest_client_requests_total{code="200"}) > 0)`, each},
		{`sum(leader_election_master_status)`, 1},
		// Only the leader has it.
		{`hourglass_performers_omitted`, 0},
		{`hourglass_performers_omitted and on (job) leader_election_master_status == 1`, 0},
		{`hourglass_performer_info{%s,name="a",avs="0xtest-avs-address",image="` + realcluster.SampleImage + `",version=""}`, 1},
		{`hourglass_performer_ready{%s,name="a"}`, 1},
		{`sum(hourglass_performer_phase{%s,name="a"})`, 1},
		{`hourglass_performer_phase{%s,name="a",phase="Running"}`, 1},
		{`hourglass_performer_condition{%s,name="a",type="Available"}`, 1},
		{`hourglass_performer_condition{%s,name="a",type="Progressing"}`, 1},
		{`hourglass_performer_condition{%s,name="a",type="Degraded"}`, 0},
		{`hourglass_performer_condition{%s,name="a",type="Ready"}`, 1},
		{`hourglass_performer_generation{%s,name="a"}`, 1},
		{`hourglass_performer_observed_generation{%s,name="a"}`, 1},
		{`hourglass_performer_failures{%s,name="a"}`, 0},
		{`sum(hourglass_pods_created_total{reason="first"}) > bool 0`, 1},
		{`sum(hourglass_reconcile_total{result="success"}) > bool 0`, 1},
		{`sum(hourglass_reconcile_duration_seconds_count{result="success"}) > bool 0`, 1},
		{`sum(hourglass_reconcile_panics_total)`, 0},
		{`sum(workqueue_adds_total{name="performer"}) > bool 0`, 1},
	} {
		query := strings.ReplaceAll(stored.query, "%s", fmt.Sprintf("namespace=%q", namespace))
		checks = append(checks, prometheus.Stored(query, stored.want))
	}
	wait.For(t, "the metrics of the operator", all(checks))

	document, err := os.ReadFile(repository.Path("docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	families, err := prometheus.Query(t.Context(), `count by (__name__) ({__name__=~"hourglass_.*"})`)
	if err != nil {
		t.Fatal(err)
	}
	suffix := regexp.MustCompile("_(bucket|sum|count)$")
	for _, family := range families {
		if name := suffix.ReplaceAllString(family.Labels["__name__"], ""); !strings.Contains(string(document), "| `"+name+"` |") {
			t.Errorf("family %s is not in docs/metrics.md", name)
		}
	}

	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", namespace, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the metrics of the deleted Performer to be gone",
		prometheus.Nothing(fmt.Sprintf(`{__name__=~"hourglass_performer_.*",namespace=%q,name="a"}`, namespace)))
}

// all returns a check that succeeds if all checks do.
func all(checks []func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		var errs []error
		for _, check := range checks {
			errs = append(errs, check(ctx))
		}
		return errors.Join(errs...)
	}
}

func TestSecureMetricsOverlayApplies(t *testing.T) {
	t.Parallel()
	output, err := cluster.Kubectl(t.Context(), "apply", "--dry-run=server", "-k", "manifests/metrics-secure")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(output, "deployment.apps/"+realcluster.OperatorDeployment+" configured") {
		t.Errorf("the overlay does not change the Deployment of the operator:\n%s", output)
	}
}

// scrapers are two ServiceAccounts: scraper may read the metrics, stranger may not. %[1]s is the
// namespace.
const scrapers = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: scraper, namespace: %[1]s}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: stranger, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s-scraper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: hourglass-operator-metrics-reader}
subjects:
- {kind: ServiceAccount, name: scraper, namespace: %[1]s}
`

// Not parallel: it stops the installed operator, which manages all namespaces.
func TestPrometheusScrapesANamespacedOperatorSecurely(t *testing.T) {
	ns, foreign := cluster.Namespace(t), cluster.Namespace(t)
	// The logs of the operator's pods are lost with them.
	assertNothingLeaked(t)
	stopOperator(t)
	operator := installScoped(t, ns.Name)

	foreign.Create(t, foreign.Performer("b"))
	performer := ns.CreateReady(t, ns.Performer("a"))
	if len(performer.Finalizers) > 0 {
		t.Errorf("under Roles the Performer has finalizers %q", performer.Finalizers)
	}
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != performer.Status.PodName {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, performer.Status.PodName)
	}

	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(scrapers, ns.Name)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Delete(context.WithoutCancel(t.Context()), fmt.Sprintf(scrapers, ns.Name)); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	pods, err := cluster.Kube.CoreV1().Pods(operator).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 2 {
		t.Fatalf("%d pods, want 2", len(pods.Items))
	}
	token, strangerToken := createToken(t, ns.Name, "scraper"), createToken(t, ns.Name, "stranger")
	var targets []realcluster.Target
	for _, pod := range pods.Items {
		targets = append(targets, realcluster.Target{
			Job: "secure/" + pod.Name, Address: cluster.Forward(t, operator, pod.Name, 8443), TLS: true, Token: token,
		})
	}
	// A connection of its own, so that refused scrapes do not disturb the others.
	address := cluster.Forward(t, operator, pods.Items[0].Name, 8443)
	refused := map[string]string{
		"no-token":    "HTTP status 401",
		"wrong-token": "HTTP status 401",
		"stranger":    "HTTP status 403",
	}
	prometheus := cluster.StartPrometheus(t, append(targets,
		realcluster.Target{Job: "no-token", Address: address, TLS: true},
		realcluster.Target{Job: "wrong-token", Address: address, TLS: true, Token: "x" + token},
		realcluster.Target{Job: "stranger", Address: address, TLS: true, Token: strangerToken},
	)...)
	assertStored(t, prometheus, ns.Name, len(pods.Items))
	wait.For(t, "Performer a, its pods and its Service to be gone", ns.Gone("a"))

	for job, want := range refused {
		wait.For(t, "a refused scrape of job "+job, prometheus.Stored(fmt.Sprintf(`up{job=%q}`, job), 0))
		// Not a single scrape may have succeeded.
		wait.For(t, "all scrapes of job "+job+" to be refused", prometheus.Stored(fmt.Sprintf(`max_over_time(up{job=%q}[1h])`, job), 0))
		wait.For(t, "no metrics of job "+job, prometheus.Nothing(fmt.Sprintf(`{__name__!~"up|scrape_.*",job=%q}`, job)))
		if got, err := prometheus.ScrapeError(t.Context(), job); err != nil || !strings.Contains(got, want) {
			t.Errorf("the scrape of job %s failed with %q (%v), want %s", job, got, err, want)
		}
	}

	left, err := foreign.Performers.HourglassV1alpha1().Performers(foreign.Name).Get(t.Context(), "b", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Finalizers) > 0 || len(left.Status.Conditions) > 0 {
		t.Errorf("the Performer of another namespace was changed: finalizers %q, conditions %v", left.Finalizers, left.Status.Conditions)
	}
	for _, pod := range pods.Items {
		log := podLog(t, pod)
		if !strings.Contains(log, "ONLY in the namespaces") {
			t.Errorf("pod %s does not log that it watches only some namespaces", pod.Name)
		}
		// A Role can't grant the permission for nodes, which is said once.
		const optional = "Working without an optional permission"
		if said := strings.Count(log, optional); said != 1 {
			t.Errorf("pod %s logs %q %d times, want once:\n%s", pod.Name, optional, said, log)
		}
		others := strings.Join(slices.DeleteFunc(strings.Split(log, "\n"), func(line string) bool { return strings.Contains(line, optional) }), "\n")
		for _, unwanted := range []string{"forbidden", "may not", realcluster.PlantedValue} {
			if strings.Contains(others, unwanted) {
				t.Errorf("%q is in the log of pod %s:\n%s", unwanted, pod.Name, log)
			}
		}
	}
}

// installScoped installs the overlay namespaced, with secure metrics, for one namespace, and
// returns the namespace of the operator.
func installScoped(t *testing.T, watched string) (operator string) {
	t.Helper()
	operator = watched + "-op"
	manifest := scopedManifest(t, watched, operator)
	path := filepath.Join(t.TempDir(), "operator.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if t.Failed() {
			output, err := cluster.Kubectl(ctx, "logs", "-n", operator, "deployment/"+realcluster.OperatorDeployment, "--all-pods")
			t.Logf("log of the operator with Roles: %s %v", output, err)
		}
		// The namespace goes after its pods.
		if _, err := cluster.Kubectl(ctx, "delete", "-f", path, "--ignore-not-found", "--timeout=120s"); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	if _, err := cluster.Kubectl(t.Context(), "apply", "-f", path); err != nil {
		t.Fatal(err)
	}
	_, err := cluster.Kubectl(t.Context(), "rollout", "status", "-n", operator, "deployment/"+realcluster.OperatorDeployment, "--timeout=120s")
	if err != nil {
		t.Fatal(err)
	}
	return operator
}

// scopedManifest returns the overlay namespaced with the component for secure metrics, with other
// namespaces for the Performers and for the operator, and without the objects that are already
// installed: the CRD and the roles for people.
func scopedManifest(t *testing.T, watched, operator string) string {
	t.Helper()
	dist := repository.Path("dist")
	if err := os.MkdirAll(dist, 0o755); err != nil {
		t.Fatal(err)
	}
	overlay, err := os.MkdirTemp(dist, "overlay.") //nolint:usetesting // in the repository, since kustomize takes no absolute paths
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(overlay)
	const both = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../manifests/namespaced]
components: [../../manifests/metrics-secure/component]
`
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	built, err := cluster.Kubectl(t.Context(), "kustomize", filepath.Join("dist", filepath.Base(overlay)))
	if err != nil {
		t.Fatal(err)
	}

	var manifest strings.Builder
	for document := range strings.SplitSeq(built, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		switch kind, name := object.GetKind(), object.GetName(); {
		case kind == "CustomResourceDefinition", kind == "ClusterRole" && strings.HasPrefix(name, "hourglass-operator-performer-"):
			continue
		case kind == "ClusterRole" && !strings.HasPrefix(name, "hourglass-operator-metrics-"),
			kind == "ClusterRoleBinding" && name != "hourglass-operator-metrics-auth":
			t.Errorf("the overlay has %s %s", kind, name)
		case object.GetNamespace() == "performers":
			object.SetNamespace(watched)
		}
		moved, err := yaml.Marshal(replaced(object.Object, map[string]string{
			realcluster.OperatorNamespace: operator,
			"--namespaces=performers":     "--namespaces=" + watched,
		}))
		if err != nil {
			t.Fatal(err)
		}
		manifest.WriteString("---\n" + string(moved))
	}
	return manifest.String()
}

// replaced returns a tree in which each text that is a key of the map is replaced with its value.
func replaced(tree any, texts map[string]string) any {
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			node[key] = replaced(value, texts)
		}
	case []any:
		for i, value := range node {
			node[i] = replaced(value, texts)
		}
	case string:
		if text, ok := texts[node]; ok {
			return text
		}
	}
	return tree
}

func createToken(t *testing.T, namespace, account string) string {
	t.Helper()
	token, err := cluster.Kubectl(t.Context(), "create", "token", account, "-n", namespace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(token)
}

func podLog(t *testing.T, pod corev1.Pod) string {
	t.Helper()
	text, err := cluster.Kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
