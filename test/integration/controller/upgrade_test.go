// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// drainByLabels makes the present pods of a Performer drain for longer than any test takes. They were
// created without a sleep, so they drain by their labels.
func drainByLabels(ns controlplane.Namespace, name string) {
	ns.Helper()
	ns.Patch(name, `{"spec":{"upgradeStrategy":{"drainSeconds":3600}}}`)
}

// awaitPorts waits until the Service has exactly these ports, in any order.
func awaitPorts(ns controlplane.Namespace, service string, want ...int32) {
	ns.Helper()
	wait.For(ns.TB, fmt.Sprintf("ports %v of Service %s", want, service), func(context.Context) error {
		var have []int32
		for _, port := range ns.Service(service).Spec.Ports {
			have = append(have, port.Port)
		}
		slices.Sort(have)
		if !slices.Equal(have, want) {
			return fmt.Errorf("they are %v", have)
		}
		return nil
	})
}

// TestUpgradeStepByStep checks the order in which traffic moves, by the history of pods and slices.
func TestUpgradeStepByStep(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("a")
	ns.Bind("performer-a-0")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)

	fresh := ns.AwaitPod("performer-a-1")
	if fresh.Labels[render.LabelServing] != "" || fresh.Spec.Containers[0].Image != "repo:2" {
		t.Errorf("the new pod is created with labels %v and image %s", fresh.Labels, fresh.Spec.Containers[0].Image)
	}
	p := ns.AwaitPerformer("a", "phase Upgrading", func(p *v1alpha1.Performer) bool {
		return p.Status.Phase == v1alpha1.PhaseUpgrading && p.Status.ObservedGeneration == p.Generation
	})
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" || p.Status.CurrentImage != "repo:1" || p.Status.LastUpgrade == nil ||
		p.Status.CurrentRevision == p.Status.UpdateRevision || controlplane.Condition(p, v1alpha1.ConditionReady).Reason != "UpgradeInProgress" ||
		kstatus(p) != kstatusInProgress {
		t.Errorf("during the upgrade the status is %+v", p.Status)
	}
	ns.MakeReady("performer-a-1")
	ns.AwaitDeletion("performer-a-0")
	p = ns.AwaitReadyOn("a", "performer-a-1")
	if p.Status.CurrentImage != "repo:2" || p.Status.CurrentRevision != p.Status.UpdateRevision || p.Status.Phase != v1alpha1.PhaseRunning {
		t.Errorf("after the upgrade the status is %+v", p.Status)
	}
	ns.Remove("performer-a-0")
	ns.AwaitNoPod("performer-a-0")
	op.stop()

	h.checkNoGap("a")
	h.checkStatuses("a")
	// Each step and the first moment at which it was done.
	steps := []string{"the new pod is ready", "it has the label", "the slice shows it", "the old pod is deleted"}
	at := map[string]int{}
	for i, m := range h.moments() {
		before, _ := m.objects["pod/performer-a-0"].(*corev1.Pod)
		after, _ := m.objects["pod/performer-a-1"].(*corev1.Pod)
		for step, done := range map[string]bool{
			steps[0]: after != nil && podReady(after),
			steps[1]: after != nil && after.Labels[render.LabelServing] == "true",
			steps[2]: slices.Contains(m.shown("a"), "performer-a-1"),
			steps[3]: before != nil && before.DeletionTimestamp != nil,
		} {
			if _, ok := at[step]; done && !ok {
				at[step] = i
			}
		}
	}
	if !slices.IsSortedFunc(steps, func(a, b string) int { return at[a] - at[b] }) || len(at) != len(steps) {
		t.Errorf("the steps came at %v", at)
	}
	if events := op.takeEvents(ns.Name); len(events) != 3 {
		t.Errorf("events: %q", events)
	}
}

