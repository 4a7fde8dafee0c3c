// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// TestServingPodIsLostWhileTheNewOneCannotRun checks that the pod that served is copied.
func TestServingPodIsLostWhileTheNewOneCannotRun(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	rich := func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"A": "1", "B": "2"}
		p.Spec.Config.Args = []string{"--x"}
		p.Spec.PodLabels = map[string]string{"mine": "1"}
		p.Spec.PodAnnotations = map[string]string{"mine/a": "1"}
		p.Spec.Resources.Limits = corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("64Mi")}
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{
			NodeSelector: map[string]string{"zone": "a"},
			Tolerations: []corev1.Toleration{
				{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "avs", Effect: corev1.TaintEffectNoSchedule},
				{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](5)},
			},
		}
	}
	for name, take := range map[string]func(controlplane.Namespace, string){
		"evicted": controlplane.Namespace.Evict,
		"deleted": controlplane.Namespace.DeletePod,
	} {
		t.Run(name, func(t *testing.T) {
			ns := ns.As(t)
			first := "performer-" + name + "-0"
			ns.Running(name, rich)
			ns.Bind(first)
			before := ns.AwaitPod(first)
			ns.Patch(name, `{"spec":{"image":"there-is-none:1","config":{"environment":{"A":"changed"}}}}`)
			ns.PatchStatus("performer-"+name+"-1", waitsFor("ErrImagePull", "not found"))
			ns.AwaitReason(name, v1alpha1.ConditionDegraded, "ImagePullFailed")
			take(ns, first)

			second := "performer-" + name + "-2"
			again := ns.AwaitPod(second)
			if again.UID == before.UID || again.Spec.NodeName != "" {
				t.Errorf("no new pod: %s on node %q", again.UID, again.Spec.NodeName)
			}
			ns.AwaitPerformer(name, "Performer "+name+" not to be ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
			ns.MakeReady(second)
			p := ns.AwaitPerformer(name, "pod "+second+" to serve", func(p *v1alpha1.Performer) bool { return p.Status.Ready && p.Status.PodName == second })
			if p.Status.CurrentImage != "repo:1" || p.Status.CurrentRevision == p.Status.UpdateRevision || controlplane.IsReady(p) {
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
				t.Errorf("the copy differs:\n%+v\n%+v", *was, again.Spec)
			}
			// The new pod can run after all.
			ns.Remove(first)
			ns.MakeReady("performer-" + name + "-1")
			ns.AwaitReadyOn(name, "performer-"+name+"-1")
			ns.AwaitNoPod(second)
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
