// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func jsonEqual(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestStatus(t *testing.T) {
	p := newPerformer()
	older := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image = "repo:0" })
	upgrading := newPerformer(func(p *v1alpha1.Performer) {
		p.Generation = 2
		p.Status.CurrentRevision = render.Revision(&older.Spec)
	})
	wasReady := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.ReadyTime = &metav1.Time{Time: testNow}
		p.Status.CurrentRevision = render.Revision(&p.Spec)
	})
	overdue := newPerformer(func(p *v1alpha1.Performer) {
		p.Generation = 2
		p.Status.CurrentRevision, p.Status.UpdateRevision = render.Revision(&older.Spec), render.Revision(&p.Spec)
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse,
			LastTransitionTime: metav1.NewTime(testNow.Add(-601 * time.Second))}}
	})
	containerRuns := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	recreate := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		p.Status.CurrentRevision = render.Revision(&older.Spec)
	})
	recreating := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		p.Status.CurrentRevision = render.Revision(&p.Spec)
	})
	bigger := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
		p.Status.CurrentRevision = render.Revision(&p.Spec)
	})
	unscheduled := newPerformer()
	unscheduled.Status = statusOf(observed(p, testPod(p, 0, unschedulable("no room"))), testSettings, nil)
	gpu := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.HardwareRequirements = &v1alpha1.HardwareRequirements{GPUCount: 1}
	})
	crashed := &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	backOff := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 5m0s"}}

	replacing := "Replacing revision " + render.Revision(&older.Spec) + " with " + render.Revision(&p.Spec)

	tests := []struct {
		name    string
		o       Observed
		problem *Problem
		phase   v1alpha1.PerformerPhase
		ready   bool
		pod     string
		// conditions as Type=Status/Reason, in order
		conditions string
		message    string // of Ready
		kstatus    string
	}{
		{
			name: "no pod", o: Observed{Performer: p, Now: testNow}, phase: v1alpha1.PhasePending,
			conditions: "Available=False/NoPod Progressing=True/NoPod Degraded=False/AsExpected Reconciling=True/NoPod Ready=False/NoPod",
			message:    "The Performer has no Pod", kstatus: "InProgress",
		},
		{
			name: "starting", o: observed(p, testPod(p, 0)), phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/PodStarting Progressing=True/PodStarting Degraded=False/AsExpected Reconciling=True/PodStarting Ready=False/PodStarting",
			message:    "Waiting for Pod performer-x-0 to become ready", kstatus: "InProgress",
		},
		{
			name: "ready", o: observed(p, testPod(p, 0, ready(time.Minute))), phase: v1alpha1.PhaseRunning, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/PodReady Degraded=False/AsExpected Ready=True/PodReady",
			message:    "Pod performer-x-0 serves at performer-x.ns.svc.cluster.local:9090", kstatus: "Current",
		},
		{
			name: "ready, no Service", o: Observed{Performer: p, Pods: []*corev1.Pod{testPod(p, 0, ready(0))}, Now: testNow},
			phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/NoService Progressing=True/NoService Degraded=False/AsExpected Reconciling=True/NoService Ready=False/NoService",
			message:    "Pod performer-x-0 is ready, but the Service does not route to it yet", kstatus: "InProgress",
		},
		{
			name: "no longer ready", o: observed(wasReady, testPod(p, 0)), phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/PodUnready Progressing=True/PodUnready Degraded=False/AsExpected Reconciling=True/PodUnready Ready=False/PodUnready",
			message:    "Pod performer-x-0 is no longer ready", kstatus: "InProgress",
		},
		{
			name: "upgrade, no new pod", o: observed(upgrading, testPod(older, 0, ready(0))),
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/UpgradeInProgress Degraded=False/AsExpected Reconciling=True/UpgradeInProgress Ready=False/UpgradeInProgress",
			message:    replacing, kstatus: "InProgress",
		},
		{
			name: "upgrade, the old pod serves", o: observed(upgrading, testPod(older, 0, ready(0)), testPod(upgrading, 1)),
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/UpgradeInProgress Degraded=False/AsExpected Reconciling=True/UpgradeInProgress Ready=False/UpgradeInProgress",
			message:    replacing + ": waiting for Pod performer-x-1 to become ready", kstatus: "InProgress",
		},
		{
			name: "upgrade, no pod serves", o: observed(upgrading, testPod(older, 0, dying), testPod(upgrading, 1)),
			phase: v1alpha1.PhaseUpgrading, pod: "performer-x-1",
			conditions: "Available=False/UpgradeInProgress Progressing=True/UpgradeInProgress Degraded=False/AsExpected Reconciling=True/UpgradeInProgress Ready=False/UpgradeInProgress",
			message:    replacing + ": waiting for Pod performer-x-1 to become ready", kstatus: "InProgress",
		},
		{
			name: "upgrade done", o: observed(upgrading, testPod(upgrading, 1, ready(0))), phase: v1alpha1.PhaseRunning, ready: true, pod: "performer-x-1",
			conditions: "Available=True/ServiceReady Progressing=True/PodReady Degraded=False/AsExpected Ready=True/PodReady", message: "Pod performer-x-1 serves at performer-x.ns.svc.cluster.local:9090", kstatus: "Current",
		},
		{
			name: "upgrade, both serve", o: observed(upgrading, testPod(older, 0, ready(0)), testPod(upgrading, 1, ready(0), servingFor(time.Minute))),
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-1",
			conditions: "Available=True/ServiceReady Progressing=True/UpgradeInProgress Degraded=False/AsExpected Reconciling=True/UpgradeInProgress Ready=False/UpgradeInProgress",
			message:    "Moving traffic to Pod performer-x-1", kstatus: "InProgress",
		},
		{
			name: "upgrade, the old pod drains", o: observed(upgrading, testPod(older, 0, ready(0), draining(0)), testPod(upgrading, 1, ready(0))),
			phase: v1alpha1.PhaseRunning, ready: true, pod: "performer-x-1",
			conditions: "Available=True/ServiceReady Progressing=True/PodReady Degraded=False/AsExpected Ready=True/PodReady", message: "Pod performer-x-1 serves at performer-x.ns.svc.cluster.local:9090", kstatus: "Current",
		},
		{
			name: "upgrade, deadline exceeded", o: observed(overdue, testPod(older, 0, ready(0)), testPod(overdue, 1, waitingForTraffic, containerState(containerRuns, nil))),
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=False/ProgressDeadlineExceeded Degraded=True/ProgressDeadlineExceeded Stalled=True/ProgressDeadlineExceeded Ready=False/ProgressDeadlineExceeded",
			message:    "progressDeadlineSeconds exceeded: " + replacing + ": waiting for Pod performer-x-1 to become ready; its container is running but does not answer grpc.health.v1.Health/Check with SERVING on port 9090", kstatus: "Failed",
		},
		{
			name: "upgrade, deadline exceeded, with a problem", o: observed(overdue, testPod(older, 0, ready(0)), testPod(overdue, 1, waitingForTraffic, waiting("ErrImagePull", "not found"))),
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=False/ProgressDeadlineExceeded Degraded=True/ImagePullFailed Stalled=True/ProgressDeadlineExceeded Ready=False/ProgressDeadlineExceeded",
			message:    `progressDeadlineSeconds exceeded: Pod performer-x-1: image "repo:1" can't be pulled: not found`, kstatus: "Failed",
		},
		{
			name: "Recreate waits for the old pod", o: observed(recreate, testPod(older, 0, dying)), phase: v1alpha1.PhaseUpgrading,
			conditions: "Available=False/UpgradeInProgress Progressing=True/UpgradeInProgress Degraded=False/AsExpected Reconciling=True/UpgradeInProgress Ready=False/UpgradeInProgress",
			message:    "Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)", kstatus: "InProgress",
		},
		{
			name: "Recreate waits for a lost pod of the same revision", o: observed(recreating, testPod(p, 0, dying)), phase: v1alpha1.PhasePending,
			conditions: "Available=False/NoPod Progressing=True/NoPod Degraded=False/AsExpected Reconciling=True/NoPod Ready=False/NoPod",
			message:    "Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)", kstatus: "InProgress",
		},
		{
			name: "resize", o: observed(bigger, testPod(wasReady, 0, ready(0))), phase: v1alpha1.PhaseRunning, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/ResizeInProgress Degraded=False/AsExpected Reconciling=True/ResizeInProgress Ready=False/ResizeInProgress",
			message:    "Resizing Pod performer-x-0 in place to the requested resources", kstatus: "InProgress",
		},
		{
			name: "resize deferred", o: observed(bigger, testPod(bigger, 0, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[render.AnnotationResources] = resizing
				pod.Spec.Containers[0].Resources.Requests = requests(pod.Spec.Containers[0].Resources)
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonDeferred, Message: "Node didn't have enough resource: cpu"})
			})), phase: v1alpha1.PhaseRunning, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/ResizeDeferred Degraded=True/ResizeDeferred Reconciling=True/ResizeDeferred Ready=False/ResizeDeferred",
			message:    "Pod performer-x-0 can't be resized to the requested resources yet: Node didn't have enough resource: cpu", kstatus: "InProgress",
		},
		{
			name: "unschedulable", o: observed(p, testPod(p, 0, unschedulable("0/1 nodes are available"))), phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/SchedulingFailed Progressing=True/SchedulingFailed Degraded=True/SchedulingFailed Reconciling=True/SchedulingFailed Ready=False/SchedulingFailed",
			message:    "Pod performer-x-0 is unschedulable: 0/1 nodes are available", kstatus: "InProgress",
		},
		{
			name: "scheduled after it was unschedulable", o: observed(unscheduled, testPod(unscheduled, 0, func(pod *corev1.Pod) {
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
			})), phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/Scheduled Progressing=True/Scheduled Degraded=False/AsExpected Reconciling=True/Scheduled Ready=False/Scheduled",
			message:    "Pod performer-x-0 is scheduled: waiting for it to become ready", kstatus: "InProgress",
		},
		{
			name: "unschedulable, with hardware", o: observed(gpu, testPod(gpu, 0, unschedulable("Insufficient nvidia.com/gpu"))), phase: v1alpha1.PhasePending, pod: "performer-x-0",
			conditions: "Available=False/HardwareUnavailable Progressing=True/HardwareUnavailable Degraded=True/HardwareUnavailable Reconciling=True/HardwareUnavailable Ready=False/HardwareUnavailable",
			message:    "Pod performer-x-0 is unschedulable: Insufficient nvidia.com/gpu", kstatus: "InProgress",
		},
		{
			name: "image not present", o: observed(p, testPod(p, 0, waiting("ErrImageNeverPull", `Container image "repo:1" is not present`))), phase: v1alpha1.PhaseFailed, pod: "performer-x-0",
			conditions: "Available=False/ImagePullFailed Progressing=True/ImagePullFailed Degraded=True/ImagePullFailed Reconciling=True/ImagePullFailed Ready=False/ImagePullFailed",
			message:    `Pod performer-x-0: image "repo:1" can't be pulled: Container image "repo:1" is not present`, kstatus: "InProgress",
		},
		{
			name: "a Secret is missing", o: observed(p, testPod(p, 0, waiting("CreateContainerConfigError", `secret "s" not found`))), phase: v1alpha1.PhaseFailed, pod: "performer-x-0",
			conditions: "Available=False/ContainerConfigInvalid Progressing=True/ContainerConfigInvalid Degraded=True/ContainerConfigInvalid Reconciling=True/ContainerConfigInvalid Ready=False/ContainerConfigInvalid",
			message:    `Pod performer-x-0: the container can't be created: secret "s" not found`, kstatus: "InProgress",
		},
		{
			name: "crashing", o: observed(p, testPod(p, 0, containerState(backOff, crashed))), phase: v1alpha1.PhaseFailed, pod: "performer-x-0",
			conditions: "Available=False/ContainerCrashed Progressing=True/ContainerCrashed Degraded=True/ContainerCrashed Reconciling=True/ContainerCrashed Ready=False/ContainerCrashed",
			message:    "Pod performer-x-0: the container terminated with exit code 137 (OOMKilled); see kubectl logs -n ns --previous performer-x-0", kstatus: "InProgress",
		},
		{
			name: "the pod ended", o: observed(p, testPod(p, 0, ended(0))), phase: v1alpha1.PhaseFailed,
			conditions: "Available=False/PodFailed Progressing=True/PodFailed Degraded=True/PodFailed Reconciling=True/PodFailed Ready=False/PodFailed",
			message:    "Pod performer-x-0 ended: Failed, exit code 3 (Error); see kubectl events -n ns --for pod/performer-x-0", kstatus: "InProgress",
		},
		{
			name: "the pod ended with a reason", o: observed(p, testPod(p, 0, ended(0), func(pod *corev1.Pod) {
				pod.Status.Reason, pod.Status.Message = "DeadlineExceeded", "Pod was active for too long"
			})), phase: v1alpha1.PhaseFailed,
			conditions: "Available=False/PodFailed Progressing=True/PodFailed Degraded=True/PodFailed Reconciling=True/PodFailed Ready=False/PodFailed",
			message:    "Pod performer-x-0 ended: Failed, DeadlineExceeded, exit code 3 (Error): Pod was active for too long", kstatus: "InProgress",
		},
		{
			name: "a terminal problem", o: Observed{Performer: p, Now: testNow}, problem: &Problem{Terminal, ReasonServiceConflict, "taken"}, phase: v1alpha1.PhaseFailed,
			conditions: "Available=False/ServiceConflict Progressing=False/ServiceConflict Degraded=True/ServiceConflict Stalled=True/ServiceConflict Ready=False/ServiceConflict",
			message:    "taken", kstatus: "Failed",
		},
		{
			name: "a terminal problem while the old pod serves", o: observed(upgrading, testPod(older, 0, ready(0))), problem: &Problem{Terminal, ReasonPodRefused, "no"},
			phase: v1alpha1.PhaseUpgrading, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=False/PodRefused Degraded=True/PodRefused Stalled=True/PodRefused Ready=False/PodRefused",
			message:    "no", kstatus: "Failed",
		},
		{
			name:  "being deleted",
			o:     observed(newPerformer(func(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} }), testPod(p, 0, ready(0))),
			phase: v1alpha1.PhaseTerminating, ready: true, pod: "performer-x-0",
			conditions: "Available=True/ServiceReady Progressing=True/Terminating Degraded=False/AsExpected Reconciling=True/Terminating Ready=False/Terminating",
			message:    "The Performer is being deleted", kstatus: "Terminating",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := statusOf(tt.o, testSettings, tt.problem)
			if got.Phase != tt.phase || got.Ready != tt.ready || got.PodName != tt.pod {
				t.Errorf("phase %s, ready %v, pod %q; want %s, %v, %q", got.Phase, got.Ready, got.PodName, tt.phase, tt.ready, tt.pod)
			}
			if text := briefConditions(got.Conditions); text != tt.conditions {
				t.Errorf("conditions:\n got %s\nwant %s", text, tt.conditions)
			}
			if message := got.Conditions[len(got.Conditions)-1].Message; message != tt.message {
				t.Errorf("message:\n got %s\nwant %s", message, tt.message)
			}
			if k := kstatus(tt.o.Performer, got); k != tt.kstatus {
				t.Errorf("kstatus %s, want %s", k, tt.kstatus)
			}
			if got.ObservedGeneration != tt.o.Performer.Generation {
				t.Errorf("observedGeneration %d", got.ObservedGeneration)
			}
			for _, c := range got.Conditions {
				if c.ObservedGeneration != tt.o.Performer.Generation || c.Reason == "" || c.Message == "" {
					t.Errorf("incomplete condition %+v", c)
				}
				switch want := got.GRPCEndpoint + " routes to Pod " + tt.pod + ", which is ready"; {
				case c.Type == v1alpha1.ConditionAvailable && c.Status == metav1.ConditionTrue && c.Message != want:
					t.Errorf("message of Available: got %q, want %q", c.Message, want)
				case c.Type == v1alpha1.ConditionDegraded && c.Status == metav1.ConditionFalse && c.Message != "Nothing is wrong":
					t.Errorf("message of Degraded: got %q", c.Message)
				}
			}

			// The status stays the same later, so that nothing is written.
			tt.o.Performer = tt.o.Performer.DeepCopy()
			tt.o.Performer.Status = got
			tt.o.Now = tt.o.Now.Add(time.Minute)
			if again := statusOf(tt.o, testSettings, tt.problem); !jsonEqual(got, again) {
				t.Errorf("the status changed although nothing else did:\n%+v\n%+v", got, again)
			}
		})
	}
}

