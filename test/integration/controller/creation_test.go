// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// world is a namespace and what a user, a kubelet and passers-by do in it.
type world struct {
	*testing.T
	kubelet.Kubelet
	namespace string
}

// worldIn is a world in a namespace that exists.
func worldIn(t *testing.T, namespace string) world {
	return world{t, kubelet.New(t, kube, namespace), namespace}
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := worldIn(t, newNamespace(t))
	runSlices(t, w.namespace)
	return w
}

func (w world) create(name string, change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	w.Helper()
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress: "0xabc", Image: "repo:1",
			// Nobody has a connection open here.
			UpgradeStrategy: &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32)},
		},
	}
	for _, f := range change {
		f(p)
	}
	p, err := hourglass.HourglassV1alpha1().Performers(w.namespace).Create(w.Context(), p, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w world) patch(name, patch string) {
	w.Helper()
	_, err := hourglass.HourglassV1alpha1().Performers(w.namespace).Patch(w.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		w.Fatal(err)
	}
}

func (w world) performer(name string) *v1alpha1.Performer {
	w.Helper()
	p, err := hourglass.HourglassV1alpha1().Performers(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// awaitPerformer waits until holds is true of the Performer.
func (w world) awaitPerformer(name, what string, holds func(*v1alpha1.Performer) bool) *v1alpha1.Performer {
	w.Helper()
	var p *v1alpha1.Performer
	wait.For(w.T, what, func(ctx context.Context) error {
		var err error
		p, err = hourglass.HourglassV1alpha1().Performers(w.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !holds(p) {
			return fmt.Errorf("status is %+v", p.Status)
		}
		return nil
	})
	return p
}

func (w world) awaitNoPod(name string) {
	w.Helper()
	wait.For(w.T, "no pod "+name, func(ctx context.Context) error {
		pod, err := kube.CoreV1().Pods(w.namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		default:
			return errors.New(kubelet.Describe(pod))
		}
	})
}

// running makes a Performer and has it become ready.
func (w world) running(name string, change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	w.Helper()
	w.create(name, change...)
	w.MakeReady("performer-" + name + "-0")
	return w.awaitPerformer(name, "ready", isReady)
}

func isReady(p *v1alpha1.Performer) bool {
	return p.Status.Ready && p.Status.ObservedGeneration == p.Generation &&
		apimeta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady)
}

func hasReason(conditionType, reason string) func(*v1alpha1.Performer) bool {
	return func(p *v1alpha1.Performer) bool {
		c := apimeta.FindStatusCondition(p.Status.Conditions, conditionType)
		return c != nil && c.Reason == reason
	}
}

func (w world) service(name string) *corev1.Service {
	w.Helper()
	service, err := kube.CoreV1().Services(w.namespace).Get(w.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return service
}

func TestFromCreationToReady(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)
	p := w.running("a")

	if p.Status.Phase != v1alpha1.PhaseRunning || p.Status.PodName != "performer-a-0" || p.Status.ServiceName != "performer-a" ||
		p.Status.GRPCEndpoint != "performer-a."+w.namespace+".svc.cluster.local:9090" {
		t.Errorf("status %+v", p.Status)
	}
	service := w.service("performer-a")
	if service.Spec.Ports[0].Port != 9090 || service.Spec.Ports[0].TargetPort.StrVal != "grpc" || *service.Spec.Ports[0].AppProtocol != "kubernetes.io/h2c" {
		t.Errorf("service ports %+v", service.Spec.Ports)
	}
	if !slices.Contains(p.Finalizers, "hourglass.eigenlayer.io/performer-finalizer") {
		t.Errorf("finalizers %v", p.Finalizers)
	}

	// The budget of design: finalizer, Service, pod, two of status, one event. All of this by one
	// look at the requests once there is nothing more to do.
	op.stop()
	writes := op.requests.of(w.namespace)
	if len(writes) > 5 {
		t.Errorf("%d requests, want at most 5:\n%s", len(writes), strings.Join(writes, "\n"))
	}
	if events := op.told(w.namespace); len(events) != 1 || !strings.HasPrefix(events[0], "Normal PodReady") {
		t.Errorf("events: %q", events)
	}
}

// TestNothingIsAskedWhileNothingChanges starts the operator over Performers that are as they should
// be, has it sync each of them several times, and wants no request at all.
func TestNothingIsAskedWhileNothingChanges(t *testing.T) {
	w := newWorld(t)
	first := startOperator(t)
	for i := range 5 {
		w.running(fmt.Sprintf("p%d", i))
	}
	first.stop()

	second := startOperator(t)
	for round := range 3 {
		for i := range 5 {
			// A label that nobody asked for is a change that asks for nothing.
			w.patch(fmt.Sprintf("p%d", i), fmt.Sprintf(`{"metadata":{"labels":{"round":"%d"}}}`, round))
		}
		want := 5 * (round + 1)
		wait.Until(t, "the syncs", func() bool { return second.results.count("success") >= want })
	}
	second.stop()
	if asked := second.requests.of(w.namespace); len(asked) > 0 {
		t.Errorf("requests without a reason:\n%s", strings.Join(asked, "\n"))
	}
	if skipped, failed := second.results.count("skipped"), second.results.count("error"); skipped+failed > 0 {
		t.Errorf("%d syncs skipped, %d failed", skipped, failed)
	}
}

func TestHealing(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	services := kube.CoreV1().Services(w.namespace)
	pods := kube.CoreV1().Pods(w.namespace)
	now := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}

	t.Run("a deleted Service comes back", func(t *testing.T) {
		w := w.as(t)
		w.running("svc")
		before := w.service("performer-svc")
		if err := services.Delete(t.Context(), before.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "another Service", func(ctx context.Context) error {
			service, err := services.Get(ctx, before.Name, metav1.GetOptions{})
			switch {
			case err != nil:
				return err
			case service.UID == before.UID:
				return errors.New("it is the same")
			default:
				return nil
			}
		})
		w.awaitPerformer("svc", "ready again", isReady)
	})

	t.Run("an edited Service is as before, and keeps what the user added", func(t *testing.T) {
		w := w.as(t)
		w.running("edit")
		before := w.service("performer-edit")
		edit := `{"metadata":{"annotations":{"mine":"1"},"labels":{"app":null,"mine":"1"}},` +
			`"spec":{"type":"NodePort","ports":[{"name":"grpc","port":1,"targetPort":2}],"selector":{"mine":"1","hourglass.eigenlayer.io/serving":null}}}`
		if _, err := services.Patch(t.Context(), before.Name, types.MergePatchType, []byte(edit), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "the Service as before", func(ctx context.Context) error {
			service := w.service(before.Name)
			ports := service.Spec.Ports
			ports[0].NodePort = 0
			if !equality.Semantic.DeepEqual(service.Spec.Selector, before.Spec.Selector) || !equality.Semantic.DeepEqual(ports, before.Spec.Ports) || service.Labels["app"] == "" {
				return fmt.Errorf("%+v %+v", service.Labels, service.Spec)
			}
			if service.Annotations["mine"] != "1" || service.Labels["mine"] != "1" || service.Spec.Type != corev1.ServiceTypeNodePort {
				t.Fatalf("what the user added is gone: %+v", service)
			}
			return nil
		})
	})

	t.Run("a pod that vanishes makes ready false at once, and is followed", func(t *testing.T) {
		w := w.as(t)
		w.running("gone")
		if err := pods.Delete(t.Context(), "performer-gone-0", now); err != nil {
			t.Fatal(err)
		}
		w.awaitPerformer("gone", "not ready, though nothing else changed", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
		w.MakeReady("performer-gone-1")
		p := w.awaitPerformer("gone", "ready again", isReady)
		if p.Status.PodName != "performer-gone-1" || p.Status.PodOrdinal != 1 {
			t.Errorf("status %+v", p.Status)
		}
	})

	t.Run("a pod that loses its labels gets them back, and stays", func(t *testing.T) {
		w := w.as(t)
		w.running("labels")
		before := w.AwaitPod("performer-labels-0")
		patch := `{"metadata":{"labels":null}}`
		if _, err := pods.Patch(t.Context(), before.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "the labels", func(context.Context) error {
			pod := w.AwaitPod(before.Name)
			if !equality.Semantic.DeepEqual(pod.Labels, before.Labels) {
				return errors.New(kubelet.Describe(pod))
			}
			return nil
		})
		w.awaitPerformer("labels", "ready with the same pod", func(p *v1alpha1.Performer) bool {
			return isReady(p) && p.Status.PodName == before.Name
		})
	})

	t.Run("a pod whose image was edited is replaced", func(t *testing.T) {
		w := w.as(t)
		w.running("image")
		patch := `[{"op":"replace","path":"/spec/containers/0/image","value":"other:1"}]`
		if _, err := pods.Patch(t.Context(), "performer-image-0", types.JSONPatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		pod := w.AwaitPod("performer-image-1")
		if pod.Spec.Containers[0].Image != "repo:1" {
			t.Errorf("image %s", pod.Spec.Containers[0].Image)
		}
		w.MakeReady("performer-image-1")
		w.awaitNoPod("performer-image-0")
	})
}

// TestEveryChangeOfThePodReplacesIt changes the spec in each way that shapes the pod.
func TestEveryChangeOfThePodReplacesIt(t *testing.T) {
	w := newWorld(t)
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
			w := w.as(t)
			name := fmt.Sprintf("p%d", i)
			w.running(name)
			w.patch(name, `{"spec":`+patch+`}`)
			w.MakeReady("performer-" + name + "-1")
			w.awaitNoPod("performer-" + name + "-0")
			p := w.awaitPerformer(name, "ready on the new pod", func(p *v1alpha1.Performer) bool {
				return isReady(p) && p.Status.PodName == "performer-"+name+"-1"
			})
			if p.Status.LastUpgrade == nil || p.Status.CurrentRevision != p.Status.UpdateRevision {
				t.Errorf("status %+v", p.Status)
			}
			if service := w.service("performer-" + name); service.Spec.Ports[0].Port != p.Spec.Config.GRPCPort {
				t.Errorf("the Service has port %d", service.Spec.Ports[0].Port)
			}
		})
	}
}

