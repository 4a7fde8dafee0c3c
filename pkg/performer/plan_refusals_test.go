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

// refusing returns the observation of an operator to which the API server refused to patch the pods.
func refusing(o Observed, pods ...string) Observed {
	o.Refused = map[Write]bool{}
	for _, pod := range pods {
		o.Refused[Write{VerbPatch, Target{KindPod, pod}}] = true
	}
	return o
}

func orphan(pod *corev1.Pod) { pod.OwnerReferences = nil }

// TestPlanContention plans where others refuse or undo what the operator writes, or left something.
func TestPlanContention(t *testing.T) {
	ahead := testNow.Add(time.Hour)
	draining := func(pod *corev1.Pod) {
		waitingForTraffic(pod)
		pod.Annotations[render.AnnotationDrainingSince] = render.Timestamp(ahead)
	}
	neverReady := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) { p.Status.UpdateRevision = render.Revision(&before.Spec) })
	replaced := observed(newPerformer(settled, status(2, "performer-x-2")), testPod(first, 2, func(pod *corev1.Pod) {
		pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
	}))
	replaced.NextPod = testNow.Add(20 * time.Second)
	copied := withService(observed(upgrading(tee), older(0, dying)), before)
	copied.NextPod = testNow.Add(10 * time.Second)
	gone := observed(newPerformer(status(2, "performer-x-2")))
	gone.NextPod = testNow.Add(10 * time.Second)
	leaving := observed(newPerformer(recreate))
	leaving.Leaving = []string{"performer-x-7"}
	terminating := observed(running, testPod(first, 0, ready(0)))
	terminating.Service.DeletionTimestamp = &metav1.Time{Time: testNow}
	checkPlans(t, []planTest{
		{
			name: "the label can't be taken off an old pod that does not drain by itself: delete it",
			o:    refusing(withSlices(withBothPorts(observed(begun(), older(0, ready(0), withoutSleep), testPod(first, 1, ready(0)))), "performer-x-1"), "performer-x-0"),
			want: "delete performer-x-0", requeueAfter: rest,
		},
		{
			name:         "the label can't be taken off, and the slices do not show the new pod",
			o:            refusing(withSlices(withBothPorts(observed(begun(), older(0, ready(0), withoutSleep), testPod(first, 1, ready(0)))), "performer-x-0"), "performer-x-0"),
			requeueAfter: maxSlicesPoll,
		},
		{
			name: "the label can't be set on the new pod: replace it",
			o:    refusing(withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), waitingForTraffic))), "performer-x-1"),
			want: "delete performer-x-1",
		},
		{
			name: "a spec that can't run: the pod that ended stays as the record of its failure",
			o:    observed(newPerformer(tee, failures(1)), testPod(newPerformer(tee), 0, ended(time.Hour))), problem: ReasonInvalidSpec,
		},
		{
			name: "a pod that was never ready and is outdated goes at once",
			o:    withBothPorts(observed(neverReady, older(0))),
			want: "delete performer-x-0, record ordinal 1, create pod 1", requeueAfter: whole,
		},
		{
			name: "a stamp ahead of our clock is written again",
			o:    withBothPorts(observed(begun(), older(0, ready(0), draining, withoutSleep), testPod(first, 1, ready(0)))),
			want: "remove traffic from performer-x-0", requeueAfter: 10 * time.Second,
		},
		{
			name: "orphans are adopted first",
			o:    observed(newPerformer(), testPod(first, 3, ready(0), orphan, without(render.LabelRevision))),
			want: "adopt performer-x-3, label performer-x-3", requeueAfter: 0,
		},
		{
			name: "Recreate: a pod of an earlier Performer of the name is not gone", o: leaving,
			requeueAfter: whole, problem: ReasonPodTerminating,
		},
		{
			name: "a copy waits too if pods keep being replaced", o: copied,
			want: "patch service", requeueAfter: 10 * time.Second, problem: ReasonInvalidSpec,
		},
		{
			name: "pods keep being changed after their creation", o: replaced,
			requeueAfter: 20 * time.Second, problem: ReasonContended,
		},
		{
			name: "pods keep being deleted before they are ready", o: gone,
			requeueAfter: 10 * time.Second, problem: ReasonContended,
		},
		{
			name: "the Service is being deleted", o: terminating, requeueAfter: whole, problem: ReasonServiceTerminating,
		},
	})
}

// TestProblemThatLasts reports a refused write outside of a rollout as stalled once it has lasted for as
// long as a rollout may.
func TestProblemThatLasts(t *testing.T) {
	problem := &Problem{Waiting, ReasonPodRefused, "no"}
	o := observed(running, testPod(first, 0, ready(time.Hour)))
	for _, passed := range []time.Duration{0, defaultProgressDeadline - time.Second} {
		o.Performer = o.Performer.DeepCopy()
		o.Performer.Status = statusOf(o, testSettings, problem)
		o.Now = testNow.Add(passed)
		if status := statusOf(o, testSettings, problem); conditionOf(&status, v1alpha1.ConditionStalled) != nil {
			t.Errorf("stalled after %s", passed)
		}
	}
	o.Now = testNow.Add(defaultProgressDeadline)
	status := statusOf(o, testSettings, problem)
	stalled := conditionOf(&status, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != ReasonProgressDeadlineExceeded || stalled.Message != "progressDeadlineSeconds exceeded: no" || !status.Ready {
		t.Errorf("status %+v", status)
	}
}

// TestStampsOfTheStatusAheadOfOurClock checks that nothing waits for our clock to catch up.
func TestStampsOfTheStatusAheadOfOurClock(t *testing.T) {
	o := observed(begun(func(p *v1alpha1.Performer) {
		p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(time.Hour)}
		p.Status.Conditions[0].LastTransitionTime = metav1.NewTime(testNow.Add(time.Hour))
	}), testPod(first, 1))
	if plan := planOf(o, testSettings); plan.RequeueAfter != whole {
		t.Errorf("requeue after %s, want %s", plan.RequeueAfter, whole)
	}
	status := statusOf(o, testSettings, nil)
	if !status.LastUpgrade.Time.Equal(testNow) || !conditionOf(&status, v1alpha1.ConditionReady).LastTransitionTime.Time.Equal(testNow) {
		t.Errorf("last upgrade %s, conditions %+v", status.LastUpgrade, status.Conditions)
	}
}

