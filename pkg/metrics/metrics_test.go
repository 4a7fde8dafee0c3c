// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
)

// scrape returns the response to a scrape, and fails the test on any status but 200.
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

func TestHandlerServesEachFamilyOnce(t *testing.T) {
	// The workqueue families appear with the first named queue.
	queue := workqueue.NewTypedRateLimitingQueueWithConfig(
		workqueue.DefaultTypedControllerRateLimiter[string](),
		workqueue.TypedRateLimitingQueueConfig[string]{Name: "performer"})
	defer queue.ShutDown()

	m := New(LabelValues{SyncResults: []string{"success", "error", "conflict"}, UpgradeResults: []string{"completed", "superseded"},
		DisruptionKinds: []string{"drain", "eviction"}, DisruptionOutcomes: []string{"moved", "gap"}})
	m.SetBuildInfo("v1.2.3", "abc", "go1")
	end := func(result string, seconds float64, err error) {
		m.SyncBegan()
		m.SyncEnded(result, seconds, err)
	}
	end("success", 0.002, nil)
	end("error", 1, apierrors.NewUnauthorized("x"))
	end("error", 2, &apierrors.StatusError{ErrStatus: metav1.Status{Reason: "OfAnUnknownServer"}})
	end("skipped", 0, nil)
	end("panic", 0, errors.New("x"))
	m.SyncBegan()
	m.PodCreated("first")
	m.PodDeleted("ended")
	m.Upgraded("completed", 3)
	m.Disrupted("drain", "moved", 0)
	m.Disrupted("drain", "gap", 4)
	m.BackedOff(0.2)
	body := scrape(t, m.Handler(Standard()))

	for _, want := range []string{
		// Each series starts at zero, or its first event would not be an increase.
		`hourglass_upgrade_duration_seconds_count{result="superseded"} 0`,
		`hourglass_reconcile_duration_seconds_count{result="conflict"} 0`,
		`hourglass_reconcile_total{result="success"} 1`,
		`hourglass_reconcile_total{result="error"} 2`,
		`hourglass_reconcile_total{result="conflict"} 0`,
		`hourglass_reconcile_errors_total{reason="Unauthorized"} 1`,
		`hourglass_reconcile_errors_total{reason="Other"} 1`,
		`hourglass_stale_skips_total 1`,
		`hourglass_reconcile_panics_total 1`,
		`hourglass_active_workers 1`,
		`hourglass_pods_created_total{reason="first"} 1`,
		`hourglass_pods_deleted_total{reason="ended"} 1`,
		`hourglass_upgrades_total{result="completed"} 1`,
		`hourglass_upgrade_duration_seconds_sum{result="completed"} 3`,
		`hourglass_performer_disruptions_total{kind="drain",outcome="moved"} 1`,
		`hourglass_performer_disruptions_total{kind="eviction",outcome="gap"} 0`,
		`hourglass_performer_disruption_gap_seconds_bucket{le="0"} 1`,
		`hourglass_performer_disruption_gap_seconds_sum 4`,
		`hourglass_reconcile_backoff_seconds_sum 0.2`,
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

// TestErrorsStartAtZero checks that each reason of an error has a series: the first error would not
// be an increase of a series that starts with it.
func TestErrorsStartAtZero(t *testing.T) {
	body := scrape(t, New(LabelValues{}).Handler())
	errs := map[string]error{"Other": errors.New("x"), "Timeout": context.DeadlineExceeded}
	for reason := range reasons {
		errs[string(reason)] = &apierrors.StatusError{ErrStatus: metav1.Status{Reason: reason}}
	}
	for reason, err := range errs {
		if got := errorReason(err); got != reason {
			t.Errorf("%v is counted as %s, want %s", err, got, reason)
		}
		if want := fmt.Sprintf("hourglass_reconcile_errors_total{reason=%q} 0\n", reason); !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %q", want)
		}
	}
	if got := strings.Count(body, "hourglass_reconcile_errors_total{"); got != len(errs) {
		t.Errorf("%d reasons, want %d", got, len(errs))
	}
}

func TestHandlerServesOtherFamiliesWhenOneFails(t *testing.T) {
	failing := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		return nil, errors.New("broken")
	})
	body := scrape(t, New(LabelValues{SyncResults: []string{"success"}}).Handler(failing))
	if !strings.Contains(body, "hourglass_reconcile_total") {
		t.Error("the other families are missing")
	}
}
