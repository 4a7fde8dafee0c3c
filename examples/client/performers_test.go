// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
)

const namespace = "ns"

var first = wanted{avsAddress: "0x1", image: "repo:1", version: "1", port: 9090}

func TestCreate(t *testing.T) {
	client := fake.NewClientset()
	if _, err := create(t.Context(), client, namespace, "demo", first); err != nil {
		t.Fatal(err)
	}
	p, err := client.HourglassV1alpha1().Performers(namespace).Get(t.Context(), "demo", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Spec.AVSAddress != "0x1" || p.Spec.Image != "repo:1" || p.Spec.Version != "1" || p.Spec.Config.GRPCPort != 9090 {
		t.Errorf("it asks for %+v", p.Spec)
	}
	if _, err := create(t.Context(), client, namespace, "demo", first); !apierrors.IsAlreadyExists(err) {
		t.Errorf("made twice: %v", err)
	}
}

// TestApply shows that the fake of NewClientset, unlike that of NewSimpleClientset, knows who owns
// which field.
func TestApply(t *testing.T) {
	client := fake.NewClientset()
	if _, err := apply(t.Context(), client, namespace, "demo", first, false); err != nil {
		t.Fatal(err)
	}
	second := first
	second.image, second.version = "repo:2", ""
	p, err := apply(t.Context(), client, namespace, "demo", second, false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Spec.Image != "repo:2" || p.Spec.Version != "" {
		t.Errorf("it asks for %+v: the image must be the new one, and the version taken away", p.Spec)
	}

	// Somebody else writes the image, and owns it from then on.
	p.Spec.Image = "repo:3"
	_, err = client.HourglassV1alpha1().Performers(namespace).Update(t.Context(), p, metav1.UpdateOptions{FieldManager: "somebody"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = apply(t.Context(), client, namespace, "demo", second, false)
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), ".spec.image") {
		t.Errorf("what somebody else owns: %v", err)
	}
	if p, err = apply(t.Context(), client, namespace, "demo", second, true); err != nil || p.Spec.Image != "repo:2" {
		t.Errorf("with force: %+v, %v", p, err)
	}
}

// performer is one that the operator has seen, with the given conditions, all of them true.
func performer(conditions ...metav1.Condition) *v1alpha1.Performer {
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace, UID: "1", Generation: 2},
		Status:     v1alpha1.PerformerStatus{ObservedGeneration: 2, Phase: v1alpha1.PhasePending, Conditions: conditions},
	}
	for i := range conditions {
		conditions[i].Status = metav1.ConditionTrue
	}
	return p
}

