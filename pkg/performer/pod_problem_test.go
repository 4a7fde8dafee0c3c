// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// injected adds a container to the pod, as admission does, with the given status.
func injected(kind containerKind, name string, status corev1.ContainerStatus) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		c := corev1.Container{Name: name, Image: "mesh:1"}
		status.Name, status.Image = c.Name, c.Image
		switch kind {
		case sidecarKind:
			c.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
			fallthrough
		case initKind:
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
			pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status)
		default:
			// First, as some do.
			pod.Spec.Containers = append([]corev1.Container{c}, pod.Spec.Containers...)
			pod.Status.ContainerStatuses = append([]corev1.ContainerStatus{status}, pod.Status.ContainerStatuses...)
		}
	}
}

func waitsBecause(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func crashedWith(code int32) corev1.ContainerStatus {
	s := waitsBecause("CrashLoopBackOff", "back-off 10s")
	s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error"}
	return s
}

var (
	hasCompleted = corev1.ContainerStatus{Ready: true, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}},
		// An earlier attempt failed.
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}}
	runs         = corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	runsReady    = corev1.ContainerStatus{Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	initializing = waitsBecause("PodInitializing", "")
	creating     = waitsBecause("ContainerCreating", "")
)

// own sets the status of the performer container.
func own(status corev1.ContainerStatus) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		status.Name, status.Image = render.ContainerName, "repo:1"
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status)
	}
}

func podConditionIs(conditionType corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		setPodCondition(pod, corev1.PodCondition{Type: conditionType, Status: status, Reason: reason, Message: message})
	}
}

func gatedBy(gates ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		for _, gate := range gates {
			pod.Spec.SchedulingGates = append(pod.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: gate})
		}
		podConditionIs(corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonSchedulingGated, "Scheduling is blocked due to non-empty scheduling gates")(pod)
	}
}

func readinessGate(gate corev1.PodConditionType) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.ReadinessGates = append(pod.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: gate})
	}
}

