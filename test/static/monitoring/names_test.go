// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
	"github.com/Layr-Labs/hourglass-operator/pkg/webhook"
	"github.com/Layr-Labs/hourglass-operator/test/harness/monitoring"
)

// known maps the metrics to their labels, and these to their values.
type known map[string]map[string][]string

// add adds a metric with labels of any value.
func (k known) add(metric string, labels ...string) {
	if k[metric] == nil {
		k[metric] = map[string][]string{}
	}
	for _, label := range labels {
		k[metric][label] = nil
	}
}

// targetLabels are the labels that Prometheus adds to the series of a target.
var targetLabels = []string{"cluster", "namespace", "job", "instance", "pod"}

// exported returns the metrics that the operator exports, with the values of their labels: those of a
// scrape after everything has happened once.
func exported(t *testing.T) known {
	t.Helper()
	m := metrics.New(metrics.LabelValues{
		SyncResults: controller.SyncResults, CreationReasons: controller.CreationReasons,
		DeletionReasons: controller.DeletionReasons, UpgradeResults: controller.UpgradeResults,
		DisruptionKinds: controller.DisruptionKinds, DisruptionOutcomes: controller.DisruptionOutcomes,
	})
	m.SetBuildInfo("v1", "abc", "go1")
	for _, result := range controller.SyncResults {
		m.SyncBegan()
		m.SyncEnded(result, 1, errors.New("x"))
	}
	for _, result := range controller.UpgradeResults {
		m.Upgraded(result, 1)
	}
	webhooks := m.Webhook(webhook.Operations, webhook.Results, func() (begins, ends time.Time) { return time.Now(), time.Now() })
	webhooks.Served(webhook.Operations[0], webhook.Results[0], 1)
	performer := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
	for _, condition := range []string{v1alpha1.ConditionAvailable, v1alpha1.ConditionProgressing, v1alpha1.ConditionDegraded,
		v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionReady} {
		performer.Status.Conditions = append(performer.Status.Conditions, metav1.Condition{Type: condition, Status: metav1.ConditionTrue})
	}
	m.WatchPerformers(func() bool { return true }, func() []*v1alpha1.Performer { return []*v1alpha1.Performer{performer} })

	queue := workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.DefaultTypedControllerRateLimiter[string](),
		workqueue.TypedRateLimitingQueueConfig[string]{Name: controller.Name})
	queue.Add("a")
	item, _ := queue.Get()
	queue.Done(item)
	queue.ShutDown()

	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, QPS: 1000, Burst: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Discovery().ServerVersion(); err == nil {
		t.Fatal("the server without an API returned a version")
	}
	if _, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name: "lease", Lock: lock{}, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: time.Second,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
	}); err != nil {
		t.Fatal(err)
	}

	recorder := httptest.NewRecorder()
	m.Handler(metrics.Standard()).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	all := known{}
	sample := regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	label := regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
	for _, line := range sample.FindAllStringSubmatch(recorder.Body.String(), -1) {
		all.add(line[1])
		for _, pair := range label.FindAllStringSubmatch(line[2], -1) {
			all[line[1]][pair[1]] = append(all[line[1]][pair[1]], pair[2])
		}
	}
	return all
}

// lock is a lease that is never requested.
type lock struct{ resourcelock.Interface }

func (lock) Identity() string { return "a" }

// problems returns the unknown names in an expression.
func problems(expression string, all known) []string {
	names, err := monitoring.NamesIn(expression)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	if len(names.Selectors) == 0 {
		found = append(found, "no metric")
	}
	labels := slices.Clone(targetLabels)
	for _, selector := range names.Selectors {
		metric, ok := all[selector.Metric]
		if !ok {
			found = append(found, "no metric "+selector.Metric)
			continue
		}
		for label := range metric {
			labels = append(labels, label)
		}
		for _, matcher := range selector.Matchers {
			values, ok := metric[matcher.Label]
			if !ok && !slices.Contains(targetLabels, matcher.Label) {
				found = append(found, fmt.Sprintf("%s has no label %s", selector.Metric, matcher.Label))
			}
			for _, value := range matcher.Values {
				if len(values) > 0 && !slices.Contains(values, value) {
					found = append(found, fmt.Sprintf("%s has no %s=%q", selector.Metric, matcher.Label, value))
				}
			}
		}
	}
	for _, clause := range names.Clauses {
		for _, label := range clause.Labels {
			if !slices.Contains(labels, label) {
				found = append(found, "nothing has a label "+label)
			}
		}
	}
	return found
}