func briefConditions(conditions []metav1.Condition) string {
	var words []string
	for _, c := range conditions {
		words = append(words, c.Type+"="+string(c.Status)+"/"+c.Reason)
	}
	return strings.Join(words, " ")
}

// kstatus returns the status that sigs.k8s.io/cli-utils' kstatus computes by its generic rules, which
// kubectl wait, Helm and Flux follow.
func kstatus(p *v1alpha1.Performer, status v1alpha1.PerformerStatus) string {
	holds := func(conditionType string) bool {
		return apimeta.IsStatusConditionTrue(status.Conditions, conditionType)
	}
	switch {
	case p.DeletionTimestamp != nil:
		return "Terminating"
	case status.ObservedGeneration != p.Generation, holds("Reconciling"):
		return "InProgress"
	case holds("Stalled"):
		return "Failed"
	case holds("Ready"):
		return "Current"
	default:
		return "InProgress"
	}
}

func TestStatusReportsThePod(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.CurrentRevision, p.Status.CurrentImage = "before", "repo:0"
	})
	pod := testPod(p, 3, ready(time.Minute), func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, RestartCount: 2}}
	})
	got := statusOf(observed(p, pod), testSettings, nil)
	if got.PodName != "performer-x-3" || got.PodOrdinal != 3 || got.RestartCount != 2 || got.CurrentImage != "repo:1" ||
		got.CurrentRevision != render.Revision(&p.Spec) || got.UpdateRevision != got.CurrentRevision || got.ServiceName != "performer-x" {
		t.Errorf("%+v", got)
	}
	if got.ReadyTime == nil || !got.ReadyTime.Time.Equal(testNow.Add(-time.Minute)) {
		t.Errorf("readyTime %v", got.ReadyTime)
	}

	// Until the next pod is ready, the current revision and image are those that served last. The times
	// of the last pod are reset.
	p.Status = got
	p.Spec.Image = "repo:2"
	next := statusOf(observed(p, testPod(p, 4)), testSettings, nil)
	if next.CurrentImage != "repo:1" || next.CurrentRevision == next.UpdateRevision || next.ReadyTime != nil || next.RestartCount != 0 {
		t.Errorf("%+v", next)
	}
}

