// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Stamps are times that the operator wrote on pods and into the status, perhaps by another clock: that
// of an earlier leader. One that is ahead of our clock counts as now, and is written again, so that
// nothing waits until our clock has caught up.

// planStamps replaces the stamps on pods that are ahead of our clock.
func (a *Assessment) planStamps(plan *Plan) {
	for _, p := range a.pods {
		if !p.alive() {
			continue
		}
		for _, annotation := range []string{render.AnnotationServingSince, render.AnnotationDrainingSince} {
			if p.annotatedTime(annotation).After(a.Now) {
				plan.addActions(PatchPod{p.Pod, nil, map[string]string{annotation: render.Timestamp(a.Now)}})
			}
		}
	}
}

// since returns how long ago the stamp in an annotation of the pod is: 0 if it is ahead of our clock.
func (a *Assessment) since(p *assessedPod, annotation string) time.Duration {
	return a.Now.Sub(notAfter(p.annotatedTime(annotation), a.Now))
}

// notAfter returns the earlier of two times.
func notAfter(t, limit time.Time) time.Time {
	if t.After(limit) {
		return limit
	}
	return t
}

// stampNotAfter limits an optional stamp of the status to now.
func stampNotAfter(t *metav1.Time, now time.Time) *metav1.Time {
	if t == nil || !t.After(now) {
		return t
	}
	limited := metav1Time(now)
	return &limited
}
