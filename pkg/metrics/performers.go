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

// Bounds of what Performers can make a scrape hold.
const (
	maxPerformers = 5000
	maxConditions = 16
	maxLabel      = 256
)

// performers is a collector of the state of all Performers, made up anew at each scrape: what is
// gone is gone from the metrics too, and nothing needs to be kept up to date.
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
	performerInfo = describe("info", "Always 1; the labels tell what a Performer asks for.",
		"avs", "image", "version")
	performerReady = describe("ready", "Whether something serves for the Performer now: 1 or 0.")
	performerPhase = describe("phase", "1 for the phase that the Performer is in, 0 for the others.", "phase")
	performerSince = describe("phase_seconds", "Seconds that the Performer has been in its present phase.")
	performerState = describe("condition", "The conditions of the Performer: 1 for True, 0 for False, -1 for Unknown.", "type")
	performerAsked = describe("generation", "Generation of the Performer's spec.")
	performerSeen  = describe("observed_generation", "Generation of the spec that the Performer's status reflects; -1 before the operator has seen it.")
	performerFails = describe("failures", "Number of pods of the Performer in a row that ended on their own; each makes the next replacement wait longer.")

	performersOmitted = prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "performers_omitted"),
		"Performers that are not exported because there are too many.", nil, nil)
)

// phases are all that a Performer can be in.
var phases = []v1alpha1.PerformerPhase{v1alpha1.PhasePending, v1alpha1.PhaseRunning, v1alpha1.PhaseUpgrading, v1alpha1.PhaseTerminating, v1alpha1.PhaseFailed}

// Describe implements prometheus.Collector.
func (*performers) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{performerInfo, performerReady, performerPhase, performerSince, performerState,
		performerAsked, performerSeen, performerFails, performersOmitted} {
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
		// The same ones each time.
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
	gauge(performerAsked, float64(p.Generation))
	gauge(performerSeen, float64(p.Status.ObservedGeneration))
	gauge(performerFails, float64(p.Status.FailureCount))

	phase := cmp.Or(p.Status.Phase, v1alpha1.PhasePending)
	for _, possible := range phases {
		gauge(performerPhase, number(phase == possible), string(possible))
	}
	told := map[string]bool{}
	for _, c := range p.Status.Conditions[:min(len(p.Status.Conditions), maxConditions)] {
		if told[c.Type] {
			continue
		}
		told[c.Type] = true
		gauge(performerState, conditionNumber(c.Status), label(c.Type))
	}
	gauge(performerSince, max(0, now.Sub(phaseSince(p)).Seconds()))
}

// phaseSince returns since when the Performer is in its phase. Before the operator has seen it that is
// since its creation. Where an older operator wrote the phase and not the time, it is the last moment
// at which the phase can have changed: that of the last change of a condition.
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

// label bounds a text of a user.
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
