// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// awaitRefusal waits for the problem and its event, and returns the message.
func awaitRefusal(ns controlplane.Namespace, op *operator, name, reason, words string) {
	ns.Helper()
	p := ns.AwaitReason(name, v1alpha1.ConditionDegraded, reason)
	if message := controlplane.Condition(p, v1alpha1.ConditionDegraded).Message; !strings.Contains(message, words) {
		ns.Errorf("message %q, want %q", message, words)
	}
	awaitEvent(ns, op, "Warning "+reason)
}

func awaitEvent(ns controlplane.Namespace, op *operator, text string) {
	ns.Helper()
	wait.For(ns.TB, "an event", func(context.Context) error {
		if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, text) {
			return errors.New(events)
		}
		return nil
	})
}

// TestLabelsOfPodsCannotBePatched upgrades a Performer although no label can be moved.
func TestLabelsOfPodsCannotBePatched(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("a")
	ns.Deny(admissionv1.Update, "pods")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	ns.MakeReady("performer-a-1")
	// The condition lasts only until the pod is replaced.
	awaitEvent(ns, op, "Warning PodRefused Pod performer-a-1 can't be patched: pods \"performer-a-1\" is forbidden: ")
	// It is replaced by a pod that has the label from the start. Then the old pod goes, with its label.
	ns.AwaitLabel("performer-a-1", render.LabelServing, render.ServingTrue)
	ns.MakeReady("performer-a-1")
	ns.AwaitNoPod("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-1")
	h.checkNoGap("a")
}

// TestPolicyMayChangeItsMind has a policy without a reason, whose denials the API server answers as it answers
// an invalid object. The Performer waits and is not stalled.
func TestPolicyMayChangeItsMind(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	allow := ns.Deny(admissionv1.Create, "pods")
	ns.Create("a")
	awaitRefusal(ns, op, "a", performer.ReasonPodRefused, "this is not allowed here")
	if p := ns.Performer("a"); kstatus(p) != kstatusInProgress {
		t.Errorf("kstatus %s, conditions %+v", kstatus(p), p.Status.Conditions)
	}
	allow()
	ns.MakeReady("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
}

// TestPodsCannotBeDeleted deletes a Performer whose pod may not be deleted.
func TestPodsCannotBeDeleted(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	allow := ns.Deny(admissionv1.Delete, "pods")
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitRefusal(ns, op, "a", performer.ReasonPodRefused, "Pod performer-a-0 can't be deleted: pods \"performer-a-0\" is forbidden: ")
	p := ns.Performer("a")
	if p.Status.Phase != v1alpha1.PhaseTerminating || !p.Status.Ready || controlplane.IsReady(p) {
		t.Errorf("status %+v", p.Status)
	}
	if service := ns.Service("performer-a"); service.DeletionTimestamp != nil {
		t.Error("callers are cut off from a pod that stays")
	}
	allow()
	wait.For(t, "the Performer to be gone", func(ctx context.Context) error {
		if _, err := performers.Get(ctx, "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return errors.New("it exists")
		}
		return nil
	})
}

// TestRefusedServiceDelaysNoPod refuses the Service only.
func TestRefusedServiceDelaysNoPod(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	allow := ns.Deny(admissionv1.Create, "services")
	ns.Create("a")
	ns.MakeReady("performer-a-0")
	awaitRefusal(ns, op, "a", performer.ReasonServiceRefused, "this is not allowed here")
	allow()
	ns.AwaitReadyOn("a", "performer-a-0")
}

// TestWhatAPodNeedsIsCreatedLater has a pod that is refused until its PriorityClass exists, which the operator
// does not watch. A missing ServiceAccount is the same, but this API server does not look for it.
func TestWhatAPodNeedsIsCreatedLater(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "late-" + ns.Name}}
	ns.Create("a", func(p *v1alpha1.Performer) {
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{PriorityClassName: class.Name}
	})
	awaitRefusal(ns, op, "a", performer.ReasonPodRefused, "no PriorityClass with name "+class.Name+" was found")
	classes := kube.SchedulingV1().PriorityClasses()
	if _, err := classes.Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = classes.Delete(context.WithoutCancel(t.Context()), class.Name, metav1.DeleteOptions{}) })
	ns.MakeReady("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
}