func TestProblemsAreFound(t *testing.T) {
	all := known{
		"a_total":  {"result": {"good", "bad"}, "name": nil},
		"b_bucket": {"le": {"1"}},
	}
	for expression, want := range map[string]string{
		`rate(a_total{result=~"good|bad",job=~"$job",name!="x"}[5m] offset 1h) > bool 0.5`:        "",
		`sum by (result) (a_total) / on (namespace) group_left (result) a_total unless b_bucket`:  "",
		`histogram_quantile(0.99, sum without (instance, le) (rate(b_bucket[$__rate_interval])))`: "",
		`a_tota`:                        "no metric a_tota",
		`rate(b_bucket[5m]) + rate(b)`:  "no metric b",
		`max(b{le="1"} or a_total)`:     "no metric b",
		`a_total{reason="x"}`:           "a_total has no label reason",
		`a_total{result=~"good|worse"}`: `a_total has no result="worse"`,
		`sum by (reason) (a_total)`:     "nothing has a label reason",
		`a_total and on (le) a_total`:   "nothing has a label le",
		`vector(1)`:                     "no metric",
		`a_total[5m`:                    "a_total[5m: a range has no closing ]",
		`a_total{result}`:               `a_total{result}: invalid matcher at "result"`,
	} {
		if got := strings.Join(problems(expression, all), "; "); got != want {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

// queries returns the expressions on the pages: the lines of the blocks in docs/metrics.md, and the
// inline code in docs/monitoring.md that names a metric.
func queries(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(pageText(t, "docs/metrics.md"), -1) {
		for line := range strings.Lines(block[1]) {
			if !strings.HasPrefix(line, "#") {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	inBlocks := len(found)
	for _, code := range regexp.MustCompile("`([^`\n]*\\b(?:hourglass|workqueue|leader_election)_[^`\n]*)`").FindAllStringSubmatch(pageText(t, page), -1) {
		found = append(found, code[1])
	}
	if inBlocks == 0 || len(found) == inBlocks {
		t.Fatalf("got queries %q, %d of them in blocks: expected some in blocks and some inline", found, inBlocks)
	}
	return found
}

// TestPromtoolAcceptsThePagesQueries turns each query into a rule, which promtool checks.
func TestPromtoolAcceptsThePagesQueries(t *testing.T) {
	group := monitoring.Group{Name: "queries"}
	for i, query := range queries(t) {
		group.Rules = append(group.Rules, monitoring.Rule{Record: fmt.Sprintf("query:%d", i), Expr: query})
	}
	text, err := (&monitoring.Rules{Groups: []monitoring.Group{group}}).Text()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "queries.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

// TestNamesExist compares the names in all expressions, including those of the pages, with the metrics
// that the operator exports.
func TestNamesExist(t *testing.T) {
	all := exported(t)
	// The metrics of Prometheus itself.
	all.add("up")
	all.add("ALERTS", "alertname", "alertstate")

	check := func(where, expression string) {
		for _, problem := range problems(expression, all) {
			t.Errorf("%s: %s", where, problem)
		}
	}
	rules, recorded := readRules(t), 0
	rules.Each(func(rule *monitoring.Rule) {
		if rule.Record == "" {
			return
		}
		check(rule.Record, rule.Expr)
		// A recorded series has the labels of the first clause of its rule, which is the outermost.
		clause := regexp.MustCompile(`by \(([a-z, ]+)\)`).FindStringSubmatch(rule.Expr)
		if clause == nil {
			t.Fatalf("%s has no labels", rule.Record)
		}
		all.add(rule.Record, strings.Split(clause[1], ", ")...)
		recorded++
	})
	for _, rule := range rules.Alerts() {
		check(rule.Alert, rule.Expr)
	}
	for _, query := range queries(t) {
		check("page query "+query, query)
	}
	dashboard := readDashboard(t)
	queried := 0
	for _, panel := range dashboard.Panels {
		for _, query := range panel.Targets {
			check("panel "+panel.Title, query.Expr)
			queried++
		}
	}
	for _, variable := range dashboard.Templating.List {
		if series, label, ok := variable.LabelValues(); ok {
			check("variable "+variable.Name, fmt.Sprintf("group by (%s) (%s)", label, series))
		}
	}
	if recorded == 0 || queried == 0 {
		t.Errorf("checked %d recording rules and %d queries: expected some of both", recorded, queried)
	}
}

// mixed returns the clauses of an expression that mix clusters: those with a label that is unique only
// within a cluster, and without the label cluster.
func mixed(t *testing.T, expression string) []string {
	t.Helper()
	names, err := monitoring.NamesIn(expression)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, clause := range names.Clauses {
		within := slices.ContainsFunc(clause.Labels, func(label string) bool {
			return slices.Contains([]string{"namespace", "name", "job", "instance", "pod"}, label)
		})
		if within && (clause.Keyword == "by" || clause.Keyword == "on") && !slices.Contains(clause.Labels, "cluster") {
			found = append(found, fmt.Sprintf("%s (%s)", clause.Keyword, strings.Join(clause.Labels, ", ")))
		}
	}
	return found
}

func TestMixedClustersAreFound(t *testing.T) {
	for expression, want := range map[string]string{
		`sum by (result) (max by (cluster, namespace, name) (a) and on (cluster, job) b)`: "",
		`max by (namespace, name) (a)`:                       "by (namespace, name)",
		`sum by (cluster, job) (a unless on (instance) b)`:   "on (instance)",
		`sum without (instance) (a) / on () group_left () b`: "",
	} {
		if got := strings.Join(mixed(t, expression), "; "); got != want {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

// TestClustersAreKeptApart checks all expressions: objects of the same namespace and name in two clusters
// are different. A panel shows the chosen clusters; .* also matches series without the label.
func TestClustersAreKeptApart(t *testing.T) {
	readRules(t).Each(func(rule *monitoring.Rule) {
		for _, clause := range mixed(t, rule.Expr) {
			t.Errorf("rule %s%s: %s mixes clusters", rule.Record, rule.Alert, clause)
		}
	})
	dashboard := readDashboard(t)
	chosen := func(where, expression string) {
		names, err := monitoring.NamesIn(expression)
		if err != nil {
			t.Fatal(err)
		}
		for _, selector := range names.Selectors {
			if !slices.ContainsFunc(selector.Matchers, func(m monitoring.Matcher) bool {
				return m.Label == "cluster" && m.Operator == "=~" && m.Text == "$cluster"
			}) {
				t.Errorf("%s: %s does not select the chosen clusters", where, selector.Metric)
			}
		}
	}
	for _, panel := range dashboard.Panels {
		for _, query := range panel.Targets {
			for _, clause := range mixed(t, query.Expr) {
				t.Errorf("panel %s: %s mixes clusters", panel.Title, clause)
			}
			chosen("panel "+panel.Title, query.Expr)
		}
	}
	for _, variable := range dashboard.Templating.List {
		switch {
		case variable.Name == "cluster":
			if variable.AllValue != ".*" {
				t.Errorf("allValue of cluster is %q, which excludes series without the label", variable.AllValue)
			}
		case variable.Type == "query":
			series, _, _ := variable.LabelValues()
			chosen("variable "+variable.Name, series)
		}
	}
}
