// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	hourglassfake "github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// world is a controller with fake clients, whose caches show what the clients have, and a clock.
type world struct {
	*testing.T
	c     *Controller
	ctx   context.Context
	clock time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, ctx, _ := newTestController(t, Config{})
	c.recorder = record.NewFakeRecorder(1000)
	w := &world{T: t, c: c, ctx: ctx, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	c.now = func() time.Time { return w.clock }
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "u", Generation: 1, Finalizers: []string{render.Finalizer}},
		Spec:       v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"},
	}
	if _, err := c.hourglass.HourglassV1alpha1().Performers("ns").Create(ctx, p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) performer() *v1alpha1.Performer {
	w.Helper()
	p, err := w.c.hourglass.HourglassV1alpha1().Performers("ns").Get(w.ctx, "a", metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// sync fills the caches and syncs the Performer, as a worker does.
func (w *world) sync() outcome {
	w.Helper()
	caches := w.c.caches[metav1.NamespaceAll]
	err := caches.performers.GetStore().Add(w.performer())
	pods, podsErr := w.c.kube.CoreV1().Pods("ns").List(w.ctx, metav1.ListOptions{})
	services, servicesErr := w.c.kube.CoreV1().Services("ns").List(w.ctx, metav1.ListOptions{})
	if err := errors.Join(err, podsErr, servicesErr); err != nil {
		w.Fatal(err)
	}
	for i := range pods.Items {
		err = errors.Join(err, caches.pods.GetIndexer().Add(&pods.Items[i]))
	}
	for i := range services.Items {
		err = errors.Join(err, caches.services.GetIndexer().Add(&services.Items[i]))
	}
	if err != nil {
		w.Fatal(err)
	}
	w.c.pendingWrites.forget(performerA)
	return w.c.sync(w.ctx, performerA)
}

// onStatusWrite calls f with each write of the status by the controller, which fails with its error.
func (w *world) onStatusWrite(f func(*v1alpha1.Performer) error) {
	w.c.hourglass.(*hourglassfake.Clientset).PrependReactor("update", "performers", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "status" {
			return false, nil, nil
		}
		err := f(action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Performer))
		return err != nil, nil, err
	})
}

// events returns the events since the last call.
func (w *world) events() string {
	var events []string
	for {
		select {
		case event := <-w.c.recorder.(*record.FakeRecorder).Events:
			events = append(events, event)
		default:
			return strings.Join(events, "\n")
		}
	}
}

func degraded(p *v1alpha1.Performer) metav1.Condition {
	if c := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionDegraded); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// TestStatusThatIsErasedEachTime has somebody who erases the status after each write.
func TestStatusThatIsErasedEachTime(t *testing.T) {
	w := newWorld(t)
	writes, contended := 0, 0
	w.onStatusWrite(func(p *v1alpha1.Performer) error {
		writes++
		if degraded(p).Reason == performer.ReasonContended {
			contended++
		}
		return nil
	})
	erase := func() {
		p := w.performer()
		ordinal := p.Status.PodOrdinal
		p.Status = v1alpha1.PerformerStatus{PodOrdinal: ordinal}
		p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "eraser", Subresource: "status"}}
		if err := w.c.hourglass.(*hourglassfake.Clientset).Tracker().Update(v1alpha1.SchemeGroupVersion.WithResource("performers"), p, "ns"); err != nil {
			t.Fatal(err)
		}
	}
	run := func(d time.Duration) (n int) {
		before := writes
		for end := w.clock.Add(d); w.clock.Before(end); w.clock = w.clock.Add(500 * time.Millisecond) {
			w.sync()
			erase()
		}
		return writes - before
	}
	if n := run(time.Minute); n < 4 || n > 10 {
		t.Errorf("%d writes in the first minute, want 4 to 10", n)
	}
	if n := run(10 * time.Minute); n < 5 || n > 10 {
		t.Errorf("%d writes in the next ten minutes, want 5 to 10", n)
	}
	if contended == 0 {
		t.Error("no status says Contended")
	}
	if events := w.events(); !strings.Contains(events, `Warning Contended Performer: manager "eraser" changes the status`) {
		t.Errorf("events:\n%s", events)
	}
	// Left alone, the status stays, and says no longer that it is contended.
	for end := w.clock.Add(5 * time.Minute); w.clock.Before(end); w.clock = w.clock.Add(time.Second) {
		w.sync()
	}
	if got := degraded(w.performer()).Reason; got == "" || got == performer.ReasonContended {
		t.Errorf("reason %q after the contention", got)
	}
}

// TestRefusedStatusIsAnEvent has a policy that refuses the status, which therefore can't say so.
func TestRefusedStatusIsAnEvent(t *testing.T) {
	w := newWorld(t)
	w.onStatusWrite(func(*v1alpha1.Performer) error {
		return apierrors.NewForbidden(v1alpha1.Resource("performers"), "a", errors.New("frozen"))
	})
	w.sync()
	if events := w.events(); strings.Count(events, "Warning "+performer.ReasonPerformerRefused) != 1 || !strings.Contains(events, "frozen") {
		t.Errorf("events:\n%s", events)
	}
	w.sync() // before the next attempt
	if events := w.events(); events != "" {
		t.Errorf("events without an attempt:\n%s", events)
	}
}

// TestStatusChangesAreNotDelayed writes one change after the other, which nobody undoes.
func TestStatusChangesAreNotDelayed(t *testing.T) {
	w := newWorld(t)
	w.sync()
	pods := w.c.kube.CoreV1().Pods("ns")
	for i := range 20 {
		w.clock = w.clock.Add(10 * time.Millisecond)
		pod, err := pods.Get(w.ctx, "performer-a-0", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := metav1.ConditionFalse
		if i%2 == 0 {
			want = metav1.ConditionTrue
		}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionStatus(want), LastTransitionTime: metav1.NewTime(w.clock)}}
		if _, err := pods.UpdateStatus(w.ctx, pod, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.sync()
		if p := w.performer(); !apimeta.IsStatusConditionPresentAndEqual(p.Status.Conditions, v1alpha1.ConditionReady, want) {
			t.Fatalf("change %d: conditions %+v, want Ready %s", i, p.Status.Conditions, want)
		}
	}
}