func TestARefusedChangeTakesNothingDown(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)
	w.running("a")
	w.patch("a", `{"spec":{"scheduling":{"priorityClassName":"there-is-none"}}}`)
	p := w.awaitPerformer("a", "the refusal", hasReason(v1alpha1.ConditionReady, "PodRefused"))
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" {
		t.Errorf("what worked was taken down: %+v", p.Status)
	}
	if message := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady).Message; !strings.Contains(message, "there-is-none") {
		t.Errorf("the message does not say why: %s", message)
	}
	w.AwaitPod("performer-a-0")

	w.patch("a", `{"spec":{"scheduling":null}}`)
	w.awaitPerformer("a", "ready with the same pod", func(p *v1alpha1.Performer) bool {
		return isReady(p) && p.Status.PodName == "performer-a-0"
	})
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + w.namespace + "/pods"); len(tries) > 6 {
		t.Errorf("%d tries to make a pod that is refused", len(tries))
	}
}

func TestStrangers(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)

	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-a", Labels: map[string]string{"app": "hourglass-performer"}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}},
	}
	service, err := kube.CoreV1().Services(w.namespace).Create(t.Context(), service, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.create("a")
	w.awaitPerformer("a", "the conflict", hasReason(v1alpha1.ConditionStalled, "ServiceConflict"))
	if now := w.service("performer-a"); now.ResourceVersion != service.ResourceVersion {
		t.Error("the stranger's Service was touched")
	}
	wait.For(t, "an event", func(context.Context) error {
		if events := strings.Join(op.told(w.namespace), "\n"); !strings.Contains(events, "Warning ServiceConflict Service performer-a exists but is not owned by this Performer") {
			return errors.New(events)
		}
		return nil
	})

	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-b-0"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
	}
	pod, err = kube.CoreV1().Pods(w.namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.create("b")
	w.MakeReady("performer-b-1")
	w.awaitPerformer("b", "ready on the next ordinal", func(p *v1alpha1.Performer) bool {
		return isReady(p) && p.Status.PodName == "performer-b-1"
	})
	if now := w.AwaitPod("performer-b-0"); now.ResourceVersion != pod.ResourceVersion {
		t.Error("the stranger's pod was touched")
	}
}