// TestRecreateKeepsWhatServes refuses the successor of a pod that serves, which therefore stays.
func TestRecreateKeepsWhatServes(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a", recreates)
	before := ns.AwaitPod("performer-a-0")
	allow := ns.Deny(admissionv1.Create, "pods")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	awaitRefusal(ns, op, "a", performer.ReasonPodRefused, "Pod performer-a-1 can't be created, so the Pod that it would replace stays: ")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID || now.DeletionTimestamp != nil || !ns.Performer("a").Status.Ready {
		t.Error("the serving pod was given up for one that is refused")
	}
	allow()
	ns.AwaitNoPod("performer-a-0")
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
}

// TestRecreateWithoutAGracePeriod checks that the old pod ends before the new one is created, although it
// has no time to do so.
func TestRecreateWithoutAGracePeriod(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a", recreates, func(p *v1alpha1.Performer) { p.Spec.TerminationGracePeriodSeconds = ptr.To[int64](0) })
	ns.Bind("performer-a-0")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	wait.For(t, "the old pod to be terminating, with its object there until its kubelet has stopped it", func(ctx context.Context) error {
		pod, err := kube.CoreV1().Pods(ns.Name).Get(ctx, "performer-a-0", metav1.GetOptions{})
		switch {
		case err != nil:
			return wait.Stop(err)
		case pod.DeletionTimestamp == nil:
			return errors.New("it is not being deleted")
		}
		return nil
	})
}

// TestOutdatedPodThatNeverWorked has a pod that can't run, and a quota for one pod.
func TestOutdatedPodThatNeverWorked(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Create("a", func(p *v1alpha1.Performer) { p.Spec.Image = "typo:1" })
	ns.PatchStatus("performer-a-0", waitsFor("ErrImagePull", "not found"))
	ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonImagePullFailed)
	exhaustQuota(ns, "pods")
	awaitAdmission(ns, true)
	ns.Patch("a", `{"spec":{"image":"repo:1"}}`)
	ns.AwaitNoPod("performer-a-0")
	ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonPodRefused)
	// The quota counts that the pod is gone.
	if err := kube.CoreV1().ResourceQuotas(ns.Name).Delete(t.Context(), "q", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
}

// TestServiceIsRelabeledEachTime has somebody change a label of the Service each time that the operator
// restores it: one that is only for people, and the one by which the operator watches.
func TestServiceIsRelabeledEachTime(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	for name, label := range map[string]string{"a": render.LabelAVS, "b": render.LabelApp} {
		ns.Running(name)
		service := "performer-" + name
		relabel := func(ctx context.Context) error {
			_, err := kube.CoreV1().Services(ns.Name).Patch(ctx, service, types.MergePatchType,
				fmt.Appendf(nil, `{"metadata":{"labels":{%q:"theirs"}}}`, label), metav1.PatchOptions{FieldManager: "labeler"})
			return err
		}
		wait.For(t, "the contention to be reported", func(ctx context.Context) error {
			if err := relabel(ctx); err != nil {
				return wait.Stop(err)
			}
			c := controlplane.Condition(ns.Performer(name), v1alpha1.ConditionDegraded)
			if c.Reason != performer.ReasonContended {
				return errors.New("not yet")
			}
			if want := fmt.Sprintf("Service %s: manager \"labeler\" changes labels %s each time the operator restores them", service, label); !strings.HasPrefix(c.Message, want) {
				return wait.Stop(errors.New(c.Message))
			}
			return nil
		})
		if p := ns.Performer(name); !p.Status.Ready || controlplane.IsReady(p) {
			t.Errorf("status %+v", p.Status)
		}
		if patches := op.requests.of("PATCH /api/v1/namespaces/" + ns.Name + "/services/" + service); len(patches) > 10 {
			t.Errorf("%d patches of the Service", len(patches))
		}
	}
}

