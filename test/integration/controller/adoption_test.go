// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// legacy creates what the earlier operator left: a Performer with its finalizer and status, a pod
// and a Service. The pod matches the spec unless change changes it.
func legacy(ns controlplane.Namespace, name string, spec func(*v1alpha1.PerformerSpec), change func(*corev1.Pod)) {
	ns.Helper()
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{
			Name:       name,
			Labels:     map[string]string{"app": "hourglass-performer", render.LabelAVS: "0xabc", render.LabelPerformer: name},
			Finalizers: []string{render.Finalizer},
		},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress: "0xabc", Image: "repo:1", ImagePullPolicy: corev1.PullNever, Version: "1",
			Config: v1alpha1.PerformerConfig{
				GRPCPort: 8080, Environment: map[string]string{"AVS_ADDRESS": "0xabc", "GRPC_PORT": "8080", "A": "1", "Z": "2"},
			},
			UpgradeStrategy: &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32)},
		},
	}
	if spec != nil {
		spec(&p.Spec)
	}
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	p, err := performers.Create(ns.Context(), p, metav1.CreateOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	owner := []metav1.OwnerReference{*metav1.NewControllerRef(p, v1alpha1.SchemeGroupVersion.WithKind("Performer"))}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "performer-" + name, OwnerReferences: owner,
			Labels: map[string]string{"app": "hourglass-performer", render.LabelAVS: p.Spec.AVSAddress, render.LabelPerformer: name},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:    corev1.RestartPolicyAlways,
			ImagePullSecrets: p.Spec.ImagePullSecrets,
			Containers: []corev1.Container{{
				Name: "performer", Image: p.Spec.Image, ImagePullPolicy: p.Spec.ImagePullPolicy,
				Ports:     []corev1.ContainerPort{{Name: "grpc", ContainerPort: p.Spec.Config.GRPCPort, Protocol: corev1.ProtocolTCP}},
				Args:      p.Spec.Config.Args,
				Command:   p.Spec.Config.Command,
				Resources: p.Spec.Resources,
			}},
		},
	}
	// In another order than that of the current operator.
	keys := slices.Sorted(maps.Keys(p.Spec.Config.Environment))
	slices.Reverse(keys)
	for _, key := range keys {
		pod.Spec.Containers[0].Env = append(pod.Spec.Containers[0].Env, corev1.EnvVar{Name: key, Value: p.Spec.Config.Environment[key]})
	}
	if s := p.Spec.Scheduling; s != nil {
		pod.Spec.NodeSelector, pod.Spec.Tolerations = s.NodeSelector, s.Tolerations
	}
	if change != nil {
		change(pod)
	}
	if _, err := kube.CoreV1().Pods(ns.Name).Create(ns.Context(), pod, metav1.CreateOptions{}); err != nil {
		ns.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-" + name, OwnerReferences: owner},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: map[string]string{"app": "hourglass-performer", render.LabelPerformer: name},
			Ports: []corev1.ServicePort{{Name: "grpc", Port: pod.Spec.Containers[0].Ports[0].ContainerPort,
				TargetPort: intstr.FromInt32(pod.Spec.Containers[0].Ports[0].ContainerPort), Protocol: corev1.ProtocolTCP}},
		},
	}
	if _, err := kube.CoreV1().Services(ns.Name).Create(ns.Context(), service, metav1.CreateOptions{}); err != nil {
		ns.Fatal(err)
	}
	ns.Bind("performer-" + name)
	ns.MakeReady("performer-" + name)
	p.Status = v1alpha1.PerformerStatus{
		ObservedGeneration: -1, Phase: v1alpha1.PhaseRunning, Ready: true, PodName: "performer-" + name, ServiceName: "performer-" + name,
		GRPCEndpoint: "performer-" + name + "." + ns.Name + ".svc.cluster.local",
		ReadyTime:    &p.CreationTimestamp,
	}
	if _, err := performers.UpdateStatus(ns.Context(), p, metav1.UpdateOptions{}); err != nil {
		ns.Fatal(err)
	}
}

