// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/client-go/util/workqueue"
)

// scrape returns what a Prometheus server would read, and fails the test on any status but 200.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	body, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHandlerServesOursAndTheStandardFamiliesOnce(t *testing.T) {
	// The workqueue families appear with the first named queue.
	queue := workqueue.NewTypedRateLimitingQueueWithConfig(
		workqueue.DefaultTypedControllerRateLimiter[string](),
		workqueue.TypedRateLimitingQueueConfig[string]{Name: "performer"})
	defer queue.ShutDown()

	m := New()
	m.SetBuildInfo("v1.2.3", "abc", "go1")
	m.Observe("success", 0.002)
	m.Observe("error", 1)
	m.Observe("error", 2)
	body := scrape(t, m.Handler(Standard()))

	for _, want := range []string{
		`hourglass_reconcile_total{result="success"} 1`,
		`hourglass_reconcile_total{result="error"} 2`,
		`hourglass_reconcile_total{result="conflict"} 0`,
		`hourglass_reconcile_duration_seconds_count{result="error"} 2`,
		`hourglass_reconcile_duration_seconds_sum{result="error"} 3`,
		`hourglass_build_info{commit="abc",goversion="go1",version="v1.2.3"} 1`,
		`workqueue_depth{name="performer"} 0`,
		"# TYPE go_goroutines gauge",
		"# TYPE process_start_time_seconds gauge",
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("/metrics lacks %q", want)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(body) {
		name, isType := strings.CutPrefix(line, "# TYPE ")
		if !isType {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		if seen[name] {
			t.Errorf("family %s is served twice", name)
		}
		seen[name] = true
	}
}

func TestHandlerServesWhatItHasWhenAGathererFails(t *testing.T) {
	failing := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return nil, errors.New("no luck")
	})
	body := scrape(t, New().Handler(failing))
	if !strings.Contains(body, "hourglass_reconcile_total") {
		t.Error("our families are missing")
	}
}

func TestNamesPassPromlint(t *testing.T) {
	m := New()
	m.SetBuildInfo("v1.2.3", "abc", "go1")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
