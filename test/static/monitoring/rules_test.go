// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/monitoring"
	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const (
	page     = "docs/monitoring.md"
	runbooks = "https://github.com/Layr-Labs/hourglass-operator/blob/main/" + page
)

var plainRules = repository.Path("deploy/monitoring/plain/rules.yaml")

func readRules(t *testing.T) *monitoring.Rules {
	t.Helper()
	rules, err := monitoring.ReadRules(plainRules)
	if err != nil {
		t.Fatal(err)
	}
	if len(rules.Alerts()) == 0 {
		t.Fatal("no alerts")
	}
	return rules
}

// pageText returns a page of the repository.
func pageText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// promtool runs promtool, the checker of Prometheus.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), prometheus.Program(t, "promtool"), args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args[:2], " "), err, output)
	}
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	promtool(t, "check", "rules", "--lint-fatal", plainRules)
}

// TestRulesNeedADayAtMost checks the ranges in rules, since the Prometheus Operator keeps a day of data
// by default.
func TestRulesNeedADayAtMost(t *testing.T) {
	readRules(t).Each(func(rule *monitoring.Rule) {
		for _, span := range regexp.MustCompile(`(?:\[|offset\s+)(\w+)`).FindAllStringSubmatch(rule.Expr, -1) {
			if span[1] != "1d" && !regexp.MustCompile(`^[0-9]+[mh]$`).MatchString(span[1]) {
				t.Errorf("%s%s needs data of %s: expected at most a day", rule.Record, rule.Alert, span[1])
			}
		}
	})
}

// TestAlertsFire runs the rules on the series in testdata with promtool.
func TestAlertsFire(t *testing.T) {
	rules := readRules(t)
	rules.Each(func(rule *monitoring.Rule) {
		delete(rule.Annotations, "summary")
		delete(rule.Annotations, "runbook_url")
	})
	text, err := rules.Text()
	if err != nil {
		t.Fatal(err)
	}
	// promtool looks for the rules next to its tests.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"test", "rules"}
	for path, text := range testFiles(t) {
		path = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	promtool(t, args...)
}

// testFiles returns the promtool tests by their paths.
func testFiles(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no tests: ", err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if files[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestEveryAlertIsTested checks the promtool tests: each alert must fire in one test and must not fire in
// another. An alert with a delay must be expected not to fire earlier in a test in which it fires.
func TestEveryAlertIsTested(t *testing.T) {
	type expectation struct{ Alertname, Severity string }
	fires, silent, waits := map[expectation]bool{}, map[expectation]bool{}, map[expectation]bool{}
	var all []expectation
	for _, rule := range readRules(t).Alerts() {
		all = append(all, expectation{rule.Alert, rule.Labels["severity"]})
	}
	for path, text := range testFiles(t) {
		var file struct {
			Tests []struct {
				AlertRuleTest []struct {
					Alertname string `json:"alertname"`
					ExpAlerts []struct {
						ExpLabels map[string]string `json:"exp_labels"`
					} `json:"exp_alerts"`
				} `json:"alert_rule_test"`
			} `json:"tests"`
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, test := range file.Tests {
			silentHere := map[expectation]bool{}
			for _, check := range test.AlertRuleTest {
				firesNow := map[expectation]bool{}
				for _, alert := range check.ExpAlerts {
					firesNow[expectation{check.Alertname, alert.ExpLabels["severity"]}] = true
				}
				for _, e := range all {
					switch {
					case e.Alertname != check.Alertname:
					case firesNow[e]:
						fires[e] = true
						waits[e] = waits[e] || silentHere[e]
					default:
						silent[e], silentHere[e] = true, true
					}
				}
			}
		}
	}
	for i, rule := range readRules(t).Alerts() {
		switch e := all[i]; {
		case !fires[e]:
			t.Errorf("no test expects %v to fire", e)
		case !silent[e]:
			t.Errorf("no test expects %v not to fire", e)
		case rule.For != "" && !waits[e]:
			t.Errorf("no test expects %v to be delayed", e)
		}
	}
}

func TestAlertsHaveRunbooks(t *testing.T) {
	text := pageText(t, page)
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^### (Hourglass\w+)$`).FindAllStringSubmatch(text, -1) {
		sections[heading[1]] = true
	}
	described := map[string]bool{}
	for _, rule := range readRules(t).Alerts() {
		described[rule.Alert] = true
		if !strings.HasPrefix(rule.Alert, "Hourglass") {
			t.Errorf("%s: the dashboard counts alerts that begin with Hourglass", rule.Alert)
		}
		if severity := rule.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, severity) {
			t.Errorf("%s: severity %q", rule.Alert, severity)
		}
		for _, annotation := range []string{"summary", "description"} {
			if text := rule.Annotations[annotation]; !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: the %s is not one line that ends with a period: %q", rule.Alert, annotation, text)
			}
		}
		// GitHub's anchor of a heading of one word is the word in lower case.
		if want := runbooks + "#" + strings.ToLower(rule.Alert); rule.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url %q, want %s", rule.Alert, rule.Annotations["runbook_url"], want)
		}
	}
	if !maps.Equal(sections, described) {
		t.Errorf("%s has runbooks for %q, the alerts are %q", page, slices.Sorted(maps.Keys(sections)), slices.Sorted(maps.Keys(described)))
	}
}

// TestThePrometheusRuleHasTheSameRules compares the PrometheusRule with the plain rule file.
func TestThePrometheusRuleHasTheSameRules(t *testing.T) {
	text, err := os.ReadFile(repository.Path("deploy/monitoring/prometheus-rule.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct{ Spec monitoring.Rules }
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	if plain := readRules(t); !reflect.DeepEqual(&object.Spec, plain) {
		t.Errorf("deploy/monitoring/prometheus-rule.yaml and %s differ", plainRules)
	}
}

// TestPageListsRecordingRules compares the table on the page with the rules.
func TestPageListsRecordingRules(t *testing.T) {
	text := pageText(t, page)
	var listed, recorded []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+:\\S+)` \\|").FindAllStringSubmatch(text, -1) {
		listed = append(listed, row[1])
	}
	readRules(t).Each(func(rule *monitoring.Rule) {
		if rule.Record != "" {
			recorded = append(recorded, rule.Record)
		}
	})
	if !slices.Equal(listed, recorded) {
		t.Errorf("%s lists %q, want %q", page, listed, recorded)
	}
}

// pageConfiguration returns the scrape configuration on the page, for a Prometheus without the Prometheus
// Operator.
func pageConfiguration(t *testing.T) string {
	t.Helper()
	block := regexp.MustCompile("(?s)```yaml\n(scrape_configs:.*?)```").FindStringSubmatch(pageText(t, page))
	if block == nil {
		t.Fatal("the page has no scrape configuration")
	}
	return block[1]
}

// TestPromtoolAcceptsThePagesConfiguration checks the configuration without the discovery of pods, since
// Debian's Prometheus is built without the discovery for Kubernetes.
func TestPromtoolAcceptsThePagesConfiguration(t *testing.T) {
	config := pageConfiguration(t)
	found := regexp.MustCompile(`(?m)^  kubernetes_sd_configs:\n(  - .*\n    .*\n)`).FindString(config)
	if found == "" {
		t.Fatalf("the configuration has no discovery of pods:\n%s", config)
	}
	config = strings.Replace(config, found, "  static_configs:\n  - {targets: [a]}\n", 1)
	path := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "config", "--syntax-only", path)
}
