// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func aPerformer(name string) *v1alpha1.Performer {
	return &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: "1"}}
}

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func TestFlushWaitsForAllEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		written := 0
		client.PrependReactor("create", "events", func(action clienttesting.Action) (bool, runtime.Object, error) {
			time.Sleep(10 * time.Millisecond) // of the bubble's clock
			written++
			event := action.(clienttesting.CreateAction).GetObject().(*corev1.Event)
			if event.InvolvedObject.Kind != "Performer" || event.Source.Component != "hourglass-operator" {
				t.Errorf("wrote %+v", event)
			}
			return true, event, nil
		})
		s := newEventStream(t.Context(), client.CoreV1())
		for i := range 100 {
			s.recorder.Event(aPerformer(fmt.Sprintf("p%d", i)), corev1.EventTypeNormal, "Ready", "serves")
		}
		if !s.flush(within(t, 3*time.Second)) {
			t.Error("not in time")
		}
		if written != 100 {
			t.Errorf("%d of 100 events written", written)
		}
	})
}

func TestFlushIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("the server is away")
		})
		s := newEventStream(new(managertest.Logs).Context(t.Context()), client.CoreV1())
		s.recorder.Event(aPerformer("p"), corev1.EventTypeNormal, "Ready", "serves")
		synctest.Wait()
		begin := time.Now()
		if s.flush(within(t, 3*time.Second)) {
			t.Error("flushed what could not be written")
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestForbiddenEventsAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		client.PrependReactor("*", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(corev1.Resource("events"), "x", errors.New("no"))
		})
		var log managertest.Logs
		s := newEventStream(log.Context(t.Context()), client.CoreV1())
		for range 3 {
			s.recorder.Event(aPerformer("p"), corev1.EventTypeWarning, "Failed", "broke")
		}
		if !s.flush(within(t, 3*time.Second)) {
			t.Error("not in time")
		}
		if lines := log.All(); len(lines) != 1 || !strings.Contains(lines[0], "grant create and patch on events") {
			t.Errorf("logged %q", lines)
		}
	})
}