func TestAdoption(t *testing.T) {
	ns := cluster.Namespace(t)
	container := func(change func(*corev1.Container)) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { change(&pod.Spec.Containers[0]) }
	}
	tests := []struct {
		name string
		spec func(*v1alpha1.PerformerSpec)
		pod  func(*corev1.Pod)
		same bool // the pod matches the spec
	}{
		{"plain", nil, nil, true},
		{"defaults", func(s *v1alpha1.PerformerSpec) {
			s.ImagePullPolicy, s.Config = "", v1alpha1.PerformerConfig{GRPCPort: 9090}
		}, nil, true},
		{"rich", func(s *v1alpha1.PerformerSpec) {
			s.Config.Args, s.Config.Command = []string{"a"}, []string{"c"}
			s.Resources = corev1.ResourceRequirements{Limits: list("1", "64Mi")}
			s.Scheduling = &v1alpha1.SchedulingConfig{
				NodeSelector: map[string]string{"a": "b"},
				Tolerations:  []corev1.Toleration{{Key: "x", Operator: corev1.TolerationOpExists}},
			}
			s.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "s"}}
		}, nil, true},
		{"admitted", nil, func(pod *corev1.Pod) { // what other controllers add to pods
			pod.Annotations = map[string]string{"mesh/injected": "true"}
			pod.Labels["mesh"] = "1"
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "proxy", Image: "mesh:1"})
		}, true},
		{"port-without-name", nil, container(func(c *corev1.Container) { c.Ports[0].Name = "" }), true},
		{"env-never-applied", nil, container(func(c *corev1.Container) { c.Env[0].Value = "old" }), false},
		{"env-missing", nil, container(func(c *corev1.Container) { c.Env = c.Env[1:] }), false},
		{"args-never-applied", func(s *v1alpha1.PerformerSpec) { s.Config.Args = []string{"new"} },
			container(func(c *corev1.Container) { c.Args = []string{"old"} }), false},
		{"another-image", nil, container(func(c *corev1.Container) { c.Image = "repo:0" }), false},
		{"another-port", nil, container(func(c *corev1.Container) { c.Ports[0].ContainerPort = 7070 }), false},
		{"another-memory", func(s *v1alpha1.PerformerSpec) { s.Resources.Limits = list("", "64Mi") },
			container(func(c *corev1.Container) { c.Resources.Limits = list("", "32Mi") }), false},
		{"new-field", func(s *v1alpha1.PerformerSpec) { s.TerminationGracePeriodSeconds = ptr.To[int64](60) }, nil, false},
	}
	uids := map[string]string{}
	for _, tt := range tests {
		legacy(ns, tt.name, tt.spec, tt.pod)
		uids[tt.name] = string(ns.AwaitPod("performer-" + tt.name).UID)
	}
	h := recordHistory(ns)
	op := startOperator(t)

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			name, first := tt.name, "performer-"+tt.name
			if !tt.same {
				fresh := ns.AwaitPod(first + "-0")
				if old := ns.AwaitPod(first); old.Labels[render.LabelServing] != "true" || old.Labels[render.LabelRevision] != "legacy" {
					t.Errorf("the old pod has labels %v", old.Labels)
				}
				if fresh.Labels[render.LabelServing] != "" {
					t.Error("the new pod gets calls before it is ready")
				}
				ns.MakeReady(first + "-0")
				ns.Remove(first)
				ns.AwaitNoPod(first)
				p := ns.AwaitReadyOn(name, first+"-0")
				if p.Status.LastUpgrade == nil {
					t.Errorf("no lastUpgrade: %+v", p.Status)
				}
				return
			}
			p := ns.AwaitReadyOn(name, first)
			pod := ns.AwaitPod(first)
			if string(pod.UID) != uids[name] {
				t.Error("it is another pod")
			}
			if p.Status.Phase != v1alpha1.PhaseRunning || p.Status.CurrentImage != "repo:1" || p.Status.CurrentRevision != render.Revision(&p.Spec) ||
				p.Status.LastUpgrade != nil || kstatus(p) != kstatusCurrent {
				t.Errorf("status %+v", p.Status)
			}
			service := ns.Service(first)
			want := map[string]string{render.LabelPerformer: name, render.LabelServing: "true"}
			if !maps.Equal(service.Spec.Selector, want) || service.Labels["app"] != "hourglass-performer" {
				t.Errorf("service labels %v, selector %v", service.Labels, service.Spec.Selector)
			}
		})
	}
	for _, tt := range tests {
		h.checkNoGap(tt.name)
		h.checkStatuses(tt.name)
		h.checkTakeover(tt.name)
	}
	_ = op.takeEvents(ns.Name)

	// An adopted pod is upgraded like any other.
	for _, tt := range tests {
		if !tt.same {
			continue
		}
		t.Run(tt.name+" is upgraded", func(t *testing.T) {
			ns := ns.As(t)
			first, second := "performer-"+tt.name, "performer-"+tt.name+"-0"
			ns.Patch(tt.name, `{"spec":{"image":"repo:2","config":{"grpcPort":8181}}}`)
			ns.MakeReady(second)
			ns.Remove(first)
			ns.AwaitNoPod(first)
			p := ns.AwaitReadyOn(tt.name, second)
			if p.Status.LastUpgrade == nil || p.Status.CurrentImage != "repo:2" {
				t.Errorf("status %+v", p.Status)
			}
			awaitPorts(ns, first, 8181)
			h.checkNoGap(tt.name)
			h.checkStatuses(tt.name)
		})
	}
	events := op.takeEvents(ns.Name)
	for _, tt := range tests {
		if tt.same && !slices.ContainsFunc(events, func(e string) bool { return len(e) > 24 && e[:24] == "Normal UpgradeInProgress" }) {
			t.Errorf("no event of an upgrade: %q", events)
			break
		}
	}
}

