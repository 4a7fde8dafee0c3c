// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func performer(name string) *v1alpha1.Performer {
	return &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Generation: 3, CreationTimestamp: metav1.NewTime(created)},
		Spec:       v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1", Version: "v1"},
		Status: v1alpha1.PerformerStatus{
			Phase: v1alpha1.PhaseRunning, Ready: true, ObservedGeneration: 2, FailureCount: 4,
			Conditions: []metav1.Condition{
				{Type: "Available", Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(created.Add(time.Minute))},
				{Type: "Degraded", Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(created)},
				{Type: "Ready", Status: metav1.ConditionUnknown, LastTransitionTime: metav1.NewTime(created)},
			},
		},
	}
}

// full returns metrics with a series in every family.
func full(t *testing.T, list ...*v1alpha1.Performer) *Metrics {
	t.Helper()
	m := New(LabelValues{SyncResults: []string{"success"}, CreationReasons: []string{"first"}, DeletionReasons: []string{"ended"}, UpgradeResults: []string{"completed"},
		DisruptionKinds: []string{"drain"}, DisruptionOutcomes: []string{"moved"}})
	m.SetBuildInfo("v1.2.3", "abc", "go1")
	m.SyncBegan()
	m.SyncEnded("error", 1, nil)
	m.Upgraded("completed", 1)
	m.Webhook([]string{"validate"}, []string{"allowed"}, func() (time.Time, time.Time) { return created, created })
	m.registry.MustRegister(&performers{
		leads: func() bool { return len(list) > 0 }, list: func() []*v1alpha1.Performer { return list },
		limit: 2, now: func() time.Time { return created.Add(2 * time.Minute) },
	})
	return m
}

func TestPerformers(t *testing.T) {
	body := scrape(t, full(t, performer("a")).Handler())
	for _, want := range []string{
		`hourglass_performer_info{avs="0x1",image="repo:1",name="a",namespace="ns",version="v1"} 1`,
		`hourglass_performer_ready{name="a",namespace="ns"} 1`,
		`hourglass_performer_phase{name="a",namespace="ns",phase="Running"} 1`,
		`hourglass_performer_phase{name="a",namespace="ns",phase="Failed"} 0`,
		`hourglass_performer_phase_seconds{name="a",namespace="ns"} 60`,
		`hourglass_performer_condition{name="a",namespace="ns",type="Available"} 1`,
		`hourglass_performer_condition{name="a",namespace="ns",type="Degraded"} 0`,
		`hourglass_performer_condition{name="a",namespace="ns",type="Ready"} -1`,
		`hourglass_performer_generation{name="a",namespace="ns"} 3`,
		`hourglass_performer_observed_generation{name="a",namespace="ns"} 2`,
		`hourglass_performer_failures{name="a",namespace="ns"} 4`,
		`hourglass_performers_omitted 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("/metrics lacks %q", want)
		}
	}
}

func TestPhaseSeconds(t *testing.T) {
	at := func(after time.Duration) *metav1.Time { return &metav1.Time{Time: created.Add(after)} }
	for _, tt := range []struct {
		name   string
		status v1alpha1.PerformerStatus
		want   int
	}{
		{"not reconciled yet", v1alpha1.PerformerStatus{}, 120},
		// Conditions also change within a phase: Progressing does at the deadline of an upgrade.
		{"set in the status", v1alpha1.PerformerStatus{PhaseTransitionTime: at(time.Second), Conditions: []metav1.Condition{{Type: "Ready", LastTransitionTime: *at(time.Minute)}}}, 119},
		{"set by an older operator", v1alpha1.PerformerStatus{Conditions: []metav1.Condition{{Type: "Available", LastTransitionTime: *at(time.Minute)}, {Type: "Ready", LastTransitionTime: *at(time.Second)}}}, 60},
		{"set by a clock that is ahead", v1alpha1.PerformerStatus{PhaseTransitionTime: at(time.Hour)}, 0},
	} {
		p := performer("a")
		p.Status = tt.status
		want := fmt.Sprintf("hourglass_performer_phase_seconds{name=\"a\",namespace=\"ns\"} %d\n", tt.want)
		if body := scrape(t, full(t, p).Handler()); !strings.Contains(body, want) {
			t.Errorf("%s: /metrics lacks %q", tt.name, want)
		}
	}
}

func TestStandbyExportsNoPerformers(t *testing.T) {
	if body := scrape(t, full(t).Handler()); strings.Contains(body, `namespace="`) {
		t.Error("a standby exports Performers")
	}
}

func TestPerformersAreBounded(t *testing.T) {
	hostile := performer("b")
	hostile.Spec.Image = strings.Repeat("ä", 1000)
	hostile.Status.Phase = ""
	hostile.Status.Conditions = nil
	for i := range 100 {
		hostile.Status.Conditions = append(hostile.Status.Conditions,
			metav1.Condition{Type: fmt.Sprint("T", i), Status: metav1.ConditionTrue}, metav1.Condition{Type: "T0"})
	}
	body := scrape(t, full(t, performer("c"), hostile, performer("a")).Handler())
	if strings.Contains(body, `name="c"`) || !strings.Contains(body, "hourglass_performers_omitted 1\n") {
		t.Error("more than the limit, or no count of the omitted")
	}
	if got := strings.Count(body, `hourglass_performer_condition{name="b"`); got > maxConditions {
		t.Errorf("%d conditions", got)
	}
	if !strings.Contains(body, `phase="Pending"} 1`) {
		t.Error("a Performer without a phase is not Pending")
	}
	for line := range strings.Lines(body) {
		if len(line) > 1000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func gather(t *testing.T, g prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func TestNamesPassPromlint(t *testing.T) {
	problems, err := promlint.NewWithMetricFamilies(gather(t, full(t, performer("a")).registry)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestDocumentListsAllFamilies compares the table in docs/metrics.md with the exported names, types
// and labels.
func TestDocumentListsAllFamilies(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(hourglass_[a-z_]+)` \\| ([a-z]+) \\| ([a-z, ]*) \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]+" "+row[2]+" "+strings.TrimSpace(row[3])] = true
	}
	exported := map[string]bool{}
	for _, family := range gather(t, full(t, performer("a")).registry) {
		var labels []string
		for _, l := range family.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		exported[family.GetName()+" "+strings.ToLower(family.GetType().String())+" "+strings.Join(labels, ", ")] = true
	}
	if !maps.Equal(documented, exported) {
		t.Errorf("documented %q\nexported   %q", slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(exported)))
	}
}
