// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Limits on the size of a scrape, however many Performers there are and whatever they contain.
const (
	maxPerformers = 5000
	maxConditions = 16
	maxLabel      = 256
)

// performers collects the state of all Performers at each scrape. A deleted Performer disappears
// from the metrics without further work.
type performers struct {
	leads func() bool
	list  func() []*v1alpha1.Performer
	limit int
	now   func() time.Time
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "performer", name), help, append([]string{"namespace", "name"}, labels...), nil)
}

var (
	performerInfo = describe("info", "Always 1. The labels describe the Performer's spec.",
		"avs", "image", "version")
	performerReady      = describe("ready", "1 if a pod serves the Performer now, else 0.")
	performerPhase      = describe("phase", "1 for the phase that the Performer is in, 0 for the others.", "phase")
	performerSince      = describe("phase_seconds", "Seconds since the Performer entered its present phase.")
	performerCondition  = describe("condition", "The conditions of the Performer: 1 for True, 0 for False, -1 for Unknown.", "type")
	performerGeneration = describe("generation", "Generation of the Performer's spec.")
	performerObserved   = describe("observed_generation", "Generation of the spec that the Performer's status reflects; -1 before the operator has seen it.")
	performerFailures   = describe("failures", "Number of consecutive pods of the Performer that ended on their own. Each makes the next replacement wait longer.")

	performersOmitted = prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "performers_omitted"),
		"Performers that are not exported because there are too many.", nil, nil)
)

// phases are all phases of a Performer.
var phases = []v1alpha1.PerformerPhase{v1alpha1.PhasePending, v1alpha1.PhaseRunning, v1alpha1.PhaseUpgrading,
	v1alpha1.PhaseSuspended, v1alpha1.PhaseTerminating, v1alpha1.PhaseFailed}

// Describe implements prometheus.Collector.
func (*performers) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{performerInfo, performerReady, performerPhase, performerSince, performerCondition,
		performerGeneration, performerObserved, performerFailures, performersOmitted} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (c *performers) Collect(samples chan<- prometheus.Metric) {
	if !c.leads() {
		return
	}
	all := c.list()
	omitted := max(0, len(all)-c.limit)
	if omitted > 0 {
		// Sorted, so that the same Performers are exported each time.
		all = slices.Clone(all)
		slices.SortFunc(all, func(a, b *v1alpha1.Performer) int {
			return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
		})
		all = all[:c.limit]
	}
	samples <- prometheus.MustNewConstMetric(performersOmitted, prometheus.GaugeValue, float64(omitted))
	now := c.now()
	for _, p := range all {
		collect(p, now, samples)
	}
}

func collect(p *v1alpha1.Performer, now time.Time, samples chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		samples <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{p.Namespace, p.Name}, labels...)...)
	}
	gauge(performerInfo, 1, label(p.Spec.AVSAddress), label(p.Spec.Image), label(p.Spec.Version))
	gauge(performerReady, number(p.Status.Ready))
	gauge(performerGeneration, float64(p.Generation))
	gauge(performerObserved, float64(p.Status.ObservedGeneration))
	gauge(performerFailures, float64(p.Status.FailureCount))

	phase := cmp.Or(p.Status.Phase, v1alpha1.PhasePending)
	for _, possible := range phases {
		gauge(performerPhase, number(phase == possible), string(possible))
	}
	seen := map[string]bool{}
	for _, c := range p.Status.Conditions[:min(len(p.Status.Conditions), maxConditions)] {
		if seen[c.Type] {
			continue
		}
		seen[c.Type] = true
		gauge(performerCondition, conditionNumber(c.Status), label(c.Type))
	}
	gauge(performerSince, max(0, now.Sub(phaseSince(p)).Seconds()))
}

// phaseSince returns when the Performer entered its phase: its creation, before the operator has
// set a phase. An older operator set the phase without the time. Then it is the last transition of
// a condition, because the phase did not change later than that.
func phaseSince(p *v1alpha1.Performer) time.Time {
	if since := p.Status.PhaseTransitionTime; since != nil {
		return since.Time
	}
	since := p.CreationTimestamp.Time
	for _, c := range p.Status.Conditions {
		if c.LastTransitionTime.After(since) {
			since = c.LastTransitionTime.Time
		}
	}
	return since
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func conditionNumber(status metav1.ConditionStatus) float64 {
	switch status {
	case metav1.ConditionTrue:
		return 1
	case metav1.ConditionFalse:
		return 0
	default:
		return -1
	}
}

// label shortens a text of a user to a label value.
func label(text string) string {
	if len(text) <= maxLabel {
		return text
	}
	cut := maxLabel
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
