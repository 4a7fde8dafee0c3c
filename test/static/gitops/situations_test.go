// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

var (
	now      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	settings = performer.Settings{ClusterDomain: render.DefaultClusterDomain, TEEs: render.DefaultTEEs()}
)

// world is a Performer and what there is of it in a cluster. Its steps do what the operator's rules say
// and what a kubelet would.
type world struct {
	*testing.T
	performer.Observed
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t, performer.Observed{Now: now, Performer: &v1alpha1.Performer{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "Performer"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "demo", Namespace: "ns", UID: "p", Generation: 1, CreationTimestamp: metav1.NewTime(now),
			Finalizers: []string{render.Finalizer},
		},
		Spec: v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"},
		// What the API server fills in.
		Status: v1alpha1.PerformerStatus{ObservedGeneration: -1},
	}}}
}

// sync executes the plan and writes the status, as the operator does.
func (w *world) sync() {
	w.Helper()
	plan := performer.Assess(w.Observed, settings).Plan()
	for _, action := range plan.Actions {
		switch a := action.(type) {
		case performer.WriteStatus:
			w.Performer.Status = a.Status
		case performer.CreatePod:
			pod := a.Pod.DeepCopy()
			pod.UID = "uid-of-it"
			pod.CreationTimestamp = metav1.NewTime(w.Now)
			w.Pods = append(w.Pods, pod)
		case performer.CreateService:
			w.Service = a.Service.DeepCopy()
		}
	}
	w.Performer.Status = performer.Assess(w.Observed, settings).Status(plan.Problem)
}

// newest returns the pod that was created last.
func (w *world) newest() *corev1.Pod { return w.Pods[len(w.Pods)-1] }

// ready makes the newest pod ready and syncs.
func (w *world) ready() {
	w.Helper()
	pod := w.newest()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(w.Now)}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy(),
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}
	w.sync()
}

// waits sets the waiting reason of the newest pod's container and syncs.
func (w *world) waits(reason, message string) {
	w.Helper()
	pod := w.newest()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = nil
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: render.ContainerName, Image: pod.Spec.Containers[0].Image,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}},
	}}
	w.sync()
}

// change changes the spec, as somebody does who applies another manifest.
func (w *world) change(f func(*v1alpha1.PerformerSpec)) {
	f(&w.Performer.Spec)
	w.Performer.Generation++
}

func newImage(spec *v1alpha1.PerformerSpec) { spec.Image = "repo:2" }

func suspended(spec *v1alpha1.PerformerSpec) { spec.Replicas = new(int32) }

// later lets time pass.
func (w *world) later(d time.Duration) { w.Now = w.Now.Add(d) }

// object returns the Performer as clients get it from the API server.
func (w *world) object() *unstructured.Unstructured {
	w.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(w.Performer)
	if err != nil {
		w.Fatal(err)
	}
	return &unstructured.Unstructured{Object: object}
}

