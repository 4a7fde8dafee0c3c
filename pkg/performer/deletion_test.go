// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestDeletionAbandonsStuckPods(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} })
	plan := planOf(Observed{Performer: p, Pods: []*corev1.Pod{testPod(p, 0, dying)}, Now: testNow.Add(time.Hour)}, testSettings)
	if len(plan.Abandoned) != 1 || plan.Abandoned[0] != "performer-x-0" {
		t.Errorf("abandoned: %v", plan.Abandoned)
	}
}

func TestDeleteReasons(t *testing.T) {
	p := newPerformer(status(2, "performer-x-2"), func(p *v1alpha1.Performer) {
		p.Status.UpdateRevision, p.Status.CurrentRevision = render.Revision(&p.Spec), render.Revision(&p.Spec)
	})
	recreate := p.DeepCopy()
	recreate.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
	deleted := p.DeepCopy()
	deleted.DeletionTimestamp = &metav1.Time{Time: testNow}
	before := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image = "repo:0" })
	serving := testPod(p, 2, ready(time.Hour))
	for name, tt := range map[string]struct {
		p    *v1alpha1.Performer
		pod  *corev1.Pod
		want DeleteReason
	}{
		"drained":                        {p, testPod(before, 1, ready(0), draining(time.Hour)), DeletedUpgraded},
		"never served":                   {p, testPod(before, 1, waitingForTraffic), DeletedSuperseded},
		"of the same revision":           {p, testPod(p, 1, waitingForTraffic), DeletedDuplicate},
		"ended":                          {p, testPod(p, 1, ended(time.Hour)), DeletedEnded},
		"Recreate, outdated":             {recreate, testPod(before, 1, ready(0)), DeletedUpgraded},
		"Recreate, of the same revision": {recreate, testPod(p, 1), DeletedDuplicate},
		"Recreate, ended":                {recreate, testPod(p, 1, ended(time.Hour)), DeletedEnded},
		"with the Performer":             {deleted, testPod(p, 1), DeletedWithPerformer},
	} {
		var got []DeleteReason
		for _, action := range planOf(observed(tt.p, serving, tt.pod), testSettings).Actions {
			if deletion, ok := action.(DeletePod); ok && deletion.Live == tt.pod {
				got = append(got, deletion.Reason)
			}
		}
		if len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: reasons %q, want %q", name, got, tt.want)
		}
	}
}
