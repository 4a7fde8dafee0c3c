//go:build e2e && linux

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/monitoring"
	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// rateInterval is at least what Grafana would choose for $__rate_interval: several scrapes, which
// are a second apart.
const rateInterval = "15s"

// emptyPanels are the panels that correctly show nothing in this test, and why.
var emptyPanels = map[string]string{
	"Webhook certificate": webhooksOff, "Reviews": webhooksOff, "Duration of reviews": webhooksOff, "Certificate": webhooksOff,
	"Failures in a row":       "no container exits",
	"Delay after an error":    "no sync fails",
	"Wait for --kube-api-qps": "no limit is set",
}

const webhooksOff = "webhooks are off"

// Not parallel: an alert about the Performer of another test would fail it.
func TestAlertsFireAndTheDashboardIsFilled(t *testing.T) {
	started := time.Now()
	targets := operatorTargets(t)
	rules, err := monitoring.ReadRules(repository.Path("deploy/monitoring/plain/rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// promtool tests how long the alerts wait. Here they only have to fire, so they wait for a
	// second. A short problem, such as a Performer that is not ready yet, fires for a moment too.
	rules.Each(func(rule *monitoring.Rule) {
		if rule.For != "" {
			rule.For = "1s"
		}
	})
	text, err := rules.Text()
	if err != nil {
		t.Fatal(err)
	}
	prometheus := cluster.StartPrometheusWithRules(t, text, targets...)

	ns := cluster.Namespace(t)
	broken := ns.Performer("broken")
	broken.Spec.Image = "hourglass/missing:v9"
	ns.Create(t, broken)
	stuck := ns.Performer("stuck")
	stuck.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{ProgressDeadlineSeconds: new(int32(5))}
	ns.CreateReady(t, stuck)
	ns.Patch(t, "stuck", `{"spec":{"image":"hourglass/missing:v9"}}`)
	ns.CreateReady(t, ns.Performer("upgraded"))
	replaced := ns.CreateReady(t, ns.Performer("replaced"))
	short := ns.CreateReady(t, ns.Performer("short-lived"))
	ns.Patch(t, "upgraded", `{"spec":{"version":"upgraded","image":"hourglass/sample-performer:v1"}}`)
	ns.WaitFor(t, "upgraded", "to be ready on another pod", realcluster.ReadyOn(1))
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), replaced.Status.PodName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "replaced", "to be ready on another pod", realcluster.ReadyOn(1))
	performers := ns.Performers.HourglassV1alpha1().Performers(ns.Name)
	if err := performers.Delete(t.Context(), short.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "Performer short-lived to be gone", ns.Gone(short.Name))

	wait.For(t, "the alerts for the two broken Performers and no other alert", func(ctx context.Context) error {
		// A single error of the API server, which can occur at any time, would fire for ten
		// minutes.
		firing, err := prometheus.Query(ctx, `ALERTS{alertstate="firing",alertname!="HourglassReconcileErrors"}`)
		if err != nil {
			return err
		}
		var names []string
		for _, alert := range firing {
			names = append(names, fmt.Sprintf("%s (%s) of %s/%s", alert.Labels["alertname"], alert.Labels["severity"], alert.Labels["namespace"], alert.Labels["name"]))
		}
		slices.Sort(names)
		want := []string{
			"HourglassPerformerNotReady (critical) of " + ns.Name + "/broken",
			"HourglassUpgradeStuck (warning) of " + ns.Name + "/stuck",
		}
		if !slices.Equal(names, want) {
			return fmt.Errorf("the firing alerts are %q, want %q", names, want)
		}
		return nil
	})
	assertRulesAreEvaluated(t, prometheus)

	dashboard, err := monitoring.ReadDashboard(repository.Path("deploy/monitoring/plain/dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	choose, err := dashboard.Choose(t.Context(), &prometheus.Client, rateInterval)
	if err != nil {
		t.Fatal(err)
	}
	// An upgrade may not have ended yet, and a rate needs two scrapes.
	wait.For(t, "each panel to show data", func(ctx context.Context) error {
		var wrong []error
		for _, panel := range dashboard.Panels {
			why, empty := emptyPanels[panel.Title]
			for _, query := range panel.Targets {
				series, err := prometheus.Range(ctx, choose(query.Expr), started, time.Now(), time.Second)
				switch has := slices.ContainsFunc(series, hasNumber); {
				case err != nil:
					wrong = append(wrong, fmt.Errorf("panel %q: %w", panel.Title, err))
				case !has && !empty:
					wrong = append(wrong, fmt.Errorf("panel %q shows nothing for %s", panel.Title, choose(query.Expr)))
				case has && empty && why == webhooksOff:
					wrong = append(wrong, fmt.Errorf("panel %q shows data, though %s", panel.Title, why))
				}
			}
		}
		return errors.Join(wrong...)
	})
}

// operatorPods waits until the installed operator is ready and returns its two pods.
func operatorPods(t *testing.T) []corev1.Pod {
	t.Helper()
	wait.For(t, "the operator to be ready", cluster.OperatorReady)
	wait.For(t, "a leader", func(ctx context.Context) error {
		_, err := cluster.Leader(ctx)
		return err
	})
	var pods []corev1.Pod
	wait.For(t, "no pod of the operator to be terminating", func(ctx context.Context) error {
		var err error
		if pods, err = cluster.OperatorPods(ctx); err == nil && len(pods) != 2 {
			err = fmt.Errorf("there are %d pods, want 2", len(pods))
		}
		return err
	})
	return pods
}

// operatorTargets returns the managers of the installed operator, with the labels that the
// Prometheus Operator adds for the ServiceMonitor.
func operatorTargets(t *testing.T) []realcluster.Target {
	t.Helper()
	var targets []realcluster.Target
	for _, pod := range operatorPods(t) {
		const service = "hourglass-operator-controller-manager-metrics-service"
		targets = append(targets, realcluster.Target{
			Job:     pod.Name,
			Address: cluster.Forward(t, realcluster.OperatorNamespace, pod.Name, 8080),
			Labels: map[string]string{
				"job": service, "service": service, "namespace": realcluster.OperatorNamespace, "pod": pod.Name,
				"container": "manager", "endpoint": "metrics", "instance": pod.Status.PodIP + ":8080",
			},
		})
	}
	return targets
}

// assertRulesAreEvaluated waits until each rule has been evaluated without an error and each
// recording rule has values.
func assertRulesAreEvaluated(t *testing.T, prometheus *realcluster.Prometheus) {
	t.Helper()
	wait.For(t, "all rules to be evaluated", func(ctx context.Context) error {
		var answer struct {
			Groups []struct {
				Rules []struct{ Name, Type, Health, LastError string }
			}
		}
		if err := prometheus.Get(ctx, "rules", &answer); err != nil {
			return err
		}
		var errs []error
		count := 0
		for _, group := range answer.Groups {
			for _, rule := range group.Rules {
				count++
				if rule.Health != "ok" {
					errs = append(errs, fmt.Errorf("rule %s is %s: %s", rule.Name, rule.Health, rule.LastError))
				}
				if rule.Type != "recording" {
					continue
				}
				samples, err := prometheus.Query(ctx, rule.Name)
				if err == nil && len(samples) == 0 {
					err = fmt.Errorf("rule %s has recorded nothing", rule.Name)
				}
				errs = append(errs, err)
			}
		}
		if count == 0 {
			errs = append(errs, errors.New("there are no rules"))
		}
		return errors.Join(errs...)
	})
}

func hasNumber(series prometheus.Series) bool {
	return slices.ContainsFunc(series.Points, func(p prometheus.Point) bool { return !math.IsNaN(p.Value) })
}

// TestMonitoringIsInstalledAsThePageSays runs the commands of docs/monitoring.md with the CRDs of
// the Prometheus Operator, in the version of hack/tools. The Prometheus Operator itself does not
// run.
func TestMonitoringIsInstalledAsThePageSays(t *testing.T) {
	t.Parallel()
	const module = "github.com/prometheus-operator/prometheus-operator"
	output, err := cluster.Run(t.Context(), "env", "GOWORK=off", "GOFLAGS=-mod=readonly",
		"go", "-C", "hack/tools/prometheus-operator", "mod", "download", "-json", module)
	if err != nil {
		t.Fatal(err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal([]byte(output), &downloaded); err != nil || downloaded.Dir == "" {
		t.Fatalf("go mod download printed %s: %v", output, err)
	}
	kubectl := func(ctx context.Context, args ...string) string {
		output, err := cluster.Kubectl(ctx, args...)
		if err != nil {
			t.Error(err)
		}
		return output
	}
	for _, plural := range []string{"servicemonitors", "prometheusrules"} {
		file := filepath.Join(downloaded.Dir, "example", "prometheus-operator-crd", "monitoring.coreos.com_"+plural+".yaml")
		kubectl(t.Context(), "apply", "--server-side", "-f", file)
		t.Cleanup(func() { kubectl(context.WithoutCancel(t.Context()), "delete", "--ignore-not-found", "-f", file) })
		kubectl(t.Context(), "wait", "--for=condition=Established", "--timeout=60s", "crd/"+plural+".monitoring.coreos.com")
	}
	t.Cleanup(func() {
		kubectl(context.WithoutCancel(t.Context()), "delete", "--ignore-not-found", "-k", "manifests/monitoring")
	})

	text, err := os.ReadFile(repository.Path("docs/monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ how, from, port string }{
		{"-f", "deploy/monitoring/", "metrics"},
		{"-f", "deploy/monitoring/secure/", "https"},
		{"-k", "manifests/monitoring", "metrics"},
		{"-k", "manifests/monitoring-secure", "https"},
	} {
		if !strings.Contains(string(text), step.from) {
			t.Errorf("docs/monitoring.md does not mention %s", step.from)
		}
		kubectl(t.Context(), "apply", "--validate=strict", "--warnings-as-errors", step.how, step.from)
		if port := kubectl(t.Context(), "get", "servicemonitors", "-n", realcluster.OperatorNamespace, "-o", "jsonpath={.items[*].spec.endpoints[*].port}"); port != step.port {
			t.Errorf("after applying %s the scraped port is %q, want %q", step.from, port, step.port)
		}
	}
	found := kubectl(t.Context(), "get", "servicemonitors,prometheusrules,configmaps", "-n", realcluster.OperatorNamespace, "-l", "app.kubernetes.io/part-of=hourglass", "-o", "name")
	for _, want := range []string{"servicemonitor.", "prometheusrule.", "configmap/hourglass-operator-dashboard"} {
		if !strings.Contains(found, want) {
			t.Errorf("%s is missing in %q", want, found)
		}
	}
}