// TestDrainByDeletion has an upgrade delete the old pod, which serves on, and then somebody delete the new
// one.
func TestDrainByDeletion(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a", func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: ptr.To[int32](3600)}
	})
	ns.Bind("performer-a-0") // so that its deletion takes time
	ns.Patch("a", `{"spec":{"config":{"grpcPort":8080}}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitDeletion("performer-a-0")
	old, err := cluster.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-a-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if old.Labels[render.LabelServing] != render.ServingTrue || *old.DeletionGracePeriodSeconds != 3630 {
		t.Errorf("the old pod drains with labels %v and a grace period of %d seconds", old.Labels, *old.DeletionGracePeriodSeconds)
	}
	ns.AwaitReadyOn("a", "performer-a-1")
	awaitPorts(ns, "performer-a", 8080, 9090)

	ns.Bind("performer-a-1")
	ns.DeletePod("performer-a-1")
	ns.AwaitPod("performer-a-2")
	p := ns.AwaitPerformer("a", "a third pod", func(p *v1alpha1.Performer) bool {
		return p.Status.PodOrdinal == 2 && controlplane.Condition(p, v1alpha1.ConditionReady).Status == metav1.ConditionFalse
	})
	if available := controlplane.Condition(p, v1alpha1.ConditionAvailable); !p.Status.Ready || !strings.HasSuffix(available.Message, "which is terminating and serves until it has drained") {
		t.Errorf("while the second pod drains Available is %s: %s", available.Status, available.Message)
	}
	ns.MakeReady("performer-a-2")
	ns.AwaitReadyOn("a", "performer-a-2")
	for _, pod := range []string{"performer-a-0", "performer-a-1"} {
		ns.Remove(pod)
		ns.AwaitNoPod(pod)
	}
	awaitPorts(ns, "performer-a", 8080)
}

func TestUpgradeOfThePort(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	ns.Running("a")
	ns.Patch("a", `{"spec":{"config":{"grpcPort":8080,"environment":{"GRPC_PORT":"8080"}}}}`)
	ns.AwaitPod("performer-a-1")
	drainByLabels(ns, "a")
	if p := ns.Performer("a"); p.Status.GRPCEndpoint != "performer-a."+ns.Name+".svc.cluster.local:9090" {
		t.Errorf("the status sends callers to %s, and the pod listens on 9090", p.Status.GRPCEndpoint)
	}
	ns.MakeReady("performer-a-1")
	ns.AwaitLabel("performer-a-0", render.LabelServing, "")
	awaitPorts(ns, "performer-a", 8080, 9090)
	p := ns.AwaitReadyOn("a", "performer-a-1")
	if p.Status.GRPCEndpoint != "performer-a."+ns.Name+".svc.cluster.local:8080" {
		t.Errorf("the status sends callers to %s", p.Status.GRPCEndpoint)
	}
	ns.Patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":0}}}`)
	ns.AwaitNoPod("performer-a-0")
	awaitPorts(ns, "performer-a", 8080)
	if port := ns.Service("performer-a").Spec.Ports[0]; port.Name != "grpc" || port.TargetPort.StrVal != "grpc" {
		t.Errorf("the port is %+v", port)
	}
	ns.AwaitReadyOn("a", "performer-a-1")
	h.checkNoGap("a")
	h.checkStatuses("a")
	var had []string // the sets of ports in their order
	for _, m := range h.moments() {
		if service, ok := m.changed.object.(*corev1.Service); ok {
			text := ""
			for _, port := range service.Spec.Ports {
				text += fmt.Sprintf("%s=%d ", port.Name, port.Port)
			}
			if len(had) == 0 || had[len(had)-1] != text {
				had = append(had, text)
			}
		}
	}
	if len(had) != 3 {
		t.Errorf("the Service had the ports %q", had)
	}
}

