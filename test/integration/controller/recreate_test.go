// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func recreates(p *v1alpha1.Performer) {
	p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
}

func TestRecreate(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)

	t.Run("never two pods", func(t *testing.T) {
		w := w.as(t)
		w.running("one", recreates)
		w.Bind("performer-one-0")
		w.patch("one", `{"spec":{"image":"repo:2"}}`)
		w.AwaitDeletion("performer-one-0")
		p := w.awaitPerformer("one", "waiting", func(p *v1alpha1.Performer) bool { return p.Status.ObservedGeneration == p.Generation })
		if p.Status.Ready || kstatus(p) != kstatusInProgress || p.Status.Phase != v1alpha1.PhaseUpgrading {
			t.Errorf("status %+v", p.Status)
		}
		// A further change while the old one ends.
		w.patch("one", `{"spec":{"image":"repo:3"}}`)
		w.Remove("performer-one-0")
		w.MakeReady("performer-one-1")
		p = w.awaitOn("one", "performer-one-1")
		if p.Status.CurrentImage != "repo:3" {
			t.Errorf("image %s", p.Status.CurrentImage)
		}
		// Superseded before it was ready, and then lost.
		w.patch("one", `{"spec":{"image":"repo:4"}}`)
		// One that no status has named yet may give its name to its successor.
		w.awaitPerformer("one", "the third pod named", func(p *v1alpha1.Performer) bool { return p.Status.PodName == "performer-one-2" })
		w.patch("one", `{"spec":{"image":"repo:5"}}`)
		w.Bind("performer-one-3")
		w.MakeReady("performer-one-3")
		w.awaitOn("one", "performer-one-3")
		w.deletePod("performer-one-3")
		w.awaitPerformer("one", "not ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
		w.Remove("performer-one-3")
		w.MakeReady("performer-one-4")
		w.awaitOn("one", "performer-one-4")
	})
	if most := h.mostPods("one"); most != 1 {
		t.Errorf("there were %d pods at a time", most)
	}

	t.Run("from BlueGreen in mid-upgrade", func(t *testing.T) {
		w := w.as(t)
		w.running("red")
		w.Bind("performer-red-0")
		w.patch("red", `{"spec":{"version":"2"}}`)
		fresh := w.AwaitPod("performer-red-1")
		w.patch("red", `{"spec":{"upgradeStrategy":{"type":"Recreate"}}}`)
		w.Remove("performer-red-0")
		w.MakeReady("performer-red-1")
		w.awaitOn("red", "performer-red-1")
		if now := w.AwaitPod("performer-red-1"); now.UID != fresh.UID {
			t.Error("it is another pod")
		}
	})
	t.Run("to BlueGreen while the old pod ends", func(t *testing.T) {
		w := w.as(t)
		w.running("green", recreates)
		w.Bind("performer-green-0")
		w.patch("green", `{"spec":{"version":"2"}}`)
		w.AwaitDeletion("performer-green-0")
		w.patch("green", `{"spec":{"upgradeStrategy":{"type":"BlueGreen"}}}`)
		// What is asked for is made now, before the old pod is gone.
		var name string
		wait.For(t, "a pod of the new revision", func(context.Context) error {
			for _, pod := range w.pods("green") {
				if pod.Annotations[render.AnnotationRevision] == render.Revision(&w.performer("green").Spec) {
					name = pod.Name
					return nil
				}
			}
			return errors.New("there is none")
		})
		w.MakeReady(name)
		w.awaitOn("green", name)
		w.Remove("performer-green-0")
		wait.For(t, "one pod", func(context.Context) error {
			if pods := w.pods("green"); len(pods) != 1 {
				return fmt.Errorf("there are %d", len(pods))
			}
			return nil
		})
	})
	for _, name := range []string{"one", "red", "green"} {
		h.checkStatuses(name)
	}
}