func readyIs(message string) func(*corev1.Pod) {
	return podConditionIs(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", message)
}

// TestPodProblem has pods that something keeps from being ready, other than the performer container alone,
// of which TestStatus has the problems.
func TestPodProblem(t *testing.T) {
	p := newPerformer()
	for _, tt := range []struct {
		name    string
		pod     []func(*corev1.Pod)
		reason  string
		message string
	}{
		{"a scheduling gate", []func(*corev1.Pod){gatedBy("example.com/queue")}, ReasonSchedulingGated,
			"Pod performer-x-0 is held by the scheduling gate example.com/queue: Scheduling is blocked due to non-empty scheduling gates; the controller that added it must remove it"},
		{"two scheduling gates", []func(*corev1.Pod){gatedBy("a.b/c", "d.e/f")}, ReasonSchedulingGated,
			"Pod performer-x-0 is held by the scheduling gates a.b/c, d.e/f: Scheduling is blocked due to non-empty scheduling gates; the controllers that added them must remove them"},
		{"the last gate was just removed", []func(*corev1.Pod){gatedBy()}, "", ""},

		{"an init container crashes", []func(*corev1.Pod){own(initializing), injected(initKind, "fetch", hasCompleted), injected(initKind, "migrate", crashedWith(1))}, ReasonContainerCrashed,
			"Pod performer-x-0: init container migrate terminated with exit code 1 (Error); see kubectl logs -n ns --previous performer-x-0 -c migrate"},
		{"an init container just crashed", []func(*corev1.Pod){own(initializing), injected(initKind, "migrate",
			corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}})}, ReasonContainerCrashed,
			"Pod performer-x-0: init container migrate terminated with exit code 1 (Error); see kubectl logs -n ns --previous performer-x-0 -c migrate"},
		{"an init container can't be pulled", []func(*corev1.Pod){own(initializing), injected(initKind, "migrate", waitsBecause("ImagePullBackOff", `Back-off pulling image "mesh:1": ErrImagePull: not found`))}, ReasonImagePullFailed,
			`Pod performer-x-0: image "mesh:1" of init container migrate can't be pulled: not found`},
		{"an init container can't be created", []func(*corev1.Pod){own(initializing), injected(initKind, "migrate", waitsBecause("CreateContainerConfigError", `secret "s" not found`))}, ReasonContainerConfigInvalid,
			`Pod performer-x-0: init container migrate can't be created: secret "s" not found`},
		{"an init container runs", []func(*corev1.Pod){own(initializing), injected(initKind, "migrate", runs)}, "", ""},
		{"an init container is repeated after its node was restarted", []func(*corev1.Pod){
			own(corev1.ContainerStatus{State: initializing.State, LastTerminationState: crashedWith(255).LastTerminationState}), injected(initKind, "migrate", runs)}, "", ""},

		{"a sidecar crashes", []func(*corev1.Pod){own(initializing), injected(sidecarKind, "proxy", crashedWith(2))}, ReasonContainerCrashed,
			"Pod performer-x-0: sidecar container proxy terminated with exit code 2 (Error); see kubectl logs -n ns --previous performer-x-0 -c proxy"},
		{"a sidecar ends", []func(*corev1.Pod){own(runs), injected(sidecarKind, "proxy", crashedWith(0))}, ReasonContainerCrashed,
			"Pod performer-x-0: sidecar container proxy terminated with exit code 0 (Error); see kubectl logs -n ns --previous performer-x-0 -c proxy"},
		{"an injected container crashes", []func(*corev1.Pod){own(runs), injected(otherKind, "agent", crashedWith(2))}, ReasonContainerCrashed,
			"Pod performer-x-0: container agent terminated with exit code 2 (Error); see kubectl logs -n ns --previous performer-x-0 -c agent"},
		{"an injected container's hook fails", []func(*corev1.Pod){own(runsReady), injected(otherKind, "agent", waitsBecause("PostStartHookError", "exec failed"))}, ReasonContainerConfigInvalid,
			"Pod performer-x-0: container agent can't be created: exec failed"},
		{"an injected container is not ready", []func(*corev1.Pod){own(runsReady), injected(otherKind, "agent", runs)}, "", ""},
		{"the performer container comes first", []func(*corev1.Pod){own(crashedWith(3)), injected(otherKind, "agent", crashedWith(2)), injected(sidecarKind, "proxy", crashedWith(2))}, ReasonContainerCrashed,
			"Pod performer-x-0: the container terminated with exit code 3 (Error); see kubectl logs -n ns --previous performer-x-0 -c performer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problem := Assess(observed(p, testPod(p, 0, tt.pod...)), testSettings).podProblem()
			if problem == nil {
				problem = &Problem{}
			}
			if problem.Reason != tt.reason || problem.Message != tt.message {
				t.Errorf("got  %s %s\nwant %s %s", problem.Reason, problem.Message, tt.reason, tt.message)
			}
		})
	}
}

// TestGateIsNoFailure checks that a gated pod waits, and does not fail.
func TestGateIsNoFailure(t *testing.T) {
	p := newPerformer()
	got := statusOf(observed(p, testPod(p, 0, gatedBy("a.b/c"))), testSettings, nil)
	want := "Available=False/SchedulingGated Progressing=True/SchedulingGated Degraded=True/SchedulingGated Reconciling=True/SchedulingGated Ready=False/SchedulingGated"
	if text := briefConditions(got.Conditions); text != want || got.Phase != v1alpha1.PhasePending {
		t.Errorf("phase %s, conditions:\n got %s\nwant %s", got.Phase, text, want)
	}
}

// TestUpgradeNeedsRoomForTwoPods has the new pod of an upgrade find no room.
func TestUpgradeNeedsRoomForTwoPods(t *testing.T) {
	const hint = "; the old Pod serves until the new one is ready, so the upgrade needs room for two Pods: free capacity, or set spec.upgradeStrategy.type to Recreate (with downtime)"
	noRoom := unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")
	for _, tt := range []struct {
		name string
		o    Observed
		want string
	}{
		{"BlueGreen", observed(begun(), older(0, ready(time.Hour)), testPod(begun(), 1, waitingForTraffic, noRoom)), hint},
		{"the old pod is not ready", observed(begun(), older(0), testPod(begun(), 1, waitingForTraffic, noRoom)), hint},
		{"no other pod", observed(running, testPod(running, 0, noRoom)), ""},
		{"the old pod is gone", observed(begun(), older(0, dying), testPod(begun(), 1, noRoom)), ""},
		{"Recreate", observed(begun(recreate), testPod(begun(recreate), 1, noRoom)), ""},
	} {
		status := statusOf(tt.o, testSettings, nil)
		desired := tt.o.Pods[len(tt.o.Pods)-1]
		want := "Pod " + desired.Name + " is unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu." + tt.want
		if c := conditionOf(&status, v1alpha1.ConditionDegraded); c.Reason != ReasonSchedulingFailed || c.Message != want {
			t.Errorf("%s:\n got %s %s\nwant %s", tt.name, c.Reason, c.Message, want)
		}
	}
}

