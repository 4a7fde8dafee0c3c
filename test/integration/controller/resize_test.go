// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func list(cpu, memory string) corev1.ResourceList {
	all := corev1.ResourceList{}
	if cpu != "" {
		all["cpu"] = resource.MustParse(cpu)
	}
	if memory != "" {
		all["memory"] = resource.MustParse(memory)
	}
	return all
}

// withResources sets requests and limits.
func withResources(requests, limits corev1.ResourceList) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) {
		p.Spec.Resources = corev1.ResourceRequirements{Requests: requests, Limits: limits}
	}
}

// awaitResources waits until the spec of the pod's container has these.
func awaitResources(ns controlplane.Namespace, pod string, requests, limits corev1.ResourceList) *corev1.Pod {
	ns.Helper()
	var live *corev1.Pod
	wait.For(ns.TB, fmt.Sprintf("requests %v and limits %v on pod %s", requests, limits, pod), func(context.Context) error {
		live = ns.AwaitPod(pod)
		have := live.Spec.Containers[0].Resources
		if !equality.Semantic.DeepEqual(have.Requests, requests) || !equality.Semantic.DeepEqual(have.Limits, limits) {
			return fmt.Errorf("%+v", have)
		}
		return nil
	})
	return live
}

func TestResizeWithoutARestart(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	tests := []struct {
		name             string
		requests, limits corev1.ResourceList // before
		patch            string
		wantRequests     corev1.ResourceList
		wantLimits       corev1.ResourceList
	}{
		{"cpu", list("100m", "64Mi"), list("200m", "64Mi"), `{"spec":{"resources":{"requests":{"cpu":"150m"},"limits":{"cpu":"300m"}}}}`, list("150m", "64Mi"), list("300m", "64Mi")},
		{"memory", list("100m", "64Mi"), nil, `{"spec":{"resources":{"requests":{"memory":"128Mi"}}}}`, list("100m", "128Mi"), nil},
		{"guaranteed", nil, list("1", "64Mi"), `{"spec":{"resources":{"limits":{"cpu":"2","memory":"128Mi"}}}}`, list("2", "128Mi"), list("2", "128Mi")},
		{"less", nil, list("1", "64Mi"), `{"spec":{"resources":{"limits":{"cpu":"500m","memory":"32Mi"}}}}`, list("500m", "32Mi"), list("500m", "32Mi")},
		{"added", list("100m", ""), nil, `{"spec":{"resources":{"limits":{"cpu":"1"},"requests":{"memory":"1Mi"}}}}`, list("100m", "1Mi"), list("1", "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			pod := "performer-" + tt.name + "-0"
			ns.Running(tt.name, withResources(tt.requests, tt.limits))
			ns.Resize(pod)
			before := ns.AwaitPod(pod)
			ns.Patch(tt.name, tt.patch)
			awaitResources(ns, pod, tt.wantRequests, tt.wantLimits)
			p := ns.AwaitReason(tt.name, v1alpha1.ConditionReady, "ResizeInProgress")
			if !p.Status.Ready || kstatus(p) != kstatusInProgress || p.Status.CurrentRevision != p.Status.UpdateRevision {
				t.Errorf("status %+v", p.Status)
			}
			// The kubelet defers the resize, does it, and has done it.
			hash := render.ResourcesHash(&p.Spec)
			for _, status := range []string{
				`{"status":{"conditions":[{"type":"PodResizePending","status":"True","reason":"Deferred"}]}}`,
				`{"status":{"conditions":[{"type":"PodResizePending","$patch":"delete"},{"type":"PodResizeInProgress","status":"True"}]}}`,
			} {
				ns.PatchStatus(pod, status)
				if now := ns.AwaitPod(pod); now.Annotations[render.AnnotationResources] == hash {
					t.Errorf("recorded as done when it is not: %+v", now.Status.Conditions)
				}
			}
			ns.Resize(pod)
			ns.AwaitReadyOn(tt.name, pod)
			now := ns.AwaitPod(pod)
			if now.UID != before.UID || now.Annotations[render.AnnotationResources] != hash {
				t.Errorf("same pod: %v, annotations %v", now.UID == before.UID, now.Annotations)
			}
			if pods := ns.Pods(tt.name); len(pods) != 1 {
				t.Errorf("%d pods", len(pods))
			}
		})
	}
	for _, tt := range tests {
		h.checkNoGap(tt.name)
		h.checkStatuses(tt.name)
		h.checkRecordedResources(tt.name)
	}
	op.stop()
	for _, tt := range tests {
		if resizes := op.requests.of(ns.Name + "/pods/performer-" + tt.name + "-0/resize"); len(resizes) != 1 {
			t.Errorf("%s: %d requests to resize", tt.name, len(resizes))
		}
	}
}

