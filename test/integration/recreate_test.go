// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
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
		w.bind("performer-one-0")
		w.patch("one", `{"spec":{"image":"repo:2"}}`)
		w.awaitDying("performer-one-0")
		p := w.awaitPerformer("one", "waiting", func(p *v1alpha1.Performer) bool { return p.Status.ObservedGeneration == p.Generation })
		if p.Status.Ready || kstatus(p) != kstatusInProgress || p.Status.Phase != v1alpha1.PhaseUpgrading {
			t.Errorf("status %+v", p.Status)
		}
		// A further change while the old one ends.
		w.patch("one", `{"spec":{"image":"repo:3"}}`)
		w.end("performer-one-0")
		w.makeReady("performer-one-1")
		p = w.awaitOn("one", "performer-one-1")
		if p.Status.CurrentImage != "repo:3" {
			t.Errorf("image %s", p.Status.CurrentImage)
		}
		// Superseded before it was ready, and then lost.
		w.patch("one", `{"spec":{"image":"repo:4"}}`)
		// One that no status has named yet may give its name to its successor.
		w.awaitPerformer("one", "the third pod named", func(p *v1alpha1.Performer) bool { return p.Status.PodName == "performer-one-2" })
		w.patch("one", `{"spec":{"image":"repo:5"}}`)
		w.bind("performer-one-3")
		w.makeReady("performer-one-3")
		w.awaitOn("one", "performer-one-3")
		w.deletePod("performer-one-3")
		w.awaitPerformer("one", "not ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
		w.end("performer-one-3")
		w.makeReady("performer-one-4")
		w.awaitOn("one", "performer-one-4")
	})
	if most := h.mostPods("one"); most != 1 {
		t.Errorf("there were %d pods at a time", most)
	}

	t.Run("from BlueGreen in mid-upgrade", func(t *testing.T) {
		w := w.as(t)
		w.running("red")
		w.bind("performer-red-0")
		w.patch("red", `{"spec":{"version":"2"}}`)
		fresh := w.awaitPod("performer-red-1")
		w.patch("red", `{"spec":{"upgradeStrategy":{"type":"Recreate"}}}`)
		w.end("performer-red-0")
		w.makeReady("performer-red-1")
		w.awaitOn("red", "performer-red-1")
		if now := w.awaitPod("performer-red-1"); now.UID != fresh.UID {
			t.Error("it is another pod")
		}
	})
	t.Run("to BlueGreen while the old pod ends", func(t *testing.T) {
		w := w.as(t)
		w.running("green", recreates)
		w.bind("performer-green-0")
		w.patch("green", `{"spec":{"version":"2"}}`)
		w.awaitDying("performer-green-0")
		w.patch("green", `{"spec":{"upgradeStrategy":{"type":"BlueGreen"}}}`)
		// What is asked for is made now, before the old pod is gone.
		var name string
		eventually(t, "a pod of the new revision", func(context.Context) string {
			for _, pod := range w.pods("green") {
				if pod.Annotations[render.AnnotationRevision] == render.Revision(&w.performer("green").Spec) {
					name = pod.Name
					return ""
				}
			}
			return "there is none"
		})
		w.makeReady(name)
		w.awaitOn("green", name)
		w.end("performer-green-0")
		eventually(t, "one pod", func(context.Context) string {
			if pods := w.pods("green"); len(pods) != 1 {
				return fmt.Sprint(len(pods))
			}
			return ""
		})
	})
	for _, name := range []string{"one", "red", "green"} {
		h.checkStatuses(name)
	}
}
