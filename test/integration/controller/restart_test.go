// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestAnOperatorThatStartsInMidUpgrade(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	steps := []struct {
		what string
		do   func()
	}{
		{"the spec changed while it was down", func() { w.patch("a", `{"spec":{"version":"2"}}`) }},
		{"the new pod became ready", func() { w.MakeReady("performer-a-1") }},
		{"nothing", func() { w.awaitLabel("performer-a-1", render.LabelServing, "true") }},
		{"reverted", func() { w.patch("a", `{"spec":{"version":null}}`) }},
	}
	op := startOperator(t)
	w.running("a", drains)
	before := w.AwaitPod("performer-a-0")
	for _, step := range steps {
		op.stop()
		if step.what == "nothing" {
			op = startOperator(t)
			step.do()
			continue
		}
		step.do()
		op = startOperator(t)
		if step.what != "reverted" {
			w.AwaitPod("performer-a-1")
		}
	}
	p := w.awaitOn("a", "performer-a-0")
	if now := w.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if p.Status.PodOrdinal != 1 {
		t.Errorf("ordinal %d", p.Status.PodOrdinal)
	}
	h.checkNoGap("a")
	h.checkStatuses("a")
}

// TestAnOperatorThatStartsFindsPodsOutOfSight has a pod that drains lose the label by which it is watched while nobody
// works. It is not the pod that the status names.
func TestAnOperatorThatStartsFindsPodsOutOfSight(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)
	w.running("a", drains)
	w.patch("a", `{"spec":{"version":"2"}}`)
	w.MakeReady("performer-a-1")
	w.awaitOn("a", "performer-a-1")
	w.awaitLabel("performer-a-0", render.LabelServing, "")
	op.stop()
	w.unlabel("performer-a-0", render.LabelApp)
	startOperator(t)
	w.awaitLabel("performer-a-0", render.LabelApp, render.AppName)
	w.patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":0}}}`)
	w.awaitNoPod("performer-a-0")
}

// TestAnOperatorThatStartsMeetsItsOwnPod has the new pod of an upgrade lose all labels while nobody works. Nothing tells
// of it but its name, which the operator wants to give to another.
func TestAnOperatorThatStartsMeetsItsOwnPod(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	w.running("a")
	w.patch("a", `{"spec":{"version":"2"}}`)
	before := w.AwaitPod("performer-a-1")
	op.stop()
	for label := range before.Labels {
		w.unlabel(before.Name, label)
	}
	startOperator(t)
	w.awaitLabel(before.Name, render.LabelApp, render.AppName)
	w.MakeReady(before.Name)
	w.awaitOn("a", before.Name)
	if now := w.AwaitPod(before.Name); now.UID != before.UID {
		t.Error("it is another pod")
	}
	h.checkNoGap("a")
}

// TestRecreateMeetsItsOwnPod is the same where that pod is of a spec that was superseded meanwhile: it has to be gone
// before another one is made.
func TestRecreateMeetsItsOwnPod(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	w.running("a", recreates)
	w.patch("a", `{"spec":{"version":"2"}}`)
	before := w.AwaitPod("performer-a-1")
	op.stop()
	w.Bind(before.Name) // so that it takes its time to end
	for label := range before.Labels {
		w.unlabel(before.Name, label)
	}
	p := w.performer("a")
	p.Status.PodName = ""
	if _, err := hourglass.HourglassV1alpha1().Performers(w.namespace).UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.patch("a", `{"spec":{"version":"3"}}`)
	startOperator(t)
	w.AwaitDeletion(before.Name)
	w.Remove(before.Name)
	// No status has named it, so its name is free again.
	wait.For(t, "its successor", func(context.Context) error {
		if now := w.AwaitPod(before.Name); now.UID == before.UID {
			return errors.New("it is the same")
		}
		return nil
	})
	w.MakeReady(before.Name)
	w.awaitOn("a", before.Name)
	if most := h.mostPods("a"); most != 1 {
		t.Errorf("there were %d pods at a time", most)
	}
}