// checkRecordedResources checks that no pod was ever recorded to have the desired resources while
// its container did not have them.
func (h *history) checkRecordedResources(name string) {
	h.Helper()
	for _, m := range h.moments() {
		pod, ok := m.changed.object.(*corev1.Pod)
		if !ok || !slices.Contains(m.pods(name), pod) || len(pod.Status.ContainerStatuses) == 0 {
			continue
		}
		p := m.objects["performer/"+name].(*v1alpha1.Performer)
		has := pod.Status.ContainerStatuses[0].Resources
		if pod.Annotations[render.AnnotationResources] == render.ResourcesHash(&p.Spec) && !equality.Semantic.DeepEqual(*has, pod.Spec.Containers[0].Resources) {
			h.Errorf("%s: recorded with %+v of %+v", pod.Name, has, pod.Spec.Containers[0].Resources)
		}
	}
}

func TestResizeToEqualQuantities(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a", withResources(nil, list("1", "1Gi")))
	ns.Resize("performer-a-0")
	before := ns.AwaitPod("performer-a-0")
	for _, patch := range []string{
		`{"spec":{"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}}`,
		`{"spec":{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}}`,
	} {
		ns.Patch("a", patch)
		ns.AwaitReadyOn("a", "performer-a-0")
	}
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID || now.Generation != before.Generation {
		t.Errorf("the pod was touched: %+v", now)
	}
	op.stop()
	if resizes := op.requests.of(ns.Name + "/pods/performer-a-0/resize"); len(resizes) > 0 {
		t.Errorf("%d requests to resize", len(resizes))
	}
}

