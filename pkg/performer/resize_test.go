// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// amounts returns a list of name and amount in turn.
func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

// with returns a Performer that was settled with the given limits and requests.
func with(limits, requests corev1.ResourceList) *v1alpha1.Performer {
	return newPerformer(settled, status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Spec.Resources = corev1.ResourceRequirements{Limits: limits, Requests: requests}
	})
}

// has sets the limits and requests of a live pod, as admission or an autoscaler does.
func has(limits, requests corev1.ResourceList) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Resources = corev1.ResourceRequirements{Limits: limits, Requests: requests}
	}
}

// withoutRecord makes the pod one of an operator that did not record what it requested.
func withoutRecord(pod *corev1.Pod) { delete(pod.Annotations, render.AnnotationRequestedResources) }

const (
	resizesIt  = "start resize of performer-x-0, resize performer-x-0"
	replacesIt = "record ordinal 1, create pod 1"
	recordsIt  = "finish resize of performer-x-0"
)

// TestResizeComparesRequests has pods that were requested with some resources and have others, which a
// LimitRange, a webhook or an autoscaler gave them.
func TestResizeComparesRequests(t *testing.T) {
	before := with(amounts("cpu", "200m"), nil)
	ranged := has(amounts("cpu", "200m", "memory", "512Mi"), amounts("cpu", "200m", "memory", "256Mi"))
	storage := has(amounts("cpu", "200m", "ephemeral-storage", "2Gi"), amounts("cpu", "200m", "ephemeral-storage", "2Gi"))
	live := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return testPod(before, 0, append([]func(*corev1.Pod){ready(0)}, change...)...)
	}
	nonsense := func(pod *corev1.Pod) { pod.Annotations[render.AnnotationRequestedResources] = "{" }
	more := with(amounts("cpu", "300m"), nil)
	checkPlans(t, []planTest{
		{name: "a LimitRange with a default memory", o: observed(more, live(ranged)), want: resizesIt},
		{name: "the same, on a pod without a record", o: observed(more, live(ranged, withoutRecord)), want: resizesIt},
		{name: "the same, with a record that is nonsense", o: observed(more, live(ranged, nonsense)), want: resizesIt},
		{name: "a LimitRange with a default storage", o: observed(more, live(storage)), want: resizesIt},
		{name: "amounts that a webhook changed", o: observed(more, live(has(amounts("cpu", "1"), amounts("cpu", "700m")))), want: resizesIt},
		{name: "a pod without a record and with changed amounts: the live ones count as requested",
			o: observed(more, live(has(amounts("cpu", "1", "memory", "1Gi"), amounts("cpu", "1", "memory", "1Gi")), withoutRecord)), want: replacesIt},
		{name: "the default is requested in another amount", o: observed(with(amounts("cpu", "200m", "memory", "1Gi"), nil), live(ranged)), want: resizesIt},
		{name: "the default is requested as it is",
			o: observed(with(amounts("cpu", "200m", "memory", "512Mi"), amounts("memory", "256Mi")), live(ranged)), want: recordsIt},
		{name: "the default storage is requested as it is", o: observed(with(amounts("cpu", "300m", "ephemeral-storage", "2Gi"), nil), live(storage)), want: resizesIt},
		{name: "other storage than the default is requested", o: observed(with(amounts("cpu", "300m", "ephemeral-storage", "1Gi"), nil), live(storage)), want: replacesIt},
		{name: "storage that the pod has not is requested", o: observed(with(amounts("cpu", "300m", "ephemeral-storage", "1Gi"), nil), live(serverDefaults)), want: replacesIt},
		{name: "a limit is removed, which a LimitRange sets again", o: observed(with(nil, amounts("cpu", "200m")), live(ranged)), want: replacesIt},
		{name: "everything is removed", o: observed(with(nil, nil), live(ranged)), want: replacesIt},
		{name: "a limit that was requested is removed, on a pod without a record", o: observed(with(nil, amounts("cpu", "200m")), live(ranged, withoutRecord)), want: replacesIt},
		{name: "an autoscaler resized the pod, and nothing else is requested", o: observed(before, live(has(amounts("cpu", "2"), amounts("cpu", "1"))))},
		{name: "an autoscaler resized the pod, and the spec writes the same differently",
			o: observed(with(amounts("cpu", "0.2"), amounts("cpu", "200m")), live(has(amounts("cpu", "2"), amounts("cpu", "1")))), want: recordsIt},
		{name: "an autoscaler resized the pod after the API server accepted ours",
			o: observed(before, live(has(amounts("cpu", "2"), amounts("cpu", "1")), resizes(nil))), want: recordsIt},
		{name: "other storage was admitted than was requested",
			o:    observed(with(amounts("cpu", "300m", "ephemeral-storage", "1Gi"), nil), testPod(with(amounts("cpu", "200m", "ephemeral-storage", "1Gi"), nil), 0, ready(0), storage)),
			want: resizesIt},
	})
}