func TestAPodOfAnEarlierPerformerOfTheSameNameIsAStranger(t *testing.T) {
	w := newWorld(t)
	first := startOperator(t)
	p := w.running("a")
	first.stop()
	// Without an operator, and with nobody to collect garbage, its Service and pod stay.
	w.patch("a", `{"metadata":{"finalizers":null}}`)
	performers := hourglass.HourglassV1alpha1().Performers(w.namespace)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}}); err != nil {
		t.Fatal(err)
	}

	startOperator(t)
	w.create("a")
	w.awaitPerformer("a", "the conflict", hasReason(v1alpha1.ConditionReady, "ServiceConflict"))
	w.AwaitPod("performer-a-0")
}

func TestDeletion(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)
	performers := hourglass.HourglassV1alpha1().Performers(w.namespace)
	w.running("a")
	// A pod on no node goes at once; one on a node waits for its kubelet.
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "performer-a-0"}, Target: corev1.ObjectReference{Kind: "Node", Name: "n"}}
	if err := kube.CoreV1().Pods(w.namespace).Bind(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p := w.awaitPerformer("a", "terminating", func(p *v1alpha1.Performer) bool { return p.Status.Phase == v1alpha1.PhaseTerminating })
	if p.Status.Ready {
		t.Error("a Performer that is being deleted says that it is ready")
	}
	wait.For(t, "the pod being deleted", func(ctx context.Context) error {
		pod, err := kube.CoreV1().Pods(w.namespace).Get(ctx, "performer-a-0", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.DeletionTimestamp == nil {
			return errors.New("it is not")
		}
		return nil
	})
	if _, err := kube.CoreV1().Services(w.namespace).Get(t.Context(), "performer-a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Service is still there when the pod goes: %v", err)
	}
	if err := kube.CoreV1().Pods(w.namespace).Delete(t.Context(), "performer-a-0", metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the Performer gone", func(ctx context.Context) error {
		p, err := performers.Get(ctx, "a", metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		default:
			return fmt.Errorf("its finalizers are %q", p.Finalizers)
		}
	})
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