// checkTakeover checks that the Service selected by the serving label only after a pod had it.
func (h *history) checkTakeover(name string) {
	h.Helper()
	labeled := false
	for _, m := range h.moments() {
		for _, pod := range m.pods(name) {
			labeled = labeled || pod.Labels[render.LabelServing] == "true"
		}
		if service, ok := m.objects["service/performer-"+name].(*corev1.Service); ok && service.Spec.Selector[render.LabelServing] != "" && !labeled {
			h.Errorf("%s: the Service selects by a label that no pod has", name)
			return
		}
	}
}

// TestAdoptionWithALimitRange has resources on the pod that the Performer does not set.
func TestAdoptionWithALimitRange(t *testing.T) {
	ns := cluster.Namespace(t)
	limits := &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: list("500m", "128Mi"), DefaultRequest: list("100m", "64Mi"),
		}}},
	}
	if _, err := kube.CoreV1().LimitRanges(ns.Name).Create(t.Context(), limits, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// Admission works from a cache.
	wait.For(t, "the defaults of the LimitRange", func(ctx context.Context) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
		pod, err := kube.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err != nil:
			return err
		case len(pod.Spec.Containers[0].Resources.Limits) == 0:
			return errors.New("none")
		default:
			return nil
		}
	})
	legacy(ns, "a", nil, nil)
	before := ns.AwaitPod("performer-a")
	if equality.Semantic.DeepEqual(before.Spec.Containers[0].Resources, corev1.ResourceRequirements{}) {
		t.Fatal("the pod has no resources")
	}
	h := recordHistory(ns)
	startOperator(t)
	ns.AwaitPerformer("a", "Performer a to be adopted", func(p *v1alpha1.Performer) bool { return p.Status.CurrentRevision != "" })
	p := ns.Performer("a")
	if p.Status.CurrentRevision != render.Revision(&p.Spec) {
		t.Errorf("a pod that matches the spec is taken for revision %s, and will be replaced", p.Status.CurrentRevision)
		return
	}
	ns.AwaitReadyOn("a", "performer-a")
	if now := ns.AwaitPod("performer-a"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	h.checkNoGap("a")
	h.checkStatuses("a")
}

// TestAdoptionOfAPodThatWasNeverReady has a pod of the earlier operator that can't run.
func TestAdoptionOfAPodThatWasNeverReady(t *testing.T) {
	ns := cluster.Namespace(t)
	legacy(ns, "a", nil, nil)
	ns.PatchStatus("performer-a", `{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`)
	ns.PatchStatus("performer-a", waitsFor("ImagePullBackOff", "not found"))
	before := ns.AwaitPod("performer-a")
	h := recordHistory(ns)
	startOperator(t)
	p := ns.AwaitReason("a", v1alpha1.ConditionDegraded, "ImagePullFailed")
	if p.Status.Ready {
		t.Error("it is still ready, as the earlier operator left it")
	}
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	ns.MakeReady("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	ns.Remove("performer-a")
	ns.AwaitNoPod("performer-a")
	if now := ns.AwaitPod("performer-a-0"); now.UID == before.UID {
		t.Error("it is the same pod")
	}
	h.checkStatuses("a")
}
