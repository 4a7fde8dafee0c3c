// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// drains has the old pod go on answering for longer than any test takes.
func drains(p *v1alpha1.Performer) {
	p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: ptr.To[int32](3600)}
}

// awaitPorts waits until the Service has exactly these ports, in any order.
func (w world) awaitPorts(service string, want ...int32) {
	w.Helper()
	wait.For(w.T, fmt.Sprintf("ports %v", want), func(context.Context) error {
		var have []int32
		for _, port := range w.service(service).Spec.Ports {
			have = append(have, port.Port)
		}
		slices.Sort(have)
		if !slices.Equal(have, want) {
			return fmt.Errorf("they are %v", have)
		}
		return nil
	})
}

// TestUpgradeStepByStep looks at the order in which traffic moves, in the history of pods and slices.
func TestUpgradeStepByStep(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	w.running("a")
	w.Bind("performer-a-0")
	w.patch("a", `{"spec":{"image":"repo:2"}}`)

	fresh := w.AwaitPod("performer-a-1")
	if fresh.Labels[render.LabelServing] != "" || fresh.Spec.Containers[0].Image != "repo:2" {
		t.Errorf("the new pod is born with labels %v and image %s", fresh.Labels, fresh.Spec.Containers[0].Image)
	}
	p := w.awaitPerformer("a", "the upgrade", func(p *v1alpha1.Performer) bool {
		return p.Status.Phase == v1alpha1.PhaseUpgrading && p.Status.ObservedGeneration == p.Generation
	})
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" || p.Status.CurrentImage != "repo:1" || p.Status.LastUpgrade == nil ||
		p.Status.CurrentRevision == p.Status.UpdateRevision || conditionOf(p, v1alpha1.ConditionReady).Reason != "UpgradeInProgress" ||
		kstatus(p) != kstatusInProgress {
		t.Errorf("half way the status is %+v", p.Status)
	}
	w.MakeReady("performer-a-1")
	w.AwaitDeletion("performer-a-0")
	p = w.awaitOn("a", "performer-a-1")
	if p.Status.CurrentImage != "repo:2" || p.Status.CurrentRevision != p.Status.UpdateRevision || p.Status.Phase != v1alpha1.PhaseRunning {
		t.Errorf("in the end the status is %+v", p.Status)
	}
	w.Remove("performer-a-0")
	w.awaitNoPod("performer-a-0")
	op.stop()

	h.checkNoGap("a")
	h.checkStatuses("a")
	// Each step and the first moment at which it was done.
	steps := []string{"the new pod is ready", "it has the label", "the slice shows it", "the old pod lost the label", "the old pod is told to end"}
	at := map[string]int{}
	for i, m := range h.moments() {
		before, _ := m.objects["pod/performer-a-0"].(*corev1.Pod)
		after, _ := m.objects["pod/performer-a-1"].(*corev1.Pod)
		for step, done := range map[string]bool{
			steps[0]: after != nil && podReady(after),
			steps[1]: after != nil && after.Labels[render.LabelServing] == "true",
			steps[2]: slices.Contains(m.shown("a"), "performer-a-1"),
			steps[3]: before != nil && before.Labels[render.LabelServing] == "",
			steps[4]: before != nil && before.DeletionTimestamp != nil,
		} {
			if _, ok := at[step]; done && !ok {
				at[step] = i
			}
		}
	}
	if !slices.IsSortedFunc(steps, func(a, b string) int { return at[a] - at[b] }) || len(at) != len(steps) {
		t.Errorf("the steps came at %v", at)
	}
	if events := op.told(w.namespace); len(events) != 3 {
		t.Errorf("events: %q", events)
	}
}

