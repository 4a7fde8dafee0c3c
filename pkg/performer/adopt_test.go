// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestMatchesLegacyPod changes each field of a pod that the earlier operator rendered, and some that
// the API server or admission set.
func TestMatchesLegacyPod(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"A": "1", "B": "2"}
		p.Spec.Config.Args = []string{"a"}
		p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{
			NodeSelector: map[string]string{"a": "b"},
			Tolerations:  []corev1.Toleration{{Key: "mine", Operator: corev1.TolerationOpExists}},
		}
	})
	tests := []struct {
		name string
		edit func(*corev1.Pod, *corev1.Container)
		want bool
	}{
		{"nothing", func(*corev1.Pod, *corev1.Container) {}, true},
		{"environment in another order", func(_ *corev1.Pod, c *corev1.Container) { c.Env[0], c.Env[1] = c.Env[1], c.Env[0] }, true},
		{"another name of the container", func(_ *corev1.Pod, c *corev1.Container) { c.Name = "main" }, true},
		{"another name of the port", func(_ *corev1.Pod, c *corev1.Container) { c.Ports[0].Name = "api" }, true},
		{"requests defaulted by the server", func(_ *corev1.Pod, c *corev1.Container) { c.Resources.Requests = requests(c.Resources) }, true},
		{"a sidecar", func(pod *corev1.Pod, _ *corev1.Container) {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "proxy"})
		}, true},
		{"pull secrets of the service account", func(pod *corev1.Pod, _ *corev1.Container) {
			pod.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "x"}}
		}, true},
		{"image", func(_ *corev1.Pod, c *corev1.Container) { c.Image = "x" }, false},
		{"pull policy", func(_ *corev1.Pod, c *corev1.Container) { c.ImagePullPolicy = corev1.PullAlways }, false},
		{"environment not applied", func(_ *corev1.Pod, c *corev1.Container) { c.Env = nil }, false},
		{"arguments not applied", func(_ *corev1.Pod, c *corev1.Container) { c.Args = nil }, false},
		{"command", func(_ *corev1.Pod, c *corev1.Container) { c.Command = []string{"x"} }, false},
		{"port", func(_ *corev1.Pod, c *corev1.Container) { c.Ports[0].ContainerPort = 1 }, false},
		{"resources not applied", func(_ *corev1.Pod, c *corev1.Container) { c.Resources = corev1.ResourceRequirements{} }, false},
		{"resources added by a LimitRange", func(_ *corev1.Pod, c *corev1.Container) {
			c.Resources.Limits[corev1.ResourceMemory] = resource.MustParse("1Gi")
		}, true},
		{"node selector", func(pod *corev1.Pod, _ *corev1.Container) { pod.Spec.NodeSelector = nil }, false},
		{"toleration", func(pod *corev1.Pod, _ *corev1.Container) { pod.Spec.Tolerations = pod.Spec.Tolerations[1:] }, false},
		{"affinity", func(pod *corev1.Pod, _ *corev1.Container) { pod.Spec.Affinity = &corev1.Affinity{} }, false},
		{"runtime class", func(pod *corev1.Pod, _ *corev1.Container) { pod.Spec.RuntimeClassName = ptr.To("x") }, false},
		{"service account", func(pod *corev1.Pod, _ *corev1.Container) { pod.Spec.ServiceAccountName = "x" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pod := earlierPod(p).DeepCopy()
			tt.edit(pod, &pod.Spec.Containers[0])
			if got := matchesLegacyPod(pod, render.Pod(p, 0, render.Hardware{})); got != tt.want {
				t.Errorf("matchesLegacyPod = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLegacyPodLacksNewFields(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.Performer){
		"security context": func(p *v1alpha1.Performer) {
			p.Spec.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: ptr.To(true)}
		},
		"volumes":      func(p *v1alpha1.Performer) { p.Spec.Volumes = richSpec().Volumes },
		"grace period": func(p *v1alpha1.Performer) { p.Spec.TerminationGracePeriodSeconds = ptr.To[int64](1) },
		"priority class": func(p *v1alpha1.Performer) {
			p.Spec.Scheduling = &v1alpha1.SchedulingConfig{PriorityClassName: "x"}
		},
	} {
		p := newPerformer(change)
		if matchesLegacyPod(earlierPod(newPerformer()), render.Pod(p, 0, render.Hardware{})) {
			t.Errorf("%s: a legacy pod without it matches", name)
		}
	}
}

func TestCopyOf(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec = richSpec()
		p.Spec.HardwareRequirements = nil
	})
	source := testPod(p, 4, ready(0), draining(0), dying, func(pod *corev1.Pod) {
		pod.Finalizers, pod.Spec.NodeName, pod.Spec.Priority = []string{"x"}, "node", ptr.To[int32](7)
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "kube-api-access-x"})
		pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts,
			corev1.VolumeMount{Name: "kube-api-access-x", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"})
	})
	delete(source.Labels, render.LabelApp) // somebody removed it
	before := source.DeepCopy()
	changed := p.DeepCopy()
	changed.Spec.Image = "repo:2"
	got := CopyOf(source, changed, 7, testNow)
	want := render.Pod(p, 7, render.Hardware{})
	render.SetServing(want, testNow)
	if !jsonEqual(got, want) {
		t.Errorf("the copy differs from the rendered pod:\n got %+v\nwant %+v", got, want)
	}
	if !jsonEqual(source, before) {
		t.Error("copying changed the source")
	}
}

// The copy of a pod whose resize is infeasible gets the resources that the pod had, and is not resized
// to the infeasible ones.
func TestCopyOfPodWithInfeasibleResize(t *testing.T) {
	limits := func(cpu string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}
	}
	p := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Resources = limits("1000") })
	had := limits("1")
	source := testPod(p, 0, evicted, func(pod *corev1.Pod) {
		pod.Annotations[render.AnnotationResources] = resizing
		pod.Status.ContainerStatuses[0].Resources = &had
	})
	got := CopyOf(source, p, 1, testNow)
	if !jsonEqual(got.Spec.Containers[0].Resources, had) {
		t.Errorf("unexpected resources of the copy: %+v", got.Spec.Containers[0].Resources)
	}
	if MatchesSpec(p, got, testSettings) {
		t.Error("the copy counts as the desired pod")
	}
	p.Spec.Resources = limits("2")
	if !MatchesSpec(p, got, testSettings) {
		t.Error("the copy can't be resized to feasible resources")
	}
}