func TestFailuresAreForgiven(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) { p.Status.FailureCount = 3 })
	if got := statusOf(observed(p, testPod(p, 0, ready(9*time.Minute))), testSettings, nil); got.FailureCount != 3 {
		t.Errorf("failures forgiven too early: %d", got.FailureCount)
	}
	if got := statusOf(observed(p, testPod(p, 0, ready(10*time.Minute))), testSettings, nil); got.FailureCount != 0 {
		t.Errorf("failures not forgiven: %d", got.FailureCount)
	}
}

// TestImagePullMessageStays checks that the two messages between which the kubelet alternates result in
// the same status. Otherwise the status would be written at each change.
func TestImagePullMessageStays(t *testing.T) {
	const failure = "failed to pull and unpack image: not found"
	p := newPerformer()
	first := statusOf(observed(p, testPod(p, 0, waiting("ErrImagePull", failure))), testSettings, nil)
	p.Status = first
	second := statusOf(observed(p, testPod(p, 0, waiting("ImagePullBackOff", `Back-off pulling image "repo:1": ErrImagePull: `+failure))), testSettings, nil)
	if !jsonEqual(first, second) {
		t.Errorf("the status changed:\n%+v\n%+v", first, second)
	}
}

func TestTransitionTimes(t *testing.T) {
	p := newPerformer()
	first := statusOf(observed(p, testPod(p, 0)), testSettings, nil)
	p.Status = first
	later := observed(p, testPod(p, 0, ready(0)))
	later.Now = testNow.Add(time.Hour)
	second := statusOf(later, testSettings, nil)
	times := func(s v1alpha1.PerformerStatus, conditionType string) time.Time {
		return apimeta.FindStatusCondition(s.Conditions, conditionType).LastTransitionTime.Time
	}
	if !times(second, v1alpha1.ConditionReady).Equal(later.Now) {
		t.Error("Ready changed and its transition time did not")
	}
	if !times(second, v1alpha1.ConditionDegraded).Equal(testNow) {
		t.Error("Degraded did not change and its transition time did")
	}
}