func TestIsOrphan(t *testing.T) {
	p := newPerformer()
	for name, tt := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"ours, without a controller": {testPod(p, 0, orphan), true},
		"of the earlier operator":    {func() *corev1.Pod { pod := earlierPod(p); orphan(pod); return pod }(), true},
		"adopted once":               {testPod(p, 0, orphan, func(pod *corev1.Pod) { pod.Name = "performer-x" }), true},
		"with our labels alone":      {testPod(p, 0, orphan, func(pod *corev1.Pod) { pod.Annotations = nil }), false},
		"with some of our labels":    {testPod(p, 0, orphan, without(render.LabelAVS)), false},
		"controlled":                 {testPod(p, 0), false},
		"being deleted":              {testPod(p, 0, orphan, dying), false},
		"of another name":            {testPod(p, 0, orphan, func(pod *corev1.Pod) { pod.Name = "mine" }), false},
		"without our label":          {testPod(p, 0, orphan, without(render.LabelApp)), false},
		"of another Performer":       {testPod(p, 0, orphan, func(pod *corev1.Pod) { pod.Labels[render.LabelPerformer] = "y" }), false},
	} {
		if got := IsOrphan(tt.pod, p); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestCopyHasNothingOfAdmission copies a pod with what injectors add.
func TestCopyHasNothingOfAdmission(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) { p.Spec = richSpec() })
	source := testPod(p, 0, dying, func(pod *corev1.Pod) {
		pod.Labels["injected"], pod.Annotations["injected/status"], pod.Annotations[render.AnnotationAdmittedImage] = "1", "done", "mirror/repo"
		spec := &pod.Spec
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "injected"})
		mount := corev1.VolumeMount{Name: "injected", MountPath: "/injected"}
		spec.InitContainers = []corev1.Container{{Name: "init", VolumeMounts: []corev1.VolumeMount{mount}}}
		spec.Containers[0].Image = "mirror/repo"
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, mount)
		spec.Containers = append([]corev1.Container{{Name: "sidecar", VolumeMounts: []corev1.VolumeMount{mount}}}, spec.Containers...)
		spec.SchedulingGates, spec.ReadinessGates = []corev1.PodSchedulingGate{{Name: "g"}}, []corev1.PodReadinessGate{{ConditionType: "g"}}
	})
	want := render.Pod(p, 1, render.Hardware{})
	render.SetServing(want, testNow)
	// It is the desired revision, so it must not be resized.
	want.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&p.Spec)
	if got := CopyOf(source, p, 1, testNow); !jsonEqual(got, want) {
		t.Errorf("the copy differs from the rendered pod:\n got %+v\nwant %+v", got, want)
	}
	// A pod of an earlier version of the operator does not say what was requested.
	delete(source.Annotations, render.AnnotationRequested)
	got := CopyOf(source, p, 1, testNow)
	if len(got.Spec.Containers) != 1 || got.Spec.Containers[0].Name != render.ContainerName || got.Spec.InitContainers != nil {
		t.Errorf("containers %+v, %+v", got.Spec.Containers, got.Spec.InitContainers)
	}
}

// TestLastUpgradeOfASuccessor checks when the successor of a pod counts as an upgrade, whose deadline starts
// then: if a pod runs that does not match the spec, and no successor of it was created yet.
func TestLastUpgradeOfASuccessor(t *testing.T) {
	edited := func(pod *corev1.Pod) { pod.Generation, pod.Spec.Containers[0].Image = 2, "other" }
	began := metav1.NewTime(testNow.Add(-time.Hour))
	p := newPerformer(settled, status(1, "performer-x-1"), func(p *v1alpha1.Performer) { p.Status.LastUpgrade = &began })
	for name, tt := range map[string]struct {
		pods []*corev1.Pod
		want time.Time
	}{
		"somebody edited the pod":              {[]*corev1.Pod{testPod(p, 1, ready(0), edited)}, testNow},
		"and its successor was evicted":        {[]*corev1.Pod{testPod(p, 0, ready(0), edited), testPod(p, 1, waitingForTraffic, dying)}, began.Time},
		"the pod was deleted":                  {[]*corev1.Pod{testPod(p, 1, ready(0), deletedAgo(0))}, began.Time},
		"the pod must leave its node":          {[]*corev1.Pod{testPod(p, 1, ready(0), on("a"))}, began.Time},
		"and another one is edited, and stays": {[]*corev1.Pod{testPod(p, 0, ready(0), edited), testPod(p, 1, on("lost"))}, began.Time},
	} {
		moving := p.DeepCopy()
		surge(moving)
		plan := planOf(nodes(observed(moving, tt.pods...), map[string]Node{"a": cordoned, "lost": dead}), testSettings)
		var recorded *metav1.Time
		for _, action := range plan.Actions {
			if record, ok := action.(WriteStatus); ok {
				recorded = record.Status.LastUpgrade
			}
		}
		if recorded == nil || !recorded.Time.Equal(tt.want) {
			t.Errorf("%s: [%s] records %v, want %s", name, brief(plan), recorded, tt.want)
		}
	}
}