// TestWaitsFor has pods without a problem that are not ready, before and after the progress deadline.
func TestWaitsFor(t *testing.T) {
	first := newPerformer(func(p *v1alpha1.Performer) { p.Status.UpdateRevision = render.Revision(&p.Spec) })
	wasReady := newPerformer(settled, status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.ReadyTime = &metav1.Time{Time: testNow}
	})
	const (
		events    = "; see kubectl events -n ns --for pod/performer-x-0"
		unhealthy = "its container is running but does not answer grpc.health.v1.Health/Check with SERVING on port 9090"
		sandbox   = "its volumes, sandbox or network are not set up (condition PodReadyToStartContainers is False)" + events
		// What is reported only after the deadline, at once, and at once if the pod was ready before.
		late, unlessReadyBefore, early = 0, 1, 2
	)
	scheduled := podConditionIs(corev1.PodScheduled, corev1.ConditionTrue, "", "")
	for _, tt := range []struct {
		name string
		pod  []func(*corev1.Pod)
		when int
		want string
	}{
		{"not scheduled", nil, late, "it is not scheduled" + events},
		{"the scheduler has an error", []func(*corev1.Pod){podConditionIs(corev1.PodScheduled, corev1.ConditionFalse, "SchedulerError", "timed out")}, late, "it is not scheduled: timed out" + events},
		{"not started", []func(*corev1.Pod){scheduled}, late, "the kubelet has not started it" + events},
		{"the sandbox can't be created", []func(*corev1.Pod){scheduled, own(creating), readyIs("containers with unready status: [performer]"),
			podConditionIs(corev1.PodReadyToStartContainers, corev1.ConditionFalse, "", "")}, unlessReadyBefore, sandbox},
		{"the sandbox can't be created, with an init container", []func(*corev1.Pod){scheduled, own(initializing), injected(initKind, "migrate", initializing),
			podConditionIs(corev1.PodReadyToStartContainers, corev1.ConditionFalse, "", "")}, unlessReadyBefore, sandbox},
		{"the container is created", []func(*corev1.Pod){scheduled, own(creating), podConditionIs(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", "")},
			unlessReadyBefore, "container performer is waiting: ContainerCreating" + events},
		{"unhealthy", []func(*corev1.Pod){own(runs), readyIs("containers with unready status: [performer]")}, late, unhealthy},
		{"unhealthy, with a sidecar that is ready", []func(*corev1.Pod){own(runs), injected(sidecarKind, "proxy", runsReady)}, late, unhealthy},
		{"an init container runs", []func(*corev1.Pod){own(initializing), injected(sidecarKind, "proxy", runs), injected(initKind, "migrate", runs)}, unlessReadyBefore,
			"init container migrate is still running"},
		{"a sidecar does not start", []func(*corev1.Pod){own(initializing), injected(sidecarKind, "proxy", runs), injected(initKind, "migrate", initializing)}, unlessReadyBefore,
			"sidecar container proxy is running but not ready, container performer is waiting: PodInitializing" + events},
		{"a sidecar is not ready", []func(*corev1.Pod){own(runsReady), injected(sidecarKind, "proxy", runs)}, early, "sidecar container proxy is running but not ready"},
		{"an injected container is not ready", []func(*corev1.Pod){own(runsReady), injected(otherKind, "agent", runs)}, early, "container agent is running but not ready"},
		{"neither is ready", []func(*corev1.Pod){own(runs), injected(otherKind, "agent", runs)}, late,
			"container performer is running but not ready, container agent is running but not ready"},
		{"an injected container is created", []func(*corev1.Pod){own(runsReady), injected(otherKind, "agent", creating)}, early, "container agent is waiting: ContainerCreating" + events},
		{"a readiness gate without a condition", []func(*corev1.Pod){own(runsReady), readinessGate("a.b/ready")}, early, "its readiness gate a.b/ready has no condition yet"},
		{"a readiness gate that is False", []func(*corev1.Pod){own(runsReady), readinessGate("a.b/ready"), readinessGate("c.d/ready"),
			podConditionIs("a.b/ready", corev1.ConditionTrue, "", ""), podConditionIs("c.d/ready", corev1.ConditionFalse, "NotYet", "target is not registered")}, early,
			"its readiness gate c.d/ready is False: target is not registered"},
		{"the kubelet reports only the condition", []func(*corev1.Pod){scheduled, readyIs("containers with unready status: [agent]")}, late, "containers with unready status: [agent]"},
		{"its node is unreachable", []func(*corev1.Pod){own(runsReady), podConditionIs(corev1.PodReady, corev1.ConditionFalse, "", "")}, early,
			"its containers are ready, but its condition Ready is not True: check its node"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check := func(what string, p *v1alpha1.Performer, now time.Time, want string) {
				t.Helper()
				o := observed(p, testPod(p, 0, tt.pod...))
				for i := range 2 {
					o.Now = now.Add(time.Duration(i) * time.Second)
					status := statusOf(o, testSettings, nil)
					if c := conditionOf(&status, v1alpha1.ConditionReady); c.Message != want {
						t.Errorf("%s:\n got %s\nwant %s", what, c.Message, want)
					}
				}
			}
			const start, lost = "Waiting for Pod performer-x-0 to become ready", "Pod performer-x-0 is no longer ready"
			suffix := func(reported bool) string {
				if reported {
					return "; " + tt.want
				}
				return ""
			}
			check("starting", first, testNow, start+suffix(tt.when == early))
			check("was ready", wasReady, testNow, lost+suffix(tt.when != late))
			overdue := first.DeepCopy()
			overdue.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-time.Hour))}}
			check("after the deadline", overdue, testNow, "progressDeadlineSeconds exceeded: "+start+suffix(true))
		})
	}
}

