// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Fixtures of the tests of Plan: observations and the expected plans.

// planTest is an observation and the plan expected for it.
type planTest struct {
	name         string
	o            Observed
	settings     Settings
	want         string // the actions, as brief formats them
	requeueAfter time.Duration
	problem      string // the reason of the problem
}

func checkPlans(t *testing.T, tests []planTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settings := testSettings
			settings.WithoutFinalizer = tt.settings.WithoutFinalizer
			before := tt.o.Performer.DeepCopy()
			plan := planOf(tt.o, settings)
			if got := brief(plan); got != tt.want {
				t.Errorf("actions:\n got %s\nwant %s", got, tt.want)
			}
			if plan.RequeueAfter != tt.requeueAfter {
				t.Errorf("requeue after %v, want %v", plan.RequeueAfter, tt.requeueAfter)
			}
			if got := problemReason(plan.Problem); got != tt.problem {
				t.Errorf("problem %q, want %q", got, tt.problem)
			}
			if !jsonEqual(before, tt.o.Performer) {
				t.Error("planning changed the Performer, which belongs to the cache")
			}
		})
	}
}

func problemReason(p *Problem) string {
	if p == nil {
		return ""
	}
	return p.Reason
}

// before is the Performer with an earlier spec than that of newPerformer.
var before = newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image, p.Spec.Config.GRPCPort = "repo:0", 8080 })

// older returns a pod of the earlier spec.
func older(ordinal int32, change ...func(*corev1.Pod)) *corev1.Pod {
	return testPod(before, ordinal, change...)
}

func settled(p *v1alpha1.Performer) {
	p.Status.UpdateRevision = render.Revision(&p.Spec)
	p.Status.CurrentRevision = p.Status.UpdateRevision
}

func failures(n int32) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) { settled(p); p.Status.FailureCount = n }
}

func deleted(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} }

func recreate(p *v1alpha1.Performer) {
	p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
}

func tee(p *v1alpha1.Performer) {
	p.Spec.HardwareRequirements = &v1alpha1.HardwareRequirements{TEERequired: true}
}

func cpu(amount string) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) {
		p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(amount)}
	}
}

// serverDefaults sets the fields that the API server defaults.
func serverDefaults(pod *corev1.Pod) {
	pod.Spec.Containers[0].Resources.Requests = requests(pod.Spec.Containers[0].Resources)
}

// resizes marks the resize of a pod, which began a minute ago: to the resources of the given Performer, or
// if it is nil, to those that the pod was requested to have, as the API server has accepted.
func resizes(to *v1alpha1.Performer) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		requested, _ := render.ParseRequestedResources(pod)
		if to != nil {
			requested.ResizingTo = &to.Spec.Resources
		}
		pod.Annotations[render.AnnotationResources] = resizing
		pod.Annotations[render.AnnotationRequestedResources] = requested.String()
		pod.Annotations[render.AnnotationResizingSince] = render.Timestamp(testNow.Add(-time.Minute))
	}
}

func unreadySince(ago time.Duration) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) {
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-ago))}}
	}
}

var (
	first   = newPerformer()
	running = newPerformer(settled, status(0, "performer-x-0"))
)

// upgrading returns a Performer whose pod 0 has the earlier spec.
func upgrading(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	return newPerformer(append([]func(*v1alpha1.Performer){func(p *v1alpha1.Performer) {
		p.Status = v1alpha1.PerformerStatus{PodName: "performer-x-0", UpdateRevision: render.Revision(&before.Spec), CurrentRevision: render.Revision(&before.Spec)}
	}}, change...)...)
}

// begun returns a Performer like upgrading, with ordinal 1 recorded in the status.
func begun(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	return upgrading([]func(*v1alpha1.Performer){func(p *v1alpha1.Performer) {
		p.Status.PodOrdinal, p.Status.UpdateRevision = 1, render.Revision(&p.Spec)
		p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}}
	}, func(p *v1alpha1.Performer) {
		for _, f := range change {
			f(p)
		}
		p.Status.UpdateRevision = render.Revision(&p.Spec)
	}}...)
}

const (
	whole = 10 * time.Minute // left of the progress deadline of a change that starts now
	rest  = 9 * time.Minute  // left of the progress deadline of begun
)

// withSlices sets the pods that the endpoint slices show as ready.
func withSlices(o Observed, names ...string) Observed {
	o.Endpoints = map[string]bool{}
	for _, name := range names {
		o.Endpoints[name] = true
	}
	return o
}

// withService sets the Service to that of p, with the given edits.
func withService(o Observed, p *v1alpha1.Performer, edit ...func(*corev1.Service)) Observed {
	o.Service = render.Service(p, portsOf(Observed{Performer: p}))
	for _, f := range edit {
		f(o.Service)
	}
	return o
}

// withBothPorts sets the Service to its state while an upgrade changes the port.
func withBothPorts(o Observed) Observed {
	o.Service = render.Service(o.Performer, portsOf(o))
	return o
}