// TestResizeThatNeedsAnotherPod checks that the pod is replaced, without a gap, where its resources
// can't be changed.
func TestResizeThatNeedsAnotherPod(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	infeasible := func(ns controlplane.Namespace, pod string) {
		awaitResources(ns, pod, list("1000", "64Mi"), list("1000", "64Mi"))
		ns.PatchStatus(pod, `{"status":{"conditions":[{"type":"PodResizePending","status":"True","reason":"Infeasible"}]}}`)
	}
	tests := []struct {
		name             string
		requests, limits corev1.ResourceList
		patch            string
		kubelet          func(controlplane.Namespace, string)
	}{
		{"infeasible", nil, list("1", "64Mi"), `{"spec":{"resources":{"limits":{"cpu":"1000"}}}}`, infeasible},
		{"qos", nil, list("1", "64Mi"), `{"spec":{"resources":{"requests":{"cpu":"500m"}}}}`, nil},
		{"from-besteffort", nil, nil, `{"spec":{"resources":{"requests":{"cpu":"500m"}}}}`, nil},
		{"limit-removed", list("100m", "64Mi"), list("1", "128Mi"), `{"spec":{"resources":{"limits":{"cpu":null}}}}`, nil},
		{"all-removed", list("100m", "64Mi"), nil, `{"spec":{"resources":null}}`, nil},
		{"extended", list("100m", ""), nil, `{"spec":{"resources":{"requests":{"example.com/x":"1"},"limits":{"example.com/x":"1"}}}}`, nil},
		{"storage", list("100m", ""), nil, `{"spec":{"resources":{"requests":{"ephemeral-storage":"1Gi"}}}}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			first, second := "performer-"+tt.name+"-0", "performer-"+tt.name+"-1"
			ns.Running(tt.name, withResources(tt.requests, tt.limits))
			ns.Resize(first)
			ns.Patch(tt.name, tt.patch)
			if tt.kubelet != nil {
				tt.kubelet(ns, first)
			}
			ns.MakeReady(second)
			ns.Resize(second)
			p := ns.AwaitReadyOn(tt.name, second)
			ns.AwaitNoPod(first)
			have, want := ns.AwaitPod(second).Spec.Containers[0].Resources, p.Spec.Resources
			if !equality.Semantic.DeepEqual(have.Limits, want.Limits) {
				t.Errorf("limits %v", have.Limits)
			}
			h.checkNoGap(tt.name)
			h.checkStatuses(tt.name)
		})
	}
}

func TestResizeThatIsNotPermitted(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	reading := rbacv1.PolicyRule{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: []string{"list"}}
	op := startOperatorAs(t, restricted(t, append(controlplane.Narrow(), reading)...))
	for _, name := range []string{"a", "back"} {
		ns.Running(name, withResources(nil, list("1", "64Mi")))
	}
	ns.Patch("a", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
	ns.AwaitNoPod("performer-a-0")

	// Reverted before the new pod is ready. The kubelet of this pod reports no resources, like one
	// that can't resize.
	before := ns.AwaitPod("performer-back-0")
	ns.Patch("back", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
	ns.AwaitPod("performer-back-1")
	ns.Patch("back", `{"spec":{"resources":{"limits":{"cpu":"1"}}}}`)
	ns.AwaitReadyOn("back", "performer-back-0")
	ns.AwaitNoPod("performer-back-1")
	if now := ns.AwaitPod("performer-back-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	for _, name := range []string{"a", "back"} {
		h.checkNoGap(name)
		h.checkStatuses(name)
	}
	op.stop()
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
	if tries := op.requests.of("/resize"); len(tries) != 2 {
		t.Errorf("%d requests to resize", len(tries))
	}
}

func TestResizeReverted(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)

	t.Run("while the kubelet resizes", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("half", withResources(nil, list("1", "64Mi")))
		ns.Resize("performer-half-0")
		before := ns.AwaitPod("performer-half-0")
		ns.Patch("half", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
		awaitResources(ns, "performer-half-0", list("2", "64Mi"), list("2", "64Mi"))
		ns.PatchStatus("performer-half-0", `{"status":{"conditions":[{"type":"PodResizeInProgress","status":"True"}]}}`)
		ns.Patch("half", `{"spec":{"resources":{"limits":{"cpu":"1"}}}}`)
		awaitResources(ns, "performer-half-0", list("1", "64Mi"), list("1", "64Mi"))
		ns.Resize("performer-half-0")
		ns.AwaitReadyOn("half", "performer-half-0")
		if now := ns.AwaitPod("performer-half-0"); now.UID != before.UID || len(ns.Pods("half")) != 1 {
			t.Error("it is another pod")
		}
		h.checkNoGap("half")
		h.checkStatuses("half")
	})
	t.Run("after the node reported it infeasible", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("big", withResources(nil, list("1", "64Mi")))
		ns.Resize("performer-big-0")
		before := ns.AwaitPod("performer-big-0")
		ns.Patch("big", `{"spec":{"resources":{"limits":{"cpu":"1000"}}}}`)
		live := awaitResources(ns, "performer-big-0", list("1000", "64Mi"), list("1000", "64Mi"))
		ns.PatchStatus("performer-big-0", fmt.Sprintf(
			`{"status":{"conditions":[{"type":"PodResizePending","status":"True","reason":"Infeasible","observedGeneration":%d}]}}`, live.Generation))
		ns.AwaitPod("performer-big-1")
		ns.Patch("big", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
		awaitResources(ns, "performer-big-0", list("2", "64Mi"), list("2", "64Mi"))
		ns.Resize("performer-big-0")
		ns.AwaitReadyOn("big", "performer-big-0")
		ns.AwaitNoPod("performer-big-1")
		if now := ns.AwaitPod("performer-big-0"); now.UID != before.UID {
			t.Error("it is another pod")
		}
		h.checkNoGap("big")
		h.checkStatuses("big")
	})
	t.Run("to one that is possible, after one that the server refused", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("other", withResources(nil, list("1", "64Mi")))
		ns.Resize("performer-other-0")
		before := ns.AwaitPod("performer-other-0")
		ns.Patch("other", `{"spec":{"resources":{"requests":{"cpu":"500m"}}}}`) // another QoS class
		ns.AwaitPod("performer-other-1")
		ns.Patch("other", `{"spec":{"resources":{"requests":null,"limits":{"cpu":"2"}}}}`)
		awaitResources(ns, "performer-other-0", list("2", "64Mi"), list("2", "64Mi"))
		ns.AwaitNoPod("performer-other-1")
		p := ns.AwaitPerformer("other", "the operator to observe the change", func(p *v1alpha1.Performer) bool {
			return p.Status.ObservedGeneration == p.Generation && (controlplane.IsReady(p) || controlplane.HasReason(v1alpha1.ConditionReady, "ResizeInProgress")(p))
		})
		if controlplane.IsReady(p) {
			t.Error("the resize counts as done before the kubelet did anything")
		}
		ns.Resize("performer-other-0")
		ns.AwaitReadyOn("other", "performer-other-0")
		if now := ns.AwaitPod("performer-other-0"); now.UID != before.UID {
			t.Error("it is another pod")
		}
		h.checkNoGap("other")
		h.checkStatuses("other")
		h.checkRecordedResources("other")
	})
	t.Run("together with another image", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("both", withResources(nil, list("1", "64Mi")))
		ns.Resize("performer-both-0")
		ns.Patch("both", `{"spec":{"image":"repo:2","resources":{"limits":{"cpu":"2"}}}}`)
		pod := ns.AwaitPod("performer-both-1")
		if !equality.Semantic.DeepEqual(pod.Spec.Containers[0].Resources.Limits, list("2", "64Mi")) {
			t.Errorf("limits %v", pod.Spec.Containers[0].Resources.Limits)
		}
		// A further change before the new pod is ready.
		ns.Patch("both", `{"spec":{"resources":{"limits":{"cpu":"3"}}}}`)
		awaitResources(ns, "performer-both-1", list("3", "64Mi"), list("3", "64Mi"))
		ns.MakeReady("performer-both-1")
		ns.Resize("performer-both-1")
		ns.AwaitReadyOn("both", "performer-both-1")
		h.checkNoGap("both")
		h.checkStatuses("both")
	})
}

// TestResizeWithALimitRange has a LimitRange that gives each pod a memory limit. That it is not in the
// spec does not make it one that was removed.
func TestResizeWithALimitRange(t *testing.T) {
	ns := cluster.Namespace(t)
	_, err := kube.CoreV1().LimitRanges(ns.Name).Create(t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: list("", "512Mi"), DefaultRequest: list("", "256Mi"),
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the LimitRange to apply", func(ctx context.Context) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
		pod, err := kube.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && pod.Spec.Containers[0].Resources.Limits.Memory().IsZero() {
			return errors.New("no limit is set")
		}
		return err
	})
	startOperator(t)
	for _, tt := range []struct{ name, record string }{
		{"recorded", ""},
		{"earlier", `{"metadata":{"annotations":{"hourglass.eigenlayer.io/requested-resources":null}}}`},
		{"edited", `{"metadata":{"annotations":{"hourglass.eigenlayer.io/requested-resources":"nonsense"}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			pod := "performer-" + tt.name + "-0"
			ns.Running(tt.name, withResources(nil, list("200m", "")), recreates)
			ns.Resize(pod)
			before := awaitResources(ns, pod, list("200m", "256Mi"), list("200m", "512Mi"))
			if tt.record != "" {
				if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), pod, types.MergePatchType, []byte(tt.record), metav1.PatchOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			ns.Patch(tt.name, `{"spec":{"resources":{"limits":{"cpu":"300m"}}}}`)
			awaitResources(ns, pod, list("300m", "256Mi"), list("300m", "512Mi"))
			ns.Resize(pod)
			p := ns.AwaitReadyOn(tt.name, pod)
			now := ns.AwaitPod(pod)
			want := map[string]string{
				render.AnnotationResources:          render.ResourcesHash(&p.Spec),
				render.AnnotationRequestedResources: `{"limits":{"cpu":"300m"}}`,
				render.AnnotationResizingSince:      "",
			}
			for key, value := range want {
				if now.Annotations[key] != value {
					t.Errorf("annotation %s is %q, want %q", key, now.Annotations[key], value)
				}
			}
			if now.UID != before.UID {
				t.Error("it is another pod")
			}
		})
	}
}

// TestResizeBeyondAQuota has a quota without room for the resize. The pod stays and serves; the resize
// is tried again, unless it is reverted.
func TestResizeBeyondAQuota(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	names := []string{"grows", "back"}
	uids := map[string]types.UID{}
	for _, name := range names {
		ns.Running(name, withResources(nil, list("1", "64Mi")), recreates)
		ns.Resize("performer-" + name + "-0")
		uids[name] = ns.AwaitPod("performer-" + name + "-0").UID
	}
	setQuota(ns, "3", "2")
	for _, name := range names {
		ns.Patch(name, `{"spec":{"resources":{"limits":{"cpu":"3"}}}}`)
		p := ns.AwaitReason(name, v1alpha1.ConditionDegraded, performer.ReasonResizeDeferred)
		message := controlplane.Condition(p, v1alpha1.ConditionReady).Message
		pod := "performer-" + name + "-0"
		want := "Pod " + pod + ` can't be resized to the requested resources yet: pods "` + pod + `" is forbidden: exceeded quota: cpu, ` +
			"requested: limits.cpu=2, used: limits.cpu=2, limited: limits.cpu=3"
		if message != want || !p.Status.Ready || kstatus(p) != kstatusInProgress {
			t.Errorf("%s: message %q, status %+v", name, message, p.Status)
		}
	}
	tries := len(op.requests.of("/performer-back-0/resize"))
	ns.Patch("back", `{"spec":{"resources":{"limits":{"cpu":"1"}}}}`)
	ns.AwaitReadyOn("back", "performer-back-0")

	setQuota(ns, "5", "2")
	// It is tried again within a minute; any change brings that forward.
	wait.For(t, "the resize", func(context.Context) error {
		ns.Patch("grows", fmt.Sprintf(`{"metadata":{"labels":{"again":"%d"}}}`, time.Now().UnixNano()))
		if limit := ns.AwaitPod("performer-grows-0").Spec.Containers[0].Resources.Limits.Cpu(); limit.String() != "3" {
			return fmt.Errorf("the limit is %s", limit)
		}
		return nil
	})
	ns.Resize("performer-grows-0")
	ns.AwaitReadyOn("grows", "performer-grows-0")
	for _, name := range names {
		if now := ns.AwaitPod("performer-" + name + "-0"); now.UID != uids[name] {
			t.Errorf("%s: it is another pod", name)
		}
		h.checkNoGap(name)
		h.checkStatuses(name)
	}
	op.stop()
	if now := len(op.requests.of("/performer-back-0/resize")); now != tries {
		t.Errorf("%d requests to resize after %d and a reverted spec", now, tries)
	}
}

// setQuota sets a quota of CPU limits, and how much of it is used: the controller that counts does not
// run here.
func setQuota(ns controlplane.Namespace, hard, used string) {
	ns.Helper()
	quotas := kube.CoreV1().ResourceQuotas(ns.Name)
	amount := func(cpu string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceLimitsCPU: resource.MustParse(cpu)}
	}
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "cpu"}, Spec: corev1.ResourceQuotaSpec{Hard: amount(hard)}}
	live, err := quotas.Create(ns.Context(), quota, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		live, err = quotas.Update(ns.Context(), quota, metav1.UpdateOptions{})
	}
	if err != nil {
		ns.Fatal(err)
	}
	live.Status = corev1.ResourceQuotaStatus{Hard: amount(hard), Used: amount(used)}
	if _, err := quotas.UpdateStatus(ns.Context(), live, metav1.UpdateOptions{}); err != nil {
		ns.Fatal(err)
	}
	// Admission works from a cache: it has the quota once a pod of all that is left is admitted, and no more.
	left := resource.MustParse(hard)
	left.Sub(resource.MustParse(used))
	more := left.DeepCopy()
	more.Add(resource.MustParse("1m"))
	wait.For(ns.TB, "quota cpu with "+left.String()+" left", func(ctx context.Context) error {
		admits := func(cpu resource.Quantity) bool {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "a", Image: "a", Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: cpu}},
			}}}}
			_, err := kube.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err == nil
		}
		if !admits(left) || admits(more) {
			return errors.New("admission has not seen it")
		}
		return nil
	})
}