// TestImageIsChangedEachTime has a policy that changes the image at each write of a pod.
func TestImageIsChangedEachTime(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Mutate(`op: "replace", path: "/spec/containers/0/image", value: "mirror/" + object.spec.containers[0].image`,
		admissionv1.Create, admissionv1.Update)
	ns.Create("a")
	for _, pod := range []string{"performer-a-0", "performer-a-1", "performer-a-2"} {
		wait.For(t, "pod "+pod, func(ctx context.Context) error {
			_, err := kube.CoreV1().Pods(ns.Name).Get(ctx, pod, metav1.GetOptions{})
			return err
		})
	}
	awaitRefusal(ns, op, "a", performer.ReasonContended, "the image was changed on the pod")
	if created := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(created) > 4 {
		t.Errorf("%d pods were created", len(created))
	}
}

// TestOrphansAreAdopted deletes a Performer without its objects and creates it again.
func TestOrphansAreAdopted(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	first := ns.Running("a")
	pod, service := ns.AwaitPod("performer-a-0"), ns.Service("performer-a")
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationOrphan)}); err != nil {
		t.Fatal(err)
	}
	// The garbage collector, which does not run here.
	op.stop()
	noOwner := []byte(`{"metadata":{"ownerReferences":null}}`)
	if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), pod.Name, types.MergePatchType, noOwner, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := kube.CoreV1().Services(ns.Name).Patch(t.Context(), service.Name, types.MergePatchType, noOwner, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.Patch("a", `{"metadata":{"finalizers":null}}`)
	startOperator(t)
	second := ns.Create("a")
	ns.AwaitReadyOn("a", "performer-a-0")
	if second.UID == first.UID {
		t.Fatal("it is the same Performer")
	}
	nowPod, nowService := ns.AwaitPod("performer-a-0"), ns.Service("performer-a")
	if nowPod.UID != pod.UID || nowService.UID != service.UID || nowService.Spec.ClusterIP != service.Spec.ClusterIP {
		t.Error("the pod or the Service was replaced")
	}
	if !metav1.IsControlledBy(nowPod, second) || !metav1.IsControlledBy(nowService, second) {
		t.Errorf("owners %v, %v", nowPod.OwnerReferences, nowService.OwnerReferences)
	}
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitNoPod("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-1")
}

// TestServiceOfTheNameIsGoing waits for a Service that a finalizer holds, such as that of a load balancer.
func TestServiceOfTheNameIsGoing(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	services := kube.CoreV1().Services(ns.Name)
	earlier := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-a", Finalizers: []string{"example.com/load-balancer"}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}},
	}
	if _, err := services.Create(t.Context(), earlier, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := services.Delete(t.Context(), "performer-a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.Create("a")
	ns.MakeReady("performer-a-0")
	awaitRefusal(ns, op, "a", performer.ReasonServiceTerminating, "Waiting for Service performer-a to terminate before creating its replacement; Service performer-a is held by finalizer example.com/load-balancer")
	if p := ns.Performer("a"); kstatus(p) != kstatusInProgress {
		t.Errorf("kstatus %s", kstatus(p))
	}
	if _, err := services.Patch(t.Context(), "performer-a", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.AwaitReadyOn("a", "performer-a-0")
}

// TestDeletedServiceKeepsItsAddress deletes the Service.
func TestDeletedServiceKeepsItsAddress(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	before := ns.Service("performer-a")
	ns.AwaitPerformer("a", "the address in the status", func(p *v1alpha1.Performer) bool { return p.Status.ClusterIP == before.Spec.ClusterIP })
	if err := kube.CoreV1().Services(ns.Name).Delete(t.Context(), "performer-a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the next Service", func(ctx context.Context) error {
		now, err := kube.CoreV1().Services(ns.Name).Get(ctx, "performer-a", metav1.GetOptions{})
		switch {
		case err != nil:
			return err
		case now.UID == before.UID:
			return errors.New("it is the same Service")
		case now.Spec.ClusterIP != before.Spec.ClusterIP:
			return wait.Stop(errors.New("its address is " + now.Spec.ClusterIP))
		}
		return nil
	})
}
