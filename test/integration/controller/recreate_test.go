// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

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
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)

	t.Run("never two pods", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("one", recreates)
		ns.Bind("performer-one-0")
		ns.Patch("one", `{"spec":{"image":"repo:2"}}`)
		ns.AwaitDeletion("performer-one-0")
		p := ns.AwaitPerformer("one", "the operator to observe the change", func(p *v1alpha1.Performer) bool { return p.Status.ObservedGeneration == p.Generation })
		if p.Status.Ready || kstatus(p) != kstatusInProgress || p.Status.Phase != v1alpha1.PhaseUpgrading {
			t.Errorf("status %+v", p.Status)
		}
		// A further change while the old pod terminates.
		ns.Patch("one", `{"spec":{"image":"repo:3"}}`)
		ns.Remove("performer-one-0")
		ns.MakeReady("performer-one-1")
		p = ns.AwaitReadyOn("one", "performer-one-1")
		if p.Status.CurrentImage != "repo:3" {
			t.Errorf("image %s", p.Status.CurrentImage)
		}
		// Superseded before it is ready, and then lost.
		ns.Patch("one", `{"spec":{"image":"repo:4"}}`)
		// The name of a pod that no status has named yet may be used for its successor.
		ns.AwaitPerformer("one", "the status to name the third pod", func(p *v1alpha1.Performer) bool { return p.Status.PodName == "performer-one-2" })
		ns.Patch("one", `{"spec":{"image":"repo:5"}}`)
		ns.Bind("performer-one-3")
		ns.MakeReady("performer-one-3")
		ns.AwaitReadyOn("one", "performer-one-3")
		ns.DeletePod("performer-one-3")
		ns.AwaitPerformer("one", "Performer one not to be ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
		ns.Remove("performer-one-3")
		ns.MakeReady("performer-one-4")
		ns.AwaitReadyOn("one", "performer-one-4")
	})
	if most := h.mostPods("one"); most != 1 {
		t.Errorf("there were %d pods at a time", most)
	}

	t.Run("from BlueGreen in mid-upgrade", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("red")
		ns.Bind("performer-red-0")
		ns.Patch("red", `{"spec":{"version":"2"}}`)
		fresh := ns.AwaitPod("performer-red-1")
		ns.Patch("red", `{"spec":{"upgradeStrategy":{"type":"Recreate"}}}`)
		ns.Remove("performer-red-0")
		ns.MakeReady("performer-red-1")
		ns.AwaitReadyOn("red", "performer-red-1")
		if now := ns.AwaitPod("performer-red-1"); now.UID != fresh.UID {
			t.Error("it is another pod")
		}
	})
	t.Run("to BlueGreen while the old pod ends", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("green", recreates)
		ns.Bind("performer-green-0")
		ns.Patch("green", `{"spec":{"version":"2"}}`)
		ns.AwaitDeletion("performer-green-0")
		ns.Patch("green", `{"spec":{"upgradeStrategy":{"type":"BlueGreen"}}}`)
		// The desired pod is created now, before the old pod is gone.
		var name string
		wait.For(t, "a pod of the new revision", func(context.Context) error {
			for _, pod := range ns.Pods("green") {
				if pod.Annotations[render.AnnotationRevision] == render.Revision(&ns.Performer("green").Spec) {
					name = pod.Name
					return nil
				}
			}
			return errors.New("there is none")
		})
		ns.MakeReady(name)
		ns.AwaitReadyOn("green", name)
		ns.Remove("performer-green-0")
		wait.For(t, "only one pod", func(context.Context) error {
			if pods := ns.Pods("green"); len(pods) != 1 {
				return fmt.Errorf("there are %d", len(pods))
			}
			return nil
		})
	})
	for _, name := range []string{"one", "red", "green"} {
		h.checkStatuses(name)
	}
}