// situations are the states of a Performer with the health that each tool must compute.
var situations = []struct {
	name    string
	happens func(*world)
	kstatus string
	argo    string
	// message is what Argo CD shows with it.
	message string
}{
	{"created, and not seen yet", func(*world) {}, "InProgress", "Progressing", "Waiting for the operator to reconcile the Performer"},
	{"starting", func(w *world) { w.sync() }, "InProgress", "Progressing", "PodStarting: Waiting for Pod performer-demo-0 to become ready"},
	{"ready", func(w *world) { w.sync(); w.ready() }, "Current", "Healthy", "PodReady: Pod performer-demo-0 serves at performer-demo.ns.svc.cluster.local:9090"},
	{"an image that can't be pulled", func(w *world) {
		w.sync()
		w.waits("ErrImagePull", "not found")
	}, "InProgress", "Progressing", `ImagePullFailed: Pod performer-demo-0: image "repo:1" can't be pulled: not found`},
	{"the same, and the deadline is over", func(w *world) {
		w.sync()
		w.later(11 * time.Minute)
		w.waits("ErrImagePull", "not found")
	}, "Failed", "Degraded", `ProgressDeadlineExceeded: progressDeadlineSeconds exceeded: Pod performer-demo-0: image "repo:1" can't be pulled: not found`},
	{"a spec that can't be", func(w *world) {
		w.change(func(spec *v1alpha1.PerformerSpec) {
			spec.HardwareRequirements = &v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "none"}
		})
		w.sync()
	}, "Failed", "Degraded", "InvalidSpec: "},
	{"ready, and it crashes", func(w *world) {
		w.sync()
		w.ready()
		w.waits("CrashLoopBackOff", "back-off")
	}, "InProgress", "Degraded", "ContainerCrashed: Pod performer-demo-0: the container terminated with "},
	{"ready, and it no longer answers", func(w *world) {
		w.sync()
		w.ready()
		w.newest().Status.Conditions[0].Status = corev1.ConditionFalse
		w.sync()
	}, "InProgress", "Progressing", "PodUnready: Pod performer-demo-0 is no longer ready"},
	{"changed, and not seen yet", func(w *world) {
		w.sync()
		w.ready()
		w.change(newImage)
	}, "InProgress", "Progressing", "Waiting for the operator to reconcile the Performer"},
	{"upgrading", func(w *world) {
		w.sync()
		w.ready()
		w.change(newImage)
		w.sync()
	}, "InProgress", "Progressing", "UpgradeInProgress: Replacing revision "},
	{"upgrading, and the new one crashes", func(w *world) {
		w.sync()
		w.ready()
		w.change(newImage)
		w.sync()
		w.waits("CrashLoopBackOff", "back-off")
	}, "InProgress", "Progressing", "ContainerCrashed: Pod performer-demo-1: the container terminated with "},
	{"the same, and the deadline is over", func(w *world) {
		w.sync()
		w.ready()
		w.change(newImage)
		w.sync()
		w.later(11 * time.Minute)
		w.waits("CrashLoopBackOff", "back-off")
	}, "Failed", "Degraded", "ProgressDeadlineExceeded: progressDeadlineSeconds exceeded: Pod performer-demo-1: the container terminated with "},
	{"upgraded, and the old one is gone", func(w *world) {
		w.sync()
		w.ready()
		w.change(newImage)
		w.sync()
		w.newest().Labels[render.LabelServing] = "true"
		w.Pods = w.Pods[1:]
		w.ready()
	}, "Current", "Healthy", "PodReady: Pod performer-demo-1 serves at "},
	{"changed in what leaves the pod alone", func(w *world) {
		w.sync()
		w.ready()
		w.change(func(spec *v1alpha1.PerformerSpec) {
			spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
		})
		w.sync()
	}, "Current", "Healthy", "PodReady: Pod performer-demo-0 serves at "},
	{"scaled to 0, and the pod is still there", func(w *world) {
		w.sync()
		w.ready()
		w.change(suspended)
		w.sync()
	}, "InProgress", "Progressing", "Suspended: Suspending: waiting for Pod performer-demo-0 to terminate"},
	{"suspended", func(w *world) {
		w.sync()
		w.ready()
		w.change(suspended)
		w.Pods = nil
		w.sync()
	}, "Current", "Healthy", "Suspended: Suspended: spec.replicas is 0"},
	{"being deleted", func(w *world) {
		w.sync()
		w.ready()
		deleted := metav1.NewTime(w.Now)
		w.Performer.DeletionTimestamp = &deleted
		w.sync()
	}, "Terminating", "Progressing", "The Performer is being deleted"},
}

// TestFluxAndHelm computes the status with the kstatus library, which Flux and Helm 4 use.
func TestFluxAndHelm(t *testing.T) {
	for _, tt := range situations {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.happens(w)
			result, err := status.Compute(w.object())
			if err != nil {
				t.Fatal(err)
			}
			if result.Status.String() != tt.kstatus {
				t.Errorf("got %s (%s), want %s, for the status %+v", result.Status, result.Message, tt.kstatus, w.Performer.Status)
			}
		})
	}
}

// TestDefaultStatusIsNeeded checks the reason for the default of the status: without it, kstatus reports
// a Performer that the operator has never seen as current.
func TestDefaultStatusIsNeeded(t *testing.T) {
	object := newWorld(t).object()
	delete(object.Object, "status")
	if result, err := status.Compute(object); err != nil || result.Status != status.CurrentStatus {
		t.Errorf("without a status: %v, %v; the default is no longer needed", result, err)
	}
}

// TestPageListsSituations compares the table of docs/gitops.md with the situations.
func TestPageListsSituations(t *testing.T) {
	text, err := os.ReadFile(repository.Path("docs/gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| a Performer that is | kstatus: Flux, Helm 4 | Argo CD |\n|---|---|---|\n")
	for _, s := range situations {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", s.name, s.kstatus, s.argo)
	}
	if !strings.Contains(string(text), "\n"+table.String()+"\n") {
		t.Errorf("docs/gitops.md lacks the table\n%s", table.String())
	}
}