func TestPhaseTransitionTime(t *testing.T) {
	p := newPerformer()
	at := func(after time.Duration, pods ...*corev1.Pod) v1alpha1.PerformerStatus {
		o := observed(p, pods...)
		o.Now = testNow.Add(after)
		return statusOf(o, testSettings, nil)
	}
	for _, step := range []struct {
		name  string
		after time.Duration
		pod   *corev1.Pod
		phase v1alpha1.PerformerPhase
		since time.Duration
	}{
		{"the first status", 0, testPod(p, 0), v1alpha1.PhasePending, 0},
		{"the conditions change and the phase does not", time.Minute, testPod(p, 0, unschedulable("no room")), v1alpha1.PhasePending, 0},
		{"another phase", 2 * time.Minute, testPod(p, 0, ready(0)), v1alpha1.PhaseRunning, 2 * time.Minute},
		{"nothing changes", 3 * time.Minute, testPod(p, 0, ready(0)), v1alpha1.PhaseRunning, 2 * time.Minute},
		{"the earlier phase again", 4 * time.Minute, testPod(p, 0), v1alpha1.PhasePending, 4 * time.Minute},
	} {
		p.Status = at(step.after, step.pod)
		if since := p.Status.PhaseTransitionTime; p.Status.Phase != step.phase || since == nil || !since.Time.Equal(testNow.Add(step.since)) {
			t.Errorf("%s: %s since %v", step.name, p.Status.Phase, since)
		}
	}

	// An older operator, or a client that writes back only the fields it knows, leaves a status without
	// the time. That alone is no reason to write.
	p.Status.PhaseTransitionTime = nil
	if next := at(5*time.Minute, testPod(p, 0)); !jsonEqual(next, p.Status) {
		t.Errorf("the status changed only for the missing time: %+v", next)
	}
	if next := at(6*time.Minute, testPod(p, 0, ready(0))); next.PhaseTransitionTime == nil || !next.PhaseTransitionTime.Time.Equal(testNow.Add(6*time.Minute)) {
		t.Errorf("phaseTransitionTime is not set at the next change: %v", next.PhaseTransitionTime)
	}
}