// TestResizeAfterARefusal reverts or changes a spec while the API server refuses the resize.
func TestResizeAfterARefusal(t *testing.T) {
	one, two, three := with(amounts("cpu", "1"), nil), with(amounts("cpu", "2"), nil), with(amounts("cpu", "3"), nil)
	withMemory := with(amounts("cpu", "1", "memory", "1Gi"), nil)
	live := func(p *v1alpha1.Performer, change ...func(*corev1.Pod)) *corev1.Pod {
		return testPod(p, 0, append([]func(*corev1.Pod){ready(0), serverDefaults}, change...)...)
	}
	checkPlans(t, []planTest{
		{name: "retried", o: observed(two, live(one, resizes(two))), want: "resize performer-x-0", requeueAfter: rest},
		{name: "reverted: the pod is up to date, whatever the kubelet reports", o: observed(one, live(one, resizes(two))), want: recordsIt},
		{name: "reverted, and an autoscaler changed the pod: nobody knows what was accepted",
			o: observed(one, live(one, resizes(two), has(amounts("cpu", "5"), amounts("cpu", "5")))), want: resizesIt, requeueAfter: rest},
		{name: "changed", o: observed(three, live(one, resizes(two))), want: resizesIt, requeueAfter: rest},
		{name: "what the refused resize would have added is not requested any more", o: observed(two, live(one, resizes(withMemory))), want: resizesIt, requeueAfter: rest},
		{name: "what an accepted resize added is removed", o: observed(two, live(one, resizes(withMemory), has(amounts("cpu", "1", "memory", "1Gi"), amounts("cpu", "1", "memory", "1Gi")))), want: replacesIt},
		{name: "accepted, and then reverted before the kubelet acted",
			o: observed(one, live(one, resizes(two), has(amounts("cpu", "2"), amounts("cpu", "2")))), want: resizesIt, requeueAfter: rest},
	})
	o := observed(one, live(one, resizes(two)))
	for _, action := range planOf(o, testSettings).Actions {
		o.Pods[0].Annotations = patched(o.Pods[0].Annotations, action.(PatchPod).Annotations)
	}
	want := live(one).Annotations
	if !jsonEqual(o.Pods[0].Annotations, want) {
		t.Errorf("annotations after a reverted resize:\n got %v\nwant %v", o.Pods[0].Annotations, want)
	}
	if s := statusOf(o, testSettings, nil); kstatus(one, s) != "Current" {
		t.Errorf("status %+v", s)
	}
}

// TestResizeThatNoKubeletActsOn is Stalled once the progress deadline has passed, whoever is to blame.
func TestResizeThatNoKubeletActsOn(t *testing.T) {
	one, two := with(amounts("cpu", "1"), nil), with(amounts("cpu", "2"), nil)
	for name, tt := range map[string]struct {
		pod     *corev1.Pod
		problem *Problem
	}{
		"accepted": {pod: testPod(two, 0, ready(time.Hour), serverDefaults, resizes(nil))},
		"refused":  {pod: testPod(one, 0, ready(time.Hour), serverDefaults, resizes(two)), problem: ResizeDeferred("performer-x-0", "exceeded quota")},
	} {
		t.Run(name, func(t *testing.T) {
			o := observed(two, tt.pod)
			for _, later := range []struct {
				after  time.Duration
				reason string
			}{{rest - time.Second, ""}, {rest, ReasonProgressDeadlineExceeded}} {
				o.Now = testNow.Add(later.after)
				s := statusOf(o, testSettings, tt.problem)
				reason := ""
				if stalled := conditionOf(&s, v1alpha1.ConditionStalled); stalled != nil {
					reason = stalled.Reason
				}
				if reason != later.reason || !s.Ready {
					t.Errorf("after %v: stalled for %q, status %+v", later.after, reason, s)
				}
			}
		})
	}
}

