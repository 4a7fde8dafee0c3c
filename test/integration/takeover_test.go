// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestAnOperatorThatStartsInMidUpgrade(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	steps := []struct {
		what string
		do   func()
	}{
		{"the spec changed while it was down", func() { w.patch("a", `{"spec":{"version":"2"}}`) }},
		{"the new pod became ready", func() { w.makeReady("performer-a-1") }},
		{"nothing", func() { w.awaitLabel("performer-a-1", performer.LabelServing, "true") }},
		{"reverted", func() { w.patch("a", `{"spec":{"version":null}}`) }},
	}
	op := startOperator(t)
	w.running("a", drains)
	before := w.awaitPod("performer-a-0")
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
			w.awaitPod("performer-a-1")
		}
	}
	p := w.awaitOn("a", "performer-a-0")
	if now := w.awaitPod("performer-a-0"); now.UID != before.UID {
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
	w.makeReady("performer-a-1")
	w.awaitOn("a", "performer-a-1")
	w.awaitLabel("performer-a-0", performer.LabelServing, "")
	op.stop()
	w.unlabel("performer-a-0", performer.LabelApp)
	startOperator(t)
	w.awaitLabel("performer-a-0", performer.LabelApp, performer.AppName)
	w.patch("a", `{"spec":{"upgradeStrategy":{"drainSeconds":0}}}`)
	w.awaitNoPod("performer-a-0")
}