func TestDeletedWhileTheOperatorWasDown(t *testing.T) {
	w := newWorld(t)
	first := startOperator(t)
	w.running("a")
	first.stop()
	performers := hourglass.HourglassV1alpha1().Performers(w.namespace)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	startOperator(t)
	wait.For(t, "the Performer gone", func(ctx context.Context) error {
		if _, err := performers.Get(ctx, "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
	w.awaitNoPod("performer-a-0")
}

func TestATerminatingNamespaceIsNoError(t *testing.T) {
	w := newWorld(t)
	// Its Service and pod are refused from now on. Nobody here empties the namespace, so it stays.
	w.create("refused")
	if err := kube.CoreV1().Namespaces().Delete(t.Context(), w.namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	other := newWorld(t)
	op := startOperator(t)
	other.running("a")
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

func TestWithRolesOnly(t *testing.T) {
	w := newWorld(t)
	startOperator(t, w.namespace)
	p := w.running("a", func(p *v1alpha1.Performer) {
		p.Finalizers = []string{"hourglass.eigenlayer.io/performer-finalizer"}
	})
	if len(p.Finalizers) > 0 {
		w.awaitPerformer("a", "no finalizer", func(p *v1alpha1.Performer) bool { return len(p.Finalizers) == 0 })
	}
}

// TestTwoThatBothBelieveToLead runs two operators without election over the same Performers.
func TestTwoThatBothBelieveToLead(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	startOperator(t)
	const n = 10
	for i := range n {
		w.create(fmt.Sprintf("p%d", i))
	}
	for i := range n {
		w.MakeReady(fmt.Sprintf("performer-p%d-0", i))
		w.awaitPerformer(fmt.Sprintf("p%d", i), "ready", isReady)
	}
	for i := range n {
		w.patch(fmt.Sprintf("p%d", i), `{"spec":{"version":"2"}}`)
	}
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		w.MakeReady("performer-" + name + "-1")
		w.awaitPerformer(name, "ready on the second pod", func(p *v1alpha1.Performer) bool {
			return isReady(p) && p.Status.PodName == "performer-"+name+"-1"
		})
		w.awaitNoPod("performer-" + name + "-0")
	}
	pods, err := kube.CoreV1().Pods(w.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != n {
		t.Errorf("%d pods for %d Performers", len(pods.Items), n)
	}
}