// TestResizeThatAdmissionUndoes has a webhook that puts the old resources into each resize. That is
// reported, and not tried again and again.
func TestResizeThatAdmissionUndoes(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		var (
			review admissionapi.AdmissionReview
			old    corev1.Pod
		)
		if json.NewDecoder(request.Body).Decode(&review) != nil || json.Unmarshal(review.Request.OldObject.Raw, &old) != nil {
			http.Error(response, "not a review of a pod", http.StatusBadRequest)
			return
		}
		undo, _ := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/containers/0/resources", "value": old.Spec.Containers[0].Resources}})
		review.Response = &admissionapi.AdmissionResponse{UID: review.Request.UID, Allowed: true, Patch: undo, PatchType: ptr.To(admissionapi.PatchTypeJSONPatch)}
		review.Request = nil
		_ = json.NewEncoder(response).Encode(review)
	}))
	defer server.Close()
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a", withResources(nil, list("1", "64Mi")))
	ns.Resize("performer-a-0")
	before := ns.AwaitPod("performer-a-0")
	configurations := kube.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := configurations.Create(t.Context(), &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ns.Name},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "resizes.example.com", AdmissionReviewVersions: []string{"v1"},
			SideEffects:       ptr.To(admissionv1.SideEffectClassNone),
			ClientConfig:      webhookAt(server),
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns.Name}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods/resize"}},
			}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	remove := func() {
		if err := configurations.Delete(context.WithoutCancel(t.Context()), ns.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	}
	defer remove()
	awaitUndone := func(undone bool) {
		t.Helper()
		wait.For(t, fmt.Sprintf("admission to undo a resize: %v", undone), func(ctx context.Context) error {
			patch := `{"spec":{"containers":[{"name":"performer","resources":{"requests":{"cpu":"7"},"limits":{"cpu":"7"}}}]}}`
			pod, err := kube.CoreV1().Pods(ns.Name).Patch(ctx, "performer-a-0", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "resize")
			if err == nil && (pod.Spec.Containers[0].Resources.Limits.Cpu().String() != "7") != undone {
				return errors.New("not so")
			}
			return err
		})
	}
	awaitUndone(true)
	ns.Patch("a", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
	p := ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonResizeDeferred)
	if message := controlplane.Condition(p, v1alpha1.ConditionReady).Message; !strings.Contains(message, "admission changed limits.cpu of the request") || !p.Status.Ready {
		t.Errorf("message %q, status %+v", message, p.Status)
	}
	remove()
	awaitUndone(false)
	ns.Patch("a", `{"metadata":{"labels":{"again":"1"}}}`)
	awaitResources(ns, "performer-a-0", list("2", "64Mi"), list("2", "64Mi"))
	ns.Resize("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	op.stop()
	if tries := op.requests.of("/performer-a-0/resize"); len(tries) > 6 {
		t.Errorf("%d requests to resize", len(tries))
	}
}

// TestResizeThatNoKubeletActsOn has a kubelet that reports nothing about a resize.
func TestResizeThatNoKubeletActsOn(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a", withResources(nil, list("1", "64Mi")), func(p *v1alpha1.Performer) {
		p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{ProgressDeadlineSeconds: ptr.To[int32](1)}
	})
	ns.Resize("performer-a-0")
	before := ns.AwaitPod("performer-a-0")
	ns.Patch("a", `{"spec":{"resources":{"limits":{"cpu":"2"}}}}`)
	awaitResources(ns, "performer-a-0", list("2", "64Mi"), list("2", "64Mi"))
	p := ns.AwaitReason("a", v1alpha1.ConditionStalled, performer.ReasonProgressDeadlineExceeded)
	if !p.Status.Ready || kstatus(p) != kstatusFailed {
		t.Errorf("status %+v", p.Status)
	}
	ns.Resize("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
}

