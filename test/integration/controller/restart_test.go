// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestRestartDuringAnUpgrade(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	steps := []struct {
		what string
		do   func()
	}{
		{"the spec changed while it was down", func() { ns.Patch("a", `{"spec":{"version":"2"}}`) }},
		{"the new pod became ready", func() { ns.MakeReady("performer-a-1") }},
		{"nothing", func() { ns.AwaitLabel("performer-a-1", render.LabelServing, "true") }},
		{"reverted", func() { ns.Patch("a", `{"spec":{"version":null}}`) }},
	}
	op := startOperator(t)
	ns.Running("a")
	drainByLabels(ns, "a")
	before := ns.AwaitPod("performer-a-0")
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
			ns.AwaitPod("performer-a-1")
		}
	}
	p := ns.AwaitReadyOn("a", "performer-a-0")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if p.Status.PodOrdinal != 1 {
		t.Errorf("ordinal %d", p.Status.PodOrdinal)
	}
	h.checkNoGap("a")
	h.checkStatuses("a")
}

// TestRestartFindsAnUnlabeledPod removes the label by which pods are watched from a pod that drains
// while no operator runs. The status does not name that pod.
func TestRestartFindsAnUnlabeledPod(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	drainByLabels(ns, "a")
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
	ns.AwaitLabel("performer-a-0", render.LabelServing, "")
	op.stop()
	ns.Unlabel("performer-a-0", render.LabelPerformer)
	startOperator(t)
	ns.AwaitLabel("performer-a-0", render.LabelPerformer, "a")
	ns.Patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":0}}}`)
	ns.AwaitNoPod("performer-a-0")
}

// TestRestartAdoptsItsUnlabeledPod removes all labels from the new pod of an upgrade while no
// operator runs. The operator finds it only because its name is taken.
func TestRestartAdoptsItsUnlabeledPod(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("a")
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	before := ns.AwaitPod("performer-a-1")
	op.stop()
	for label := range before.Labels {
		ns.Unlabel(before.Name, label)
	}
	startOperator(t)
	ns.AwaitLabel(before.Name, render.LabelPerformer, "a")
	ns.MakeReady(before.Name)
	ns.AwaitReadyOn("a", before.Name)
	if now := ns.AwaitPod(before.Name); now.UID != before.UID {
		t.Error("it is another pod")
	}
	h.checkNoGap("a")
}

// TestRestartWithRecreateDeletesItsUnlabeledPod is the same with a pod whose spec was superseded
// meanwhile: it has to be gone before another one is created.
func TestRestartWithRecreateDeletesItsUnlabeledPod(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("a", recreates)
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	before := ns.AwaitPod("performer-a-1")
	op.stop()
	ns.Bind(before.Name) // so that its deletion takes time
	for label := range before.Labels {
		ns.Unlabel(before.Name, label)
	}
	p := ns.Performer("a")
	p.Status.PodName = ""
	if _, err := hourglass.HourglassV1alpha1().Performers(ns.Name).UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.Patch("a", `{"spec":{"version":"3"}}`)
	startOperator(t)
	ns.AwaitDeletion(before.Name)
	ns.Remove(before.Name)
	// No status has named it, so its name is free again.
	wait.For(t, "its successor", func(context.Context) error {
		if now := ns.AwaitPod(before.Name); now.UID == before.UID {
			return errors.New("it is the same")
		}
		return nil
	})
	ns.MakeReady(before.Name)
	ns.AwaitReadyOn("a", before.Name)
	if most := h.mostPods("a"); most != 1 {
		t.Errorf("there were %d pods at a time", most)
	}
}