func TestAdoptionRecordsRequests(t *testing.T) {
	p := with(amounts("cpu", "1"), nil)
	adopted := false
	for _, action := range planOf(observed(p, earlierPod(p)), testSettings).Actions {
		if patch, ok := action.(PatchPod); ok && patch.Annotations[render.AnnotationRevision] == render.Revision(&p.Spec) {
			adopted = true
			if got := patch.Annotations[render.AnnotationRequestedResources]; got != `{"limits":{"cpu":"1"}}` {
				t.Errorf("recorded %s", got)
			}
		}
	}
	if !adopted {
		t.Error("the pod is not adopted")
	}
}

func TestResizeSendsCPUAndMemoryOnly(t *testing.T) {
	before := with(amounts("cpu", "1", "ephemeral-storage", "1Gi"), nil)
	after := with(amounts("cpu", "2", "ephemeral-storage", "1Gi"), nil)
	o := observed(after, testPod(before, 0, ready(0), serverDefaults))
	actions := planOf(o, testSettings).Actions
	resize := actions[len(actions)-1].(ResizePod)
	want := corev1.ResourceRequirements{Limits: amounts("cpu", "2"), Requests: amounts("cpu", "2")}
	if !jsonEqual(resize.Resources, want) {
		t.Errorf("got %+v, want %+v", resize.Resources, want)
	}
	if got := resize.Changed(testPod(after, 0, serverDefaults)); got != "" {
		t.Errorf("%s counts as changed", got)
	}
	if got := resize.Changed(testPod(before, 0, serverDefaults)); got != "limits.cpu" {
		t.Errorf("%q counts as changed", got)
	}
}

// TestRevisionOfAnEarlierOperator has a pod whose revision distinguishes an empty object from none. The
// pod stays, and the status does not change.
func TestRevisionOfAnEarlierOperator(t *testing.T) {
	written := newPerformer(func(p *v1alpha1.Performer) { p.Spec.SecurityContext = &corev1.SecurityContext{} })
	former := render.Revisions(&written.Spec)[1]
	revised := func(pod *corev1.Pod) {
		pod.Annotations[render.AnnotationRevision], pod.Labels[render.LabelRevision] = former, former
	}
	for name, p := range map[string]*v1alpha1.Performer{"with the empty object": written, "without it": newPerformer()} {
		t.Run(name, func(t *testing.T) {
			if render.Revision(&p.Spec) == former {
				t.Fatal("it is not a former revision")
			}
			status(0, "performer-x-0")(p)
			p.Status.UpdateRevision, p.Status.CurrentRevision = former, former
			o := observed(p, testPod(p, 0, ready(time.Hour), revised))
			if got := brief(planOf(o, testSettings)); got != "" {
				t.Errorf("actions: %s", got)
			}
			s := statusOf(o, testSettings, nil)
			if s.UpdateRevision != former || s.CurrentRevision != former || s.LastUpgrade != nil || s.Phase != v1alpha1.PhaseRunning {
				t.Errorf("status %+v", s)
			}
			// The successor of a lost pod has the same revision, or it would be replaced.
			lost := observed(p)
			for _, action := range planOf(lost, testSettings).Actions {
				if create, ok := action.(CreatePod); ok && !MatchesSpec(p, create.Pod, testSettings) {
					t.Errorf("the new pod has revision %s", create.Pod.Annotations[render.AnnotationRevision])
				}
			}
			// A status that was erased.
			p.Status = v1alpha1.PerformerStatus{}
			if got := statusOf(o, testSettings, nil); got.UpdateRevision != former {
				t.Errorf("update revision %s", got.UpdateRevision)
			}
		})
	}
}