func TestIsReady(t *testing.T) {
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Reason: "PodReady"}
	stalled := metav1.Condition{Type: v1alpha1.ConditionStalled, Reason: "InvalidSpec", Message: "spec.x is wrong"}
	outdated := performer(ready)
	outdated.Generation++
	outdatedStall := performer(stalled)
	outdatedStall.Generation++
	for name, tt := range map[string]struct {
		performer *v1alpha1.Performer
		ready     bool
		err       string
	}{
		"new":                                {performer: performer()},
		"ready":                              {performer: performer(ready), ready: true},
		"ready for an earlier generation":    {performer: outdated},
		"stalled":                            {performer: performer(stalled), err: "InvalidSpec: spec.x is wrong"},
		"stalled, in an earlier generation":  {performer: outdatedStall},
		"something else serves, and upgrade": {performer: performer(metav1.Condition{Type: v1alpha1.ConditionAvailable})},
	} {
		got, err := isReady(tt.performer)
		if got != tt.ready || tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// newFake returns a fake clientset that holds some objects, and a channel that is closed when somebody
// watches. The fake has no history: what changes between a list and its watch would go unnoticed, so a
// test waits for the watch before it changes something. A real API server does not need that.
func newFake(objects ...runtime.Object) (client *fake.Clientset, watched <-chan struct{}) {
	client = fake.NewClientset(objects...)
	started := make(chan struct{})
	client.PrependWatchReactor("performers", func(action clienttesting.Action) (bool, watch.Interface, error) {
		events, err := client.Tracker().Watch(action.GetResource(), action.GetNamespace())
		close(started)
		return true, events, err
	})
	return client, started
}

func TestWaitReady(t *testing.T) {
	client, watched := newFake(performer())
	after := performer(metav1.Condition{Type: v1alpha1.ConditionReady, Reason: "PodReady"})
	after.Status.GRPCEndpoint = "performer-demo.ns.svc.cluster.local:9090"
	failed := make(chan error, 1)
	go func() {
		<-watched
		_, err := client.HourglassV1alpha1().Performers(namespace).UpdateStatus(t.Context(), after, metav1.UpdateOptions{})
		failed <- err
	}()
	var told []string
	p, err := waitReady(t.Context(), client, namespace, "demo", func(line string) { told = append(told, line) })
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if err != nil || p.Status.GRPCEndpoint != after.Status.GRPCEndpoint {
		t.Errorf("it ended with %+v, %v", p, err)
	}
	// Where the change came before the first look there was nothing to tell.
	if len(told) > 0 && told[0] != "demo: not seen by the operator yet" {
		t.Errorf("it told %q", told)
	}
}

func TestWaitReadyEnds(t *testing.T) {
	t.Run("where nothing but a change helps", func(t *testing.T) {
		client, _ := newFake(performer(metav1.Condition{Type: v1alpha1.ConditionStalled, Reason: "InvalidSpec", Message: "spec.x is wrong"}))
		_, err := waitReady(t.Context(), client, namespace, "demo", func(string) {})
		if err == nil || err.Error() != "InvalidSpec: spec.x is wrong" {
			t.Error(err)
		}
	})
	t.Run("where there is none", func(t *testing.T) {
		client, _ := newFake()
		if _, err := waitReady(t.Context(), client, namespace, "demo", func(string) {}); !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	t.Run("when the time is over", func(t *testing.T) {
		client, _ := newFake(performer())
		ctx, cancel := context.WithCancelCause(t.Context())
		over := errors.New("the time is over")
		_, err := waitReady(ctx, client, namespace, "demo", func(string) { cancel(over) })
		if !errors.Is(err, over) || !strings.Contains(err.Error(), "demo: not seen by the operator yet") {
			t.Error(err)
		}
	})
	t.Run("where it may not be watched", func(t *testing.T) {
		client := fake.NewClientset(performer())
		refusal := apierrors.NewForbidden(v1alpha1.Resource("performers"), "", errors.New("no"))
		client.PrependReactor("list", "performers", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
		if _, err := waitReady(t.Context(), client, namespace, "demo", func(string) {}); !apierrors.IsForbidden(err) {
			t.Error(err)
		}
	})
}

func TestRemove(t *testing.T) {
	// As with the operator's finalizer: it is there until the operator has cleaned up.
	client, watched := newFake(performer())
	asked := make(chan struct{})
	client.PrependReactor("delete", "performers", func(clienttesting.Action) (bool, runtime.Object, error) {
		close(asked)
		return true, nil, nil
	})
	failed := make(chan error, 1)
	go func() {
		<-asked
		<-watched
		failed <- client.Tracker().Delete(v1alpha1.SchemeGroupVersion.WithResource("performers"), namespace, "demo")
	}()
	if err := remove(t.Context(), client, namespace, "demo"); err != nil {
		t.Error(err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if err := remove(t.Context(), client, namespace, "demo"); !apierrors.IsNotFound(err) {
		t.Errorf("once more: %v", err)
	}
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		args, want string
	}{
		"no command":    {"", "name a command: create, apply, wait, watch or delete (--help tells more)"},
		"unknown":       {"list", `unknown command "list": there are create, apply, wait, watch and delete`},
		"no name":       {"wait", "wait needs the name of a Performer: performers wait NAME [flags]"},
		"flag for name": {"wait --timeout=1s", "wait needs the name of a Performer: performers wait NAME [flags]"},
		"two names":     {"wait a b", `unexpected argument "b" after wait`},
		"no image":      {"create a --avs=0x1", "create needs --avs and --image"},
		"no time":       {"wait a --timeout=0s", "--timeout is 0s: it must be longer than 0"},
		"no port":       {"apply a --avs=0x1 --image=i --port=0", "--port is 0: it must be from 1 to 65535"},
		"a word":        {"apply a --port=grpc", `invalid value "grpc" for flag -port: parse error`},
		"unknown flag":  {"wait a --fast", "flag provided but not defined: -fast"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(tt.args), &stdout, &stderr)
		if want := "performers: " + tt.want + "\n"; code != exitUsage || stderr.String() != want || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q, want %q", name, code, stderr.String(), want)
		}
	}
	for _, args := range [][]string{{"--help"}, {"create", "--help"}, {"watch", "-h"}, {"wait", "a", "--help"}} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != exitOK || !strings.Contains(stderr.String(), "server-side apply") || !strings.Contains(stderr.String(), "-timeout") {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
}
