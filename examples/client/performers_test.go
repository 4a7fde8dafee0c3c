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

var first = desired{avsAddress: "0x1", image: "repo:1", version: "1", port: 9090}

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
		t.Errorf("spec is %+v", p.Spec)
	}
	if _, err := create(t.Context(), client, namespace, "demo", first); !apierrors.IsAlreadyExists(err) {
		t.Errorf("second create: got %v, want AlreadyExists", err)
	}
}

// TestApply shows that the fake of NewClientset tracks the owners of fields, unlike the fake of
// NewSimpleClientset.
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
		t.Errorf("spec is %+v, want the new image and no version", p.Spec)
	}

	// Another field manager writes the image, and owns it from then on.
	p.Spec.Image = "repo:3"
	_, err = client.HourglassV1alpha1().Performers(namespace).Update(t.Context(), p, metav1.UpdateOptions{FieldManager: "another"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = apply(t.Context(), client, namespace, "demo", second, false)
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), ".spec.image") {
		t.Errorf("applying a field that another manager owns: %v", err)
	}
	if p, err = apply(t.Context(), client, namespace, "demo", second, true); err != nil || p.Spec.Image != "repo:2" {
		t.Errorf("with force: %+v, %v", p, err)
	}
}

// performer returns a Performer that the operator has reconciled, with the given conditions, all
// true.
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
		"new":                               {performer: performer()},
		"ready":                             {performer: performer(ready), ready: true},
		"ready for an earlier generation":   {performer: outdated},
		"stalled":                           {performer: performer(stalled), err: "InvalidSpec: spec.x is wrong"},
		"stalled, in an earlier generation": {performer: outdatedStall},
		"an earlier revision serves":        {performer: performer(metav1.Condition{Type: v1alpha1.ConditionAvailable})},
	} {
		got, err := isReady(tt.performer)
		if got != tt.ready || tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// newFake returns a fake clientset with the given objects, and a channel that is closed when a
// watch starts. The fake keeps no history, so a change between a list and its watch would be lost.
// A test must therefore wait for the watch before it changes an object. With a real API server this
// is not needed.
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
	var reported []string
	p, err := waitReady(t.Context(), client, namespace, "demo", func(line string) { reported = append(reported, line) })
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if err != nil || p.Status.GRPCEndpoint != after.Status.GRPCEndpoint {
		t.Errorf("got %+v, %v", p, err)
	}
	// If the change came before waitReady read the Performer, there was nothing to report.
	if len(reported) > 0 && reported[0] != "demo: not reconciled yet" {
		t.Errorf("reported %q", reported)
	}
}

func TestWaitReadyEnds(t *testing.T) {
	t.Run("when the Performer is stalled", func(t *testing.T) {
		client, _ := newFake(performer(metav1.Condition{Type: v1alpha1.ConditionStalled, Reason: "InvalidSpec", Message: "spec.x is wrong"}))
		_, err := waitReady(t.Context(), client, namespace, "demo", func(string) {})
		if err == nil || err.Error() != "InvalidSpec: spec.x is wrong" {
			t.Error(err)
		}
	})
	t.Run("when there is no such Performer", func(t *testing.T) {
		client, _ := newFake()
		if _, err := waitReady(t.Context(), client, namespace, "demo", func(string) {}); !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	t.Run("when the context is canceled", func(t *testing.T) {
		client, _ := newFake(performer())
		ctx, cancel := context.WithCancelCause(t.Context())
		canceled := errors.New("canceled by the test")
		_, err := waitReady(ctx, client, namespace, "demo", func(string) { cancel(canceled) })
		if !errors.Is(err, canceled) || !strings.Contains(err.Error(), "demo: not reconciled yet") {
			t.Error(err)
		}
	})
	t.Run("when watching is forbidden", func(t *testing.T) {
		client := fake.NewClientset(performer())
		forbidden := apierrors.NewForbidden(v1alpha1.Resource("performers"), "", errors.New("no"))
		client.PrependReactor("list", "performers", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, forbidden })
		if _, err := waitReady(t.Context(), client, namespace, "demo", func(string) {}); !apierrors.IsForbidden(err) {
			t.Error(err)
		}
	})
}

func TestRemove(t *testing.T) {
	// As with the operator's finalizer, the Performer exists until the operator has cleaned up.
	client, watched := newFake(performer())
	requested := make(chan struct{})
	client.PrependReactor("delete", "performers", func(clienttesting.Action) (bool, runtime.Object, error) {
		close(requested)
		return true, nil, nil
	})
	failed := make(chan error, 1)
	go func() {
		<-requested
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
		t.Errorf("second remove: got %v, want NotFound", err)
	}
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		args, want string
	}{
		"no command":    {"", "no command: expected create, apply, wait, watch or delete (see --help)"},
		"unknown":       {"list", `unknown command "list": expected create, apply, wait, watch or delete`},
		"no name":       {"wait", "wait needs the name of a Performer: performers wait NAME [flags]"},
		"flag for name": {"wait --timeout=1s", "wait needs the name of a Performer: performers wait NAME [flags]"},
		"two names":     {"wait a b", `unexpected argument "b" after wait`},
		"no image":      {"create a --avs=0x1", "create needs --avs and --image"},
		"no time":       {"wait a --timeout=0s", "--timeout: invalid duration 0s: must be longer than 0"},
		"no port":       {"apply a --avs=0x1 --image=i --port=0", "--port: invalid port 0: must be from 1 to 65535"},
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
