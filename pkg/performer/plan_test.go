// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

func TestMakePlan(t *testing.T) {
	before := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image, p.Spec.Config.GRPCPort = "repo:0", 8080 })
	older := func(ordinal int32, change ...func(*corev1.Pod)) *corev1.Pod {
		return testPod(before, ordinal, change...)
	}
	settled := func(p *v1alpha1.Performer) {
		p.Status.UpdateRevision = Revision(&p.Spec)
		p.Status.CurrentRevision = p.Status.UpdateRevision
	}
	failures := func(n int32) func(*v1alpha1.Performer) {
		return func(p *v1alpha1.Performer) { settled(p); p.Status.FailureCount = n }
	}
	deleted := func(p *v1alpha1.Performer) { p.DeletionTimestamp = &metav1.Time{Time: testNow} }
	recreate := func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
	}
	tee := func(p *v1alpha1.Performer) {
		p.Spec.HardwareRequirements = &v1alpha1.HardwareRequirements{TEERequired: true}
	}
	cpu := func(amount string) func(*v1alpha1.Performer) {
		return func(p *v1alpha1.Performer) {
			p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(amount)}
		}
	}
	// serverDefaults are what the API server fills in.
	serverDefaults := func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Resources.Requests = requests(pod.Spec.Containers[0].Resources)
	}

	unreadySince := func(ago time.Duration) func(*v1alpha1.Performer) {
		return func(p *v1alpha1.Performer) {
			p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-ago))}}
		}
	}

	first := newPerformer()
	running := newPerformer(settled, status(0, "performer-x-0"))
	// upgrading ran before's pod 0 and is asked for more now.
	upgrading := func(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
		return newPerformer(append([]func(*v1alpha1.Performer){func(p *v1alpha1.Performer) {
			p.Status = v1alpha1.PerformerStatus{PodName: "performer-x-0", UpdateRevision: Revision(&before.Spec), CurrentRevision: Revision(&before.Spec)}
		}}, change...)...)
	}
	// begun is the same with the second ordinal on record.
	begun := func(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
		return upgrading([]func(*v1alpha1.Performer){func(p *v1alpha1.Performer) {
			p.Status.PodOrdinal, p.Status.UpdateRevision = 1, Revision(&p.Spec)
			p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
			p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}}
		}, func(p *v1alpha1.Performer) {
			for _, f := range change {
				f(p)
			}
			p.Status.UpdateRevision = Revision(&p.Spec)
		}}...)
	}
	const whole = 10 * time.Minute // the progress deadline from now
	const rest = 9 * time.Minute   // that of begun
	slices := func(names ...string) map[string]bool {
		ready := map[string]bool{}
		for _, name := range names {
			ready[name] = true
		}
		return ready
	}
	withSlices := func(o Observed, names ...string) Observed { o.Endpoints = slices(names...); return o }
	withService := func(o Observed, p *v1alpha1.Performer, edit ...func(*corev1.Service)) Observed {
		o.Service = buildService(p, servicePorts(p, nil))
		for _, f := range edit {
			f(o.Service)
		}
		return o
	}

	// withBothPorts has the Service as it is while an upgrade changes the port.
	withBothPorts := func(o Observed) Observed {
		o.Service = buildService(o.Performer, servicePorts(o.Performer, viewPods(o, testSettings)))
		return o
	}

	tests := []struct {
		name      string
		o         Observed
		settings  Settings
		want      string
		lookAgain time.Duration
		problem   string
	}{
		{
			name: "new: everything, the finalizer beside the other writes",
			o:    Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			want: "create service, create pod 0, finalizers [" + Finalizer + "]", lookAgain: whole,
		},
		{
			name:     "new, with Roles only: no finalizer",
			o:        Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Finalizers = nil }), Now: testNow},
			settings: Settings{WithoutFinalizer: true},
			want:     "create service, create pod 0", lookAgain: whole,
		},
		{
			name:     "with Roles only, a finalizer from before goes",
			o:        observed(newPerformer(settled, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b", Finalizer} }), testPod(first, 0)),
			settings: Settings{WithoutFinalizer: true},
			want:     "finalizers [a/b]",
		},
		{name: "starting: wait for an event", o: observed(running, testPod(running, 0))},
		{name: "ready: nothing", o: observed(running, testPod(running, 0, ready(time.Hour)))},
		{
			name: "the Service is gone",
			o:    Observed{Performer: running, Pods: []*corev1.Pod{testPod(running, 0, ready(0))}, Now: testNow},
			want: "create service",
		},
		{
			name: "the pod lost the serving label",
			o:    observed(running, testPod(running, 0, ready(0), waitingForTraffic)),
			want: "traffic to performer-x-0",
		},
		{
			name: "the pod lost all labels",
			o:    observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) { pod.Labels = nil })),
			want: "label performer-x-0",
		},
		{
			name: "the AVS changed, which is a label",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
				p.Spec.AVSAddress = "0xdef"
			}), testPod(running, 0, ready(0))),
			want: "label performer-x-0",
		},
		{
			name: "the pod is being deleted: its successor at once, the ordinal on record first",
			o:    observed(running, testPod(running, 0, ready(0), dying)),
			want: "record 1, create pod 1",
		},
		{name: "the pod is gone", o: observed(running), want: "record 1, create pod 1"},
		{
			name: "the ordinal is on record and its pod was never known: the same name again",
			o:    observed(newPerformer(settled, status(4, "performer-x-3"))),
			want: "create pod 4",
		},
		{
			name: "the status was lost: beyond the highest ordinal seen",
			o:    observed(newPerformer(settled), older(6, dying)),
			want: "record 7, create pod 7",
		},

		// An upgrade, step by step.
		{
			name: "the spec changed: both ports on the Service, the successor beside the old pod",
			o:    withService(observed(upgrading(), older(0, ready(0))), before),
			want: "patch service, record 1, create pod 1", lookAgain: whole,
		},
		{
			name:      "the successor starts",
			o:         withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
			lookAgain: rest,
		},
		{
			name: "the successor is ready: it gets traffic",
			o:    withBothPorts(observed(begun(), older(0, ready(0)), testPod(first, 1, waitingForTraffic, ready(0)))),
			want: "traffic to performer-x-1", lookAgain: handoverPoll,
		},
		{
			name:      "meanwhile the old pod lost the label by which it is selected",
			o:         withBothPorts(observed(begun(), older(0, ready(0), without(LabelPerformer)), testPod(first, 1, waitingForTraffic))),
			want:      "label performer-x-0",
			lookAgain: rest,
		},
		{
			name:      "or that by which it is watched, while it goes",
			o:         withBothPorts(observed(begun(), older(0, dying, without(LabelApp)), testPod(first, 1))),
			want:      "label performer-x-0, record 2, copy performer-x-0 to 2",
			lookAgain: rest,
		},
		{
			name:      "or that by which it serves, while it is not ready",
			o:         withBothPorts(observed(begun(), older(0, without(LabelServing)), testPod(first, 1, waitingForTraffic))),
			want:      "label performer-x-0",
			lookAgain: rest,
		},
		{
			name: "both have traffic, the slices do not show the new one",
			o: withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[AnnotationServingSince] = stamp(testNow)
			})), "performer-x-0"),
			want: "patch service", lookAgain: handoverPoll,
		},
		{
			name: "they do not show it for long: ask less",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0"),
			want: "patch service", lookAgain: maxHandoverPoll,
		},
		{
			name: "the slices show it",
			o:    withSlices(observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-0", "performer-x-1"),
			want: "patch service, no traffic to performer-x-0", lookAgain: 10 * time.Second,
		},
		{
			name: "the slices may not be read: wait",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[AnnotationServingSince] = stamp(testNow.Add(-9 * time.Second))
			})),
			want: "patch service", lookAgain: 2250 * time.Millisecond,
		},
		{
			name: "the slices may not be read: waited long enough",
			o: observed(begun(), older(0, ready(0)), testPod(first, 1, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[AnnotationServingSince] = stamp(testNow.Add(-10 * time.Second))
			})),
			want: "patch service, no traffic to performer-x-0", lookAgain: 10 * time.Second,
		},
		{
			name: "the old one drains",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(4*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service", lookAgain: 6 * time.Second,
		},
		{
			name: "it has drained",
			o:    observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(10*time.Second)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},
		{
			name: "no drain asked for",
			o: observed(newPerformer(settled, status(1, "performer-x-1"), func(p *v1alpha1.Performer) {
				p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: ptr.To[int32](0)}
			}), older(0, ready(0), draining(0)), testPod(first, 1, ready(0))),
			want: "patch service, delete performer-x-0",
		},

		// What comes between.
		{
			name: "a newer spec supersedes one that never served",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Image = "repo:9" }), older(0, ready(0)),
				testPod(first, 1, waitingForTraffic))),
			want: "delete performer-x-1, record 2, create pod 2", lookAgain: rest,
		},
		{
			name: "back to the old spec while its pod serves: it stays",
			o:    withService(observed(before, older(0, ready(0)), testPod(first, 1, waitingForTraffic)), before),
			want: "delete performer-x-1",
		},
		{
			name: "back to the old spec while its pod drains: it serves again",
			o:    withSlices(withService(observed(before, older(0, ready(0), draining(time.Second)), testPod(first, 1, ready(0))), before), "performer-x-1"),
			want: "patch service, traffic to performer-x-0", lookAgain: handoverPoll,
		},
		{
			name: "the new one dies while the old one drains: the old one serves again",
			o:    withService(observed(newPerformer(settled, status(1, "performer-x-1")), older(0, ready(0), draining(time.Second)), testPod(first, 1)), first),
			want: "patch service, traffic to performer-x-0",
		},
		{
			name: "the old one is evicted while the new one can't run: a copy of it",
			o:    withService(observed(begun(), older(0, dying), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record 2, copy performer-x-0 to 2", lookAgain: rest,
		},
		{
			name: "the old one ends by itself while the new one can't run: a copy after a delay",
			o:    withService(observed(begun(), older(0, ended(4*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", lookAgain: 6 * time.Second,
		},
		{
			name: "that has passed",
			o:    withService(observed(begun(), older(0, ended(10*time.Second)), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service, record 2, copy performer-x-0 to 2, delete performer-x-0", lookAgain: rest,
		},
		{
			name: "there is a copy already",
			o:    withService(observed(begun(), older(0, dying), older(2), testPod(first, 1, waitingForTraffic)), before),
			want: "patch service", lookAgain: rest,
		},
		{
			name: "the old one is evicted while what is asked for can't be made: a copy of it",
			o:    withService(observed(upgrading(tee), older(0, dying)), before),
			want: "patch service, record 1, copy performer-x-0 to 1", problem: ReasonInvalidSpec,
		},
		{
			name: "the old one is evicted before there is a new one: a copy of it, or else the new one",
			o:    withService(observed(upgrading(), older(0, evicted)), before),
			want: "patch service, record 1, copy performer-x-0 to 1 or create it anew, delete performer-x-0", lookAgain: whole,
		},
		{
			name: "the Service may not lead to the new one yet: the old one keeps its traffic",
			o: withSlices(withService(observed(begun(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }),
				older(0, ready(0), func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "" }),
				testPod(newPerformer(func(p *v1alpha1.Performer) { p.Spec.Config.GRPCPort = 8181 }), 1, ready(0))), before, func(s *corev1.Service) {
				s.Spec.Ports[0].TargetPort = intstr.FromInt32(before.Spec.Config.GRPCPort)
			}), "performer-x-1"),
			want: "patch service",
		},
		{
			name: "hardware that can't be: nothing is made and nothing taken down",
			o:    withBothPorts(observed(upgrading(tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},
		{
			name: "the deadline is over: no more looking again",
			o: withBothPorts(observed(begun(func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Hour)}
			}), older(0, ready(0)), testPod(first, 1, waitingForTraffic))),
		},

		// Recreate.
		{
			name: "Recreate: the old one goes first",
			o:    observed(upgrading(recreate), older(0, ready(0))),
			want: "patch service, delete performer-x-0", lookAgain: whole,
		},
		{
			name: "Recreate: wait until it is gone",
			o:    observed(begun(recreate), older(0, dying)), lookAgain: rest,
		},
		{
			name: "Recreate: it is gone",
			o:    observed(begun(recreate)),
			want: "create pod 1", lookAgain: rest,
		},
		{
			name: "Recreate: a pod that ended is counted before it goes",
			o:    observed(newPerformer(settled, recreate, status(0, "performer-x-0")), testPod(running, 0, ended(10*time.Second))),
			want: "delete performer-x-0, record 0",
		},
		{
			name: "Recreate asked for in mid-upgrade takes effect at the next step",
			o:    withSlices(observed(begun(recreate), older(0, ready(0)), testPod(first, 1, ready(0))), "performer-x-1"),
			want: "patch service, delete performer-x-0",
		},
		{
			name: "Recreate: what can't be takes nothing down",
			o:    withBothPorts(observed(upgrading(recreate, tee), older(0, ready(0)))), problem: ReasonInvalidSpec,
		},

		// Resources.
		{
			name: "other resources: on the running pod",
			o:    observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "begin resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "other resources, begun",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
			})),
			want: "resize performer-x-0",
		},
		{
			name: "other resources than those that were refused",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources], pod.Annotations[AnnotationResizeRefused] = resizing, "other"
			})),
			want: "begin resize of performer-x-0, resize performer-x-0",
		},
		{
			name: "the kubelet is at it",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
			})),
		},
		{
			name: "it is done",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the cluster refused",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResizeRefused] = ResourcesHash(&newPerformer(cpu("2")).Spec)
			})),
			want: "record 1, create pod 1",
		},
		{
			name: "the kubelet is of a version that can't",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults,
				containerState(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, nil))),
			want: "note that performer-x-0 can't be resized, record 1, create pod 1",
		},
		{
			name: "less than a thousandth of a CPU, which the server rounds up",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("0.3333")), testPod(newPerformer(cpu("0.3333")), 0, ready(0), func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
				pod.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse("334m")
			}, serverDefaults, func(pod *corev1.Pod) {
				pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the kubelet can't now: the deadline runs",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, Reason: corev1.PodReasonError,
					LastTransitionTime: metav1.NewTime(testNow.Add(-time.Minute))})
			})),
			lookAgain: whole - time.Minute,
		},
		{
			name: "the pod with other resources can't run, and the one that served is evicted: a copy of that",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("1000")), testPod(newPerformer(cpu("1")), 0, serverDefaults, evicted, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResizeRefused] = ResourcesHash(&newPerformer(cpu("1000")).Spec)
			}), testPod(newPerformer(cpu("1000")), 1, waitingForTraffic, serverDefaults)),
			want: "record 2, copy performer-x-0 to 2, delete performer-x-0",
		},
		{
			name: "the cluster refused, and that is taken back",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1")), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
				pod.Annotations[AnnotationResizeRefused] = "other"
			})),
			want: "end resize of performer-x-0",
		},
		{
			name: "the same resources in other words",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("1"), func(p *v1alpha1.Performer) {
				p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000m")}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "end resize of performer-x-0",
		},
		{
			name: "the node never can",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources] = resizing
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible})
			})),
			want: "note that performer-x-0 can't be resized, record 1, create pod 1",
		},
		{
			name: "a pod with other resources starts: the deadline runs",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2"), unreadySince(time.Minute), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
			}), testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResizeRefused] = ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			lookAgain: rest,
		},
		{
			name: "a pod that no longer is ready, long after its upgrade: no deadline",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), unreadySince(time.Hour), func(p *v1alpha1.Performer) {
				p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-2 * time.Hour)}
			}), testPod(running, 0)),
		},
		{
			name: "the pod with other resources was ready once, and the one before has been told to end: no copy",
			o: observed(newPerformer(settled, status(1, "performer-x-1"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults, draining(time.Minute), dying, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResizeRefused] = ResourcesHash(&newPerformer(cpu("2")).Spec)
			}), testPod(newPerformer(cpu("2")), 1, serverDefaults)),
		},
		{
			name: "the kubelet is of a version that can't, and the container starts again",
			o: observed(newPerformer(settled, status(1, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("1")), 0, serverDefaults,
				containerState(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, &corev1.ContainerStateTerminated{})),
				testPod(newPerformer(cpu("2")), 1, waitingForTraffic, serverDefaults)),
			want: "note that performer-x-0 can't be resized",
		},
		{
			name: "what the kubelet said of the resize before does not count",
			o: observed(newPerformer(settled, status(0, "performer-x-0"), cpu("2")), testPod(newPerformer(cpu("2")), 0, ready(0), serverDefaults, func(pod *corev1.Pod) {
				pod.Annotations[AnnotationResources], pod.Generation = resizing, 3
				setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonInfeasible, ObservedGeneration: 2})
			})),
		},
		{
			name: "a limit goes, which a running pod can't lose",
			o:    observed(running, testPod(newPerformer(cpu("1")), 0, ready(0), serverDefaults)),
			want: "record 1, create pod 1",
		},

		// What others did.
		{
			name: "the image was edited on the pod",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
			})),
			want: "record 1, create pod 1",
		},
		{
			name: "admission put in another image at creation: that is noted",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Spec.Containers[0].Image = "mirror/repo:1"
			})),
			want: "note the image of performer-x-0",
		},
		{
			name: "and makes no difference when the pod is changed in other ways",
			o: observed(running, testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Generation, pod.Spec.Containers[0].Image = 2, "mirror/repo:1"
				pod.Annotations[AnnotationAdmittedImage] = "mirror/repo:1"
			})),
		},
		{
			name: "two of what is asked for, one of them with traffic: the other goes",
			o:    observed(running, testPod(running, 0, ready(0)), testPod(running, 1, waitingForTraffic)),
			want: "delete performer-x-1",
		},
		{
			name: "two that are ready and have traffic: it moves to the newer one",
			o:    withSlices(observed(running, testPod(running, 0, ready(0)), testPod(running, 1, ready(0))), "performer-x-1"),
			want: "no traffic to performer-x-0", lookAgain: 10 * time.Second,
		},

		// Failures.
		{
			name:      "the pod ended: its successor waits",
			o:         observed(running, testPod(running, 0, ended(4*time.Second))),
			lookAgain: 6 * time.Second,
		},
		{
			name: "it has waited",
			o:    observed(running, testPod(running, 0, ended(10*time.Second))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name: "it ended by a clock that is ahead of ours: that tells nothing",
			o:    observed(running, testPod(running, 0, ended(-time.Hour))),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:      "the fourth failure in a row waits 80 seconds",
			o:         observed(newPerformer(failures(3), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			lookAgain: 80 * time.Second,
		},
		{
			name:      "the hundredth waits five minutes",
			o:         observed(newPerformer(failures(99), status(3, "performer-x-3")), testPod(running, 3, ended(0))),
			lookAgain: 5 * time.Minute,
		},
		{
			name: "an evicted pod did not end by itself",
			o:    observed(running, testPod(running, 0, evicted)),
			want: "record 1, create pod 1, delete performer-x-0",
		},
		{
			name:      "failures are forgiven later",
			o:         observed(newPerformer(failures(2), status(0, "performer-x-0")), testPod(running, 0, ready(4*time.Minute))),
			lookAgain: 6 * time.Minute,
		},
		{
			name:    "a name that can't be",
			o:       Observed{Performer: newPerformer(func(p *v1alpha1.Performer) { p.Name = "a.b" }), Now: testNow},
			problem: ReasonInvalidName,
		},

		// What an earlier operator left.
		{
			name: "a pod that runs what is asked for",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(running)), running, earlierService),
			want: "patch service, adopt performer-x as " + Revision(&running.Spec), lookAgain: time.Second,
		},
		{
			name: "one that does not",
			o:    withService(observed(newPerformer(status(0, "performer-x")), earlierPod(before)), running, earlierService),
			want: "patch service, adopt performer-x as legacy", lookAgain: time.Second,
		},
		{
			name: "it is ours now: the Service waits a little",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name, pod.Annotations[AnnotationServingSince] = "performer-x", stamp(testNow.Add(-2*time.Second))
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, LabelServing) }),
			lookAgain: 3 * time.Second,
		},
		{
			name: "then it selects as ours do",
			o: withService(observed(newPerformer(settled, status(0, "performer-x")), testPod(running, 0, ready(0), func(pod *corev1.Pod) {
				pod.Name = "performer-x"
			})), running, func(s *corev1.Service) { delete(s.Spec.Selector, LabelServing) }),
			want: "patch service",
		},
		{
			name: "no upgrade before that",
			o: withService(observed(newPerformer(status(0, "performer-x"), func(p *v1alpha1.Performer) { p.Status.CurrentRevision = LegacyRevision }),
				testPod(running, 0, ready(0), func(pod *corev1.Pod) {
					pod.Name, pod.Annotations[AnnotationServingSince] = "performer-x", stamp(testNow.Add(-2*time.Second))
					pod.Annotations[AnnotationRevision], pod.Labels[LabelRevision] = LegacyRevision, LegacyRevision
				})), running, func(s *corev1.Service) { delete(s.Spec.Selector, LabelServing) }),
			lookAgain: 3 * time.Second,
		},

		// Deletion.
		{
			name: "deleted: Service, then pods",
			o:    observed(newPerformer(deleted), testPod(running, 0, ready(0))),
			want: "delete service, delete performer-x-0",
		},
		{
			name:      "deleted: wait for the pods, but not for ever",
			o:         Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow},
			lookAgain: 150 * time.Second,
		},
		{
			name: "deleted: a pod that never goes is left",
			o:    Observed{Performer: newPerformer(deleted), Pods: []*corev1.Pod{testPod(running, 0, dying)}, Now: testNow.Add(time.Hour)},
			want: "finalizers []",
		},
		{
			name: "deleted: all gone",
			o:    Observed{Performer: newPerformer(deleted), Now: testNow},
			want: "finalizers []",
		},
		{
			name: "deleted with --cascade=orphan: all stays",
			o: observed(newPerformer(deleted, func(p *v1alpha1.Performer) {
				p.Finalizers = append(p.Finalizers, "orphan")
			}), testPod(running, 0, ready(0))),
			want: "finalizers [orphan]",
		},
		{
			name: "deleted and held by others",
			o:    observed(newPerformer(deleted, func(p *v1alpha1.Performer) { p.Finalizers = []string{"a/b"} }), testPod(running, 0)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settings := testSettings
			settings.WithoutFinalizer = tt.settings.WithoutFinalizer
			before := tt.o.Performer.DeepCopy()
			plan := MakePlan(tt.o, settings)
			if got := brief(plan); got != tt.want {
				t.Errorf("actions:\n got %s\nwant %s", got, tt.want)
			}
			if plan.LookAgain != tt.lookAgain {
				t.Errorf("look again in %v, want %v", plan.LookAgain, tt.lookAgain)
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

func TestRecordedStatusOfASuccessor(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.CurrentRevision, p.Status.UpdateRevision, p.Status.FailureCount = "before", "before", 4
	})
	plan := MakePlan(observed(p), testSettings)
	recorded := plan.Actions[0].(WriteStatus).Status
	if recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("lastUpgrade is %v, want now", recorded.LastUpgrade)
	}
	if recorded.FailureCount != 0 {
		t.Errorf("the failures of an earlier spec count on: %d", recorded.FailureCount)
	}
	if recorded.Phase != v1alpha1.PhaseUpgrading || recorded.Ready {
		t.Errorf("phase %s, ready %v", recorded.Phase, recorded.Ready)
	}

	p.Status.UpdateRevision = Revision(&p.Spec)
	p.Status.LastUpgrade = nil
	ends := testPod(p, 0, ended(time.Hour))
	recorded = MakePlan(observed(p, ends), testSettings).Actions[0].(WriteStatus).Status
	if recorded.FailureCount != 5 || recorded.LastUpgrade != nil {
		t.Errorf("after a failure: failureCount %d, lastUpgrade %v", recorded.FailureCount, recorded.LastUpgrade)
	}
}

// TestRecreateRecordsWhatItReplaces has a pod replaced at the same revision: what is recorded tells when that began, and
// not that the pod which is told to end still serves.
func TestRecreateRecordsWhatItReplaces(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		p.Status.UpdateRevision, p.Status.CurrentRevision = Revision(&p.Spec), Revision(&p.Spec)
	})
	plan := MakePlan(observed(p, testPod(p, 0, ready(0), func(pod *corev1.Pod) {
		pod.Generation, pod.Spec.Containers[0].Image = 2, "other"
	})), testSettings)
	if got := brief(plan); got != "delete performer-x-0, record 0" {
		t.Fatalf("actions: %s", got)
	}
	recorded := plan.Actions[1].(WriteStatus).Status
	if recorded.Ready || recorded.LastUpgrade == nil || !recorded.LastUpgrade.Time.Equal(testNow) {
		t.Errorf("recorded: ready %v, last upgrade %v", recorded.Ready, recorded.LastUpgrade)
	}
}