// TestSpecChangesDuringAnUpgrade changes the spec while an upgrade is in progress.
func TestSpecChangesDuringAnUpgrade(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	version := func(v string) string { return `{"spec":{"version":"` + v + `"}}` }

	t.Run("superseded before the pod is ready", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("quick")
		ns.Patch("quick", version("2"))
		ns.AwaitPod("performer-quick-1")
		ns.Patch("quick", version("3"))
		ns.AwaitNoPod("performer-quick-1")
		ns.MakeReady("performer-quick-2")
		p := ns.AwaitReadyOn("quick", "performer-quick-2")
		if p.Status.PodOrdinal != 2 {
			t.Errorf("ordinal %d", p.Status.PodOrdinal)
		}
		ns.AwaitNoPod("performer-quick-0")
	})
	t.Run("changed twice at once", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("twice")
		ns.Patch("twice", version("2"))
		ns.Patch("twice", version("3"))
		// The operator may have seen the first change or not.
		p := ns.AwaitPerformer("twice", "the operator to observe the last change", func(p *v1alpha1.Performer) bool { return p.Status.ObservedGeneration == p.Generation })
		name := fmt.Sprintf("performer-twice-%d", p.Status.PodOrdinal)
		ns.MakeReady(name)
		ns.AwaitReadyOn("twice", name)
		ns.AwaitNoPod("performer-twice-0")
		if pods := ns.Pods("twice"); len(pods) != 1 {
			t.Errorf("%d pods are left", len(pods))
		}
	})
	t.Run("superseded while the old pod drains", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("drain")
		ns.Patch("drain", version("2"))
		ns.AwaitPod("performer-drain-1")
		drainByLabels(ns, "drain")
		ns.MakeReady("performer-drain-1")
		ns.AwaitLabel("performer-drain-0", render.LabelServing, "")
		ns.Patch("drain", version("3"))
		ns.MakeReady("performer-drain-2")
		ns.AwaitLabel("performer-drain-1", render.LabelServing, "")
		ns.AwaitReadyOn("drain", "performer-drain-2")
		ns.AwaitPod("performer-drain-0") // it still has its hour
	})
	t.Run("reverted before the pod is ready", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("back")
		before := ns.AwaitPod("performer-back-0")
		ns.Patch("back", version("2"))
		ns.AwaitPod("performer-back-1")
		ns.Patch("back", `{"spec":{"version":null}}`)
		ns.AwaitNoPod("performer-back-1")
		ns.AwaitReadyOn("back", "performer-back-0")
		if now := ns.AwaitPod("performer-back-0"); now.UID != before.UID {
			t.Error("it is another pod")
		}
	})
	t.Run("reverted while the old pod drains", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("late")
		before := ns.AwaitPod("performer-late-0")
		ns.Patch("late", version("2"))
		ns.AwaitPod("performer-late-1")
		drainByLabels(ns, "late")
		ns.MakeReady("performer-late-1")
		ns.AwaitLabel("performer-late-0", render.LabelServing, "")
		ns.Patch("late", `{"spec":{"version":null}}`)
		ns.AwaitLabel("performer-late-1", render.LabelServing, "")
		ns.AwaitReadyOn("late", "performer-late-0")
		now := ns.AwaitPod("performer-late-0")
		if now.UID != before.UID || now.Annotations[render.AnnotationDrainingSince] != "" {
			t.Errorf("same pod: %v, annotations %v", now.UID == before.UID, now.Annotations)
		}
	})
	t.Run("the successor is deleted", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("lost")
		ns.Patch("lost", version("2"))
		ns.Bind("performer-lost-1")
		ns.DeletePod("performer-lost-1")
		ns.MakeReady("performer-lost-2")
		ns.AwaitReadyOn("lost", "performer-lost-2")
		ns.Remove("performer-lost-1")
		ns.AwaitNoPod("performer-lost-0")
	})
	t.Run("the old pod loses a label that the Service does not select by", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("hidden")
		ns.Patch("hidden", version("2"))
		ns.AwaitPod("performer-hidden-1")
		ns.Unlabel("performer-hidden-0", render.LabelApp)
		ns.AwaitLabel("performer-hidden-0", render.LabelApp, render.AppName)
		ns.MakeReady("performer-hidden-1")
		ns.AwaitReadyOn("hidden", "performer-hidden-1")
		ns.AwaitNoPod("performer-hidden-0")
	})
	// Here there is a gap, which the user caused.
	t.Run("the old pod is no longer selected", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("unselected")
		ns.Patch("unselected", version("2"))
		ns.AwaitPod("performer-unselected-1")
		ns.Unlabel("performer-unselected-0", render.LabelPerformer)
		ns.AwaitLabel("performer-unselected-0", render.LabelPerformer, "unselected")
	})
	t.Run("a label of the Performer during the upgrade", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("label")
		ns.Patch("label", version("2"))
		before := ns.AwaitPod("performer-label-1")
		ns.Patch("label", `{"metadata":{"labels":{"a":"b"}},"spec":{"avsAddress":"0xdef"}}`)
		ns.MakeReady("performer-label-1")
		ns.AwaitReadyOn("label", "performer-label-1")
		ns.AwaitLabel("performer-label-1", render.LabelAVS, "0xdef")
		if now := ns.AwaitPod("performer-label-1"); now.UID != before.UID {
			t.Error("it is another pod")
		}
	})
	for _, name := range []string{"quick", "twice", "drain", "back", "late", "lost", "hidden", "label"} {
		h.checkNoGap(name)
		h.checkStatuses(name)
	}
}