// TestResizeByOthers has an autoscaler that resizes the pod of a Performer. The operator leaves that
// alone, until other resources are requested.
func TestResizeByOthers(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a", withResources(nil, list("1", "64Mi")))
	ns.Resize("performer-a-0")
	before := ns.AwaitPod("performer-a-0")
	autoscale := `{"spec":{"containers":[{"name":"performer","resources":{"requests":{"cpu":"4"},"limits":{"cpu":"4"}}}]}}`
	if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), "performer-a-0", types.StrategicMergePatchType, []byte(autoscale), metav1.PatchOptions{}, "resize"); err != nil {
		t.Fatal(err)
	}
	ns.Resize("performer-a-0")
	// The same amount, written differently, is no other request.
	ns.Patch("a", `{"spec":{"resources":{"requests":{"cpu":"1000m"}}}}`)
	ns.AwaitReadyOn("a", "performer-a-0")
	awaitResources(ns, "performer-a-0", list("4", "64Mi"), list("4", "64Mi"))
	if tries := op.requests.of("/performer-a-0/resize"); len(tries) > 0 {
		t.Errorf("%d requests to resize", len(tries))
	}
	ns.Patch("a", `{"spec":{"resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}}}`)
	awaitResources(ns, "performer-a-0", list("2", "64Mi"), list("2", "64Mi"))
	ns.Resize("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
}