func TestUpgradeOfThePort(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	w.running("a", drains)
	w.patch("a", `{"spec":{"config":{"grpcPort":8080,"environment":{"GRPC_PORT":"8080"}}}}`)
	w.AwaitPod("performer-a-1")
	if p := w.performer("a"); p.Status.GRPCEndpoint != "performer-a."+w.namespace+".svc.cluster.local:9090" {
		t.Errorf("the status sends callers to %s, and the pod listens on 9090", p.Status.GRPCEndpoint)
	}
	w.MakeReady("performer-a-1")
	w.awaitLabel("performer-a-0", render.LabelServing, "")
	w.awaitPorts("performer-a", 8080, 9090)
	p := w.awaitOn("a", "performer-a-1")
	if p.Status.GRPCEndpoint != "performer-a."+w.namespace+".svc.cluster.local:8080" {
		t.Errorf("the status sends callers to %s", p.Status.GRPCEndpoint)
	}
	w.patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":0}}}`)
	w.awaitNoPod("performer-a-0")
	w.awaitPorts("performer-a", 8080)
	if port := w.service("performer-a").Spec.Ports[0]; port.Name != "grpc" || port.TargetPort.StrVal != "grpc" {
		t.Errorf("the port is %+v", port)
	}
	w.awaitOn("a", "performer-a-1")
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

// TestSpecsThatFollowEachOther changes the spec while an upgrade is under way.
func TestSpecsThatFollowEachOther(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	version := func(v string) string { return `{"spec":{"version":"` + v + `"}}` }

	t.Run("superseded before the pod is ready", func(t *testing.T) {
		w := w.as(t)
		w.running("quick")
		w.patch("quick", version("2"))
		w.AwaitPod("performer-quick-1")
		w.patch("quick", version("3"))
		w.awaitNoPod("performer-quick-1")
		w.MakeReady("performer-quick-2")
		p := w.awaitOn("quick", "performer-quick-2")
		if p.Status.PodOrdinal != 2 {
			t.Errorf("ordinal %d", p.Status.PodOrdinal)
		}
		w.awaitNoPod("performer-quick-0")
	})
	t.Run("changed twice at once", func(t *testing.T) {
		w := w.as(t)
		w.running("twice")
		w.patch("twice", version("2"))
		w.patch("twice", version("3"))
		// The operator may have seen the first change or not.
		p := w.awaitPerformer("twice", "the last change", func(p *v1alpha1.Performer) bool { return p.Status.ObservedGeneration == p.Generation })
		name := fmt.Sprintf("performer-twice-%d", p.Status.PodOrdinal)
		w.MakeReady(name)
		w.awaitOn("twice", name)
		w.awaitNoPod("performer-twice-0")
		if pods := w.pods("twice"); len(pods) != 1 {
			t.Errorf("%d pods are left", len(pods))
		}
	})
	t.Run("superseded while the old pod drains", func(t *testing.T) {
		w := w.as(t)
		w.running("drain", drains)
		w.patch("drain", version("2"))
		w.MakeReady("performer-drain-1")
		w.awaitLabel("performer-drain-0", render.LabelServing, "")
		w.patch("drain", version("3"))
		w.MakeReady("performer-drain-2")
		w.awaitLabel("performer-drain-1", render.LabelServing, "")
		w.awaitOn("drain", "performer-drain-2")
		w.AwaitPod("performer-drain-0") // it has its hour still
	})
	t.Run("reverted before the pod is ready", func(t *testing.T) {
		w := w.as(t)
		w.running("back")
		before := w.AwaitPod("performer-back-0")
		w.patch("back", version("2"))
		w.AwaitPod("performer-back-1")
		w.patch("back", `{"spec":{"version":null}}`)
		w.awaitNoPod("performer-back-1")
		w.awaitOn("back", "performer-back-0")
		if now := w.AwaitPod("performer-back-0"); now.UID != before.UID {
			t.Error("it is another pod")
		}
	})
	t.Run("reverted while the old pod drains", func(t *testing.T) {
		w := w.as(t)
		w.running("late", drains)
		before := w.AwaitPod("performer-late-0")
		w.patch("late", version("2"))
		w.MakeReady("performer-late-1")
		w.awaitLabel("performer-late-0", render.LabelServing, "")
		w.patch("late", `{"spec":{"version":null}}`)
		w.awaitLabel("performer-late-1", render.LabelServing, "")
		w.awaitOn("late", "performer-late-0")
		now := w.AwaitPod("performer-late-0")
		if now.UID != before.UID || now.Annotations[render.AnnotationDrainingSince] != "" {
			t.Errorf("same pod: %v, annotations %v", now.UID == before.UID, now.Annotations)
		}
	})
	t.Run("the successor is deleted", func(t *testing.T) {
		w := w.as(t)
		w.running("lost")
		w.patch("lost", version("2"))
		w.Bind("performer-lost-1")
		w.deletePod("performer-lost-1")
		w.MakeReady("performer-lost-2")
		w.awaitOn("lost", "performer-lost-2")
		w.Remove("performer-lost-1")
		w.awaitNoPod("performer-lost-0")
	})
	t.Run("the old pod goes out of sight", func(t *testing.T) {
		w := w.as(t)
		w.running("hidden")
		w.patch("hidden", version("2"))
		w.AwaitPod("performer-hidden-1")
		w.unlabel("performer-hidden-0", render.LabelApp)
		w.awaitLabel("performer-hidden-0", render.LabelApp, render.AppName)
		w.MakeReady("performer-hidden-1")
		w.awaitOn("hidden", "performer-hidden-1")
		w.awaitNoPod("performer-hidden-0")
	})
	// Between the two there is a gap, of somebody else's making.
	t.Run("the old pod is no longer selected", func(t *testing.T) {
		w := w.as(t)
		w.running("unselected")
		w.patch("unselected", version("2"))
		w.AwaitPod("performer-unselected-1")
		w.unlabel("performer-unselected-0", render.LabelPerformer)
		w.awaitLabel("performer-unselected-0", render.LabelPerformer, "unselected")
	})
	t.Run("a label of the Performer in mid-upgrade", func(t *testing.T) {
		w := w.as(t)
		w.running("label")
		w.patch("label", version("2"))
		before := w.AwaitPod("performer-label-1")
		w.patch("label", `{"metadata":{"labels":{"a":"b"}},"spec":{"avsAddress":"0xdef"}}`)
		w.MakeReady("performer-label-1")
		w.awaitOn("label", "performer-label-1")
		w.awaitLabel("performer-label-1", render.LabelAVS, "0xdef")
		if now := w.AwaitPod("performer-label-1"); now.UID != before.UID {
			t.Error("it is another pod")
		}
	})
	for _, name := range []string{"quick", "twice", "drain", "back", "late", "lost", "hidden", "label"} {
		h.checkNoGap(name)
		h.checkStatuses(name)
	}
}

// TestUpgradeWithoutSlices wants a fixed time of traffic on both pods where the slices may not be read.
func TestUpgradeWithoutSlices(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperatorAs(t, restricted(t, narrow()...))
	w.running("a")
	w.patch("a", `{"spec":{"version":"2"}}`)
	w.MakeReady("performer-a-1")
	w.awaitLabel("performer-a-1", render.LabelServing, "true")
	w.awaitNoPod("performer-a-0")
	w.awaitOn("a", "performer-a-1")
	op.stop()
	h.checkNoGap("a")
	h.checkStatuses("a")
	// Both served for a stated time, by the stamps that the operator itself left.
	var since, until metav1.Time
	for _, m := range h.moments() {
		for _, pod := range m.pods("a") {
			for annotation, at := range map[string]*metav1.Time{render.AnnotationServingSince: &since, render.AnnotationDrainingSince: &until} {
				if text := pod.Annotations[annotation]; text != "" && (pod.Name == "performer-a-1") == (at == &since) {
					if err := at.UnmarshalQueryParameter(text); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if since.IsZero() || until.Sub(since.Time) < 10e9 {
		t.Errorf("the new pod has traffic since %v, and the old one until %v", since, until)
	}
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

// TestTheServingPodGoesWhileTheNewOneCannotRun wants a copy of what worked.
func TestTheServingPodGoesWhileTheNewOneCannotRun(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	rich := func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"A": "1", "B": "2"}
		p.Spec.Config.Args = []string{"--x"}
		p.Spec.PodLabels = map[string]string{"mine": "1"}
		p.Spec.PodAnnotations = map[string]string{"mine/a": "1"}
		p.Spec.Resources.Limits = corev1.ResourceList{"cpu": quantity("100m"), "memory": quantity("64Mi")}
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{
			NodeSelector: map[string]string{"zone": "a"},
			Tolerations: []corev1.Toleration{
				{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "avs", Effect: corev1.TaintEffectNoSchedule},
				{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](5)},
			},
		}
	}
	for name, take := range map[string]func(world, string){
		"evicted": world.evict,
		"deleted": world.deletePod,
	} {
		t.Run(name, func(t *testing.T) {
			w := w.as(t)
			first := "performer-" + name + "-0"
			w.running(name, rich)
			w.Bind(first)
			before := w.AwaitPod(first)
			w.patch(name, `{"spec":{"image":"there-is-none:1","config":{"environment":{"A":"changed"}}}}`)
			w.PatchStatus("performer-"+name+"-1", waitsFor("ErrImagePull", "not found"))
			w.awaitPerformer(name, "the failure", hasReason(v1alpha1.ConditionDegraded, "ImagePullFailed"))
			take(w, first)

			second := "performer-" + name + "-2"
			again := w.AwaitPod(second)
			if again.UID == before.UID || again.Spec.NodeName != "" {
				t.Errorf("no new pod: %s on node %q", again.UID, again.Spec.NodeName)
			}
			w.awaitPerformer(name, "not ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
			w.MakeReady(second)
			p := w.awaitPerformer(name, "serving", func(p *v1alpha1.Performer) bool { return p.Status.Ready && p.Status.PodName == second })
			if p.Status.CurrentImage != "repo:1" || p.Status.CurrentRevision == p.Status.UpdateRevision || isReady(p) {
				t.Errorf("status %+v", p.Status)
			}
			if !maps.Equal(again.Labels, before.Labels) || again.Annotations["mine/a"] != "1" || !metav1.IsControlledBy(again, p) {
				t.Errorf("labels %v, annotations %v, owners %v", again.Labels, again.Annotations, again.OwnerReferences)
			}
			was := before.Spec.DeepCopy()
			was.NodeName = ""
			slices.SortFunc(was.Tolerations, byKey)
			slices.SortFunc(again.Spec.Tolerations, byKey)
			if !equality.Semantic.DeepEqual(*was, again.Spec) {
				t.Errorf("the copy is another:\n%+v\n%+v", *was, again.Spec)
			}
			// The new one can run after all.
			w.Remove(first)
			w.MakeReady("performer-" + name + "-1")
			w.awaitOn(name, "performer-"+name+"-1")
			w.awaitNoPod(second)
		})
		h.checkStatuses(name)
	}
}

func byKey(a, b corev1.Toleration) int {
	if a.Key < b.Key {
		return -1
	}
	return 1
}