// TestUpgradeWithoutSlices checks that both pods get traffic for a fixed time where reading the
// slices is forbidden.
func TestUpgradeWithoutSlices(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperatorAs(t, restricted(t, controlplane.Narrow()...))
	ns.Running("a")
	ns.Bind("performer-a-0") // so that its deletion takes time
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitLabel("performer-a-1", render.LabelServing, "true")
	ns.AwaitDeletion("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-1")
	op.stop()
	h.checkNoGap("a")
	h.checkStatuses("a")
	// Both served for that time.
	var since, until time.Time
	for _, m := range h.moments() {
		for _, pod := range m.pods("a") {
			switch text := pod.Annotations[render.AnnotationServingSince]; {
			case pod.DeletionTimestamp != nil:
				until = pod.DeletionTimestamp.Add(-time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second)
			case text != "" && pod.Name == "performer-a-1":
				var err error
				if since, err = time.Parse(time.RFC3339, text); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if since.IsZero() || until.Sub(since) < 10*time.Second {
		t.Errorf("the new pod has traffic since %v, and the old one until %v", since, until)
	}
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

// TestEveryChangeOfThePodReplacesIt changes the spec in each way that shapes the pod.
func TestEveryChangeOfThePodReplacesIt(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	for i, patch := range []string{
		`{"image":"repo:2"}`,
		`{"version":"2"}`,
		`{"imagePullPolicy":"Always"}`,
		`{"config":{"grpcPort":8080}}`,
		`{"config":{"environment":{"A":"1"}}}`,
		`{"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}}`,
		`{"config":{"args":["a"]}}`,
		`{"config":{"command":["a"]}}`,
		`{"resources":{"limits":{"nvidia.com/gpu":"1"}}}`,
		`{"scheduling":{"nodeSelector":{"a":"b"}}}`,
		`{"hardwareRequirements":{"gpuCount":1}}`,
		`{"imagePullSecrets":[{"name":"s"}]}`,
	} {
		t.Run(patch, func(t *testing.T) {
			ns := ns.As(t)
			name := fmt.Sprintf("p%d", i)
			ns.Running(name)
			ns.Patch(name, `{"spec":`+patch+`}`)
			ns.MakeReady("performer-" + name + "-1")
			ns.AwaitNoPod("performer-" + name + "-0")
			p := ns.AwaitPerformer(name, "Performer "+name+" to be ready on the new pod", func(p *v1alpha1.Performer) bool {
				return controlplane.IsReady(p) && p.Status.PodName == "performer-"+name+"-1"
			})
			if p.Status.LastUpgrade == nil || p.Status.CurrentRevision != p.Status.UpdateRevision {
				t.Errorf("status %+v", p.Status)
			}
			wait.For(t, "the Service to have the port alone", func(context.Context) error {
				if ports := ns.Service("performer-" + name).Spec.Ports; len(ports) != 1 || ports[0].Port != p.Spec.Config.GRPCPort {
					return fmt.Errorf("it has ports %v", ports)
				}
				return nil
			})
		})
	}
}

// TestDrainsByOurClock has a pod that lost its traffic under a leader whose clock was an hour ahead.
func TestDrainsByOurClock(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.AwaitPod("performer-a-1")
	drainByLabels(ns, "a")
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
	ns.AwaitLabel("performer-a-0", render.LabelServing, "")
	ahead := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), "performer-a-0", types.MergePatchType,
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, render.AnnotationDrainingSince, ahead), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.Patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":1}}}`)
	ns.AwaitNoPod("performer-a-0")
}