// TestHeldByFinalizers has objects that don't terminate since somebody's finalizer holds them.
func TestHeldByFinalizers(t *testing.T) {
	held := func(finalizers ...string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { dying(pod); pod.Finalizers = finalizers }
	}
	const controller = ": the controller that added it must remove it"
	terminating := func(s *corev1.Service) {
		s.DeletionTimestamp, s.Finalizers = &metav1.Time{Time: testNow}, []string{"service.kubernetes.io/load-balancer-cleanup"}
	}
	const service = "; Service performer-x is held by finalizer service.kubernetes.io/load-balancer-cleanup" + controller
	recreating := begun(recreate)
	const waits = "Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)"
	deletion := newPerformer(deleted)
	for _, tt := range []struct {
		name string
		o    Observed
		want string
	}{
		{"Recreate", observed(recreating, older(0, held("a.b/c"))), waits + "; Pod performer-x-0 is held by finalizer a.b/c" + controller},
		{"Recreate, not deleted yet", observed(recreating, older(0, func(pod *corev1.Pod) { pod.Finalizers = []string{"a.b/c"} })), waits},
		{"deletion", observed(deletion, testPod(deletion, 1, held("a.b/c", "d.e/f")), testPod(deletion, 0, held("a.b/c")), testPod(deletion, 2, dying)),
			"The Performer is being deleted; Pod performer-x-0 is held by finalizer a.b/c" + controller +
				"; Pod performer-x-1 is held by finalizers a.b/c, d.e/f: the controllers that added them must remove them"},
		{"deletion, the Service", withService(observed(deletion), deletion, terminating), "The Performer is being deleted" + service},
		{"the Service is deleted", withService(observed(running, testPod(running, 0, ready(0))), running, terminating),
			"Pod performer-x-0 is ready, but the Service does not route to it yet" + service},
	} {
		status := statusOf(tt.o, testSettings, nil)
		if c := conditionOf(&status, v1alpha1.ConditionReady); c.Message != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, c.Message, tt.want)
		}
	}
}