func TestEvents(t *testing.T) {
	p := newPerformer()
	empty := v1alpha1.PerformerStatus{}
	starting := statusOf(observed(p, testPod(p, 0)), testSettings, nil)
	withStatus := func(s v1alpha1.PerformerStatus) *v1alpha1.Performer { q := p.DeepCopy(); q.Status = s; return q }
	running := statusOf(observed(withStatus(starting), testPod(p, 0, ready(0))), testSettings, nil)
	unready := statusOf(observed(withStatus(running), testPod(p, 0)), testSettings, nil)
	crashed := statusOf(observed(withStatus(running), testPod(p, 0, containerState(corev1.ContainerState{}, &corev1.ContainerStateTerminated{ExitCode: 1}))), testSettings, nil)
	image := statusOf(observed(withStatus(crashed), testPod(p, 0, waiting("ErrImagePull", "x"))), testSettings, nil)
	replaced := running
	replaced.LastUpgrade = &metav1.Time{Time: testNow}
	upgraded := replaced
	upgraded.UpdateRevision = "next"
	podReady := Event{corev1.EventTypeNormal, ReasonPodReady, "Pod performer-x-0 serves at performer-x.ns.svc.cluster.local:9090"}

	tests := []struct {
		name          string
		before, after v1alpha1.PerformerStatus
		want          []Event
	}{
		{"starting", empty, starting, nil},
		{"ready", starting, running, []Event{podReady}},
		{"unchanged", running, running, nil},
		{"no longer ready", running, unready, []Event{{corev1.EventTypeWarning, ReasonPodUnready, "Pod performer-x-0 is no longer ready"}}},
		{"crashed", running, crashed, []Event{{corev1.EventTypeWarning, ReasonContainerCrashed,
			"Pod performer-x-0: the container terminated with exit code 1; see kubectl logs -n ns --previous performer-x-0"}}},
		{"another problem", crashed, image, []Event{{corev1.EventTypeWarning, ReasonImagePullFailed, `Pod performer-x-0: image "repo:1" can't be pulled: x`}}},
		{"ready again", image, running, []Event{podReady}},
		{"an upgrade starts", running, upgraded, []Event{{corev1.EventTypeNormal, ReasonUpgradeInProgress,
			"Replacing revision " + running.CurrentRevision + " with next"}}},
		{"the pod is replaced at the same revision", running, replaced, []Event{{corev1.EventTypeNormal, ReasonUpgradeInProgress,
			"Replacing the Pod: its resources or image no longer match the spec (revision " + running.CurrentRevision + " is unchanged)"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Events(&tt.before, &tt.after); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLongMessageIsCutAtACharacter(t *testing.T) {
	status := &v1alpha1.PerformerStatus{}
	setConditions(status, []metav1.Condition{condition(v1alpha1.ConditionReady, false, ReasonPodRefused, "a"+strings.Repeat("é", maxMessageLength))}, 1, testNow)
	if want := "a" + strings.Repeat("é", (maxMessageLength-1)/2); status.Conditions[0].Message != want {
		t.Errorf("the message ends in %q", status.Conditions[0].Message[len(want)-2:])
	}
}

// TestUpgradeNamesNoStepOfTheNewPod keeps the status from being written at each step in which the new pod
// starts, although the reported pod has been ready.
func TestUpgradeNamesNoStepOfTheNewPod(t *testing.T) {
	o := withBothPorts(observed(begun(func(p *v1alpha1.Performer) {
		p.Status.ReadyTime = &metav1.Time{Time: testNow.Add(-time.Hour)}
	}), older(0, ready(time.Hour)), testPod(first, 1, waitingForTraffic, waiting("ContainerCreating", ""))))
	status := statusOf(o, testSettings, nil)
	const want = "waiting for Pod performer-x-1 to become ready"
	if message := conditionOf(&status, v1alpha1.ConditionReady).Message; !strings.HasSuffix(message, want) {
		t.Errorf("message %q, want it to end with %q", message, want)
	}
}
