// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const leaseName = "b8e8a8a8.hourglass.eigenlayer.io"

// elect are the arguments of managers that share a lease in the world's namespace, one that lasts
// for a few seconds only, so that nobody waits long for it to expire.
func (w *world) elect() []string {
	return []string{"--leader-elect", "--leader-elect-resource-namespace=" + w.namespace,
		"--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s"}
}

func (w *world) lease() *coordinationv1.Lease {
	w.Helper()
	lease, err := w.cluster.Kube.CoordinationV1().Leases(w.namespace).Get(w.Context(), leaseName, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return lease
}

// TestLeaderKilled kills the leader of two while it has much to do.
func TestLeaderKilled(t *testing.T) {
	w := newWorld(t, 8)
	leader := w.manager(w.elect()...)
	leader.AwaitLog("Leading")
	standby := w.manager(w.elect()...)
	w.create()
	before := w.settled()
	for _, name := range w.names[:4] {
		w.upgrade(name)
	}
	leader.Kill()
	standby.AwaitLog("Leading")
	after := w.settled()
	w.unchanged(before, after, w.names[:4]...)
	if n := strings.Count(standby.Log.String(), `"Leading"`); n != 1 {
		t.Errorf("the standby began to lead %d times", n)
	}
}

// TestLeaseClockJump sets the lease's time of renewal to an hour ago and to an hour ahead, as a
// client with a wrong clock does.
func TestLeaseClockJump(t *testing.T) {
	w := newWorld(t, 2)
	leader := w.manager(w.elect()...)
	leader.AwaitLog("Leading")
	standby := w.manager(w.elect()...)
	w.create()
	before, first := w.settled(), measure(leader)
	was := w.lease()
	for _, jump := range []time.Duration{-time.Hour, time.Hour} {
		patch := fmt.Sprintf(`{"spec":{"renewTime":%q}}`, time.Now().Add(jump).UTC().Format(metav1.RFC3339Micro))
		jumped, err := w.cluster.Kube.CoordinationV1().Leases(w.namespace).Patch(t.Context(), leaseName, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// The leader goes on renewing, in its own time; and the standby sees at least one renewal.
		for range 2 {
			last := jumped.ResourceVersion
			wait.For(t, "a renewal", func(context.Context) error {
				jumped = w.lease()
				if jumped.ResourceVersion == last || time.Until(jumped.Spec.RenewTime.Time).Abs() > time.Minute {
					return fmt.Errorf("%+v", jumped.Spec)
				}
				return nil
			})
		}
	}
	now := w.lease()
	if *now.Spec.HolderIdentity != *was.Spec.HolderIdentity || *now.Spec.LeaseTransitions != *was.Spec.LeaseTransitions {
		t.Errorf("the lease went from %+v to %+v", was.Spec, now.Spec)
	}
	if strings.Contains(standby.Log.String(), `"Leading"`) {
		t.Error("the standby leads")
	}
	w.unchanged(before, w.settled())
	steady(leader, first)
}

// TestLeaseTaken gives the lease to a stranger: the leader must exit and log why.
func TestLeaseTaken(t *testing.T) {
	w := newWorld(t, 1)
	leader := w.manager(w.elect()...)
	leader.AwaitLog("Leading")
	if _, err := w.cluster.Kube.CoordinationV1().Leases(w.namespace).Patch(t.Context(), leaseName, types.MergePatchType,
		[]byte(`{"spec":{"holderIdentity":"stranger"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := leader.Wait(); err == nil || !strings.Contains(leader.Log.String(), "stranger holds it now") {
		t.Errorf("ended with %v", err)
	}
}

// TestBothKilledDuringAnUpgrade kills leader and standby while new pods wait to become ready. Those
// that come after finish with the same pods.
func TestBothKilledDuringAnUpgrade(t *testing.T) {
	w := newWorld(t, 6)
	for round := range rounds {
		first, second := w.manager(w.elect()...), w.manager(w.elect()...)
		if round == 0 {
			w.create()
		}
		before := w.settled()
		w.kubelet.Pause()
		begun := map[string]types.UID{}
		for _, name := range w.names[:3] {
			w.upgrade(name)
			wait.For(t, "the new pod", func(ctx context.Context) error {
				pods, err := w.pods(ctx)
				if err != nil {
					return err
				}
				if pods[name] == nil || pods[name].UID == before[name] {
					return errors.New("the old one, or none")
				}
				begun[name] = pods[name].UID
				return nil
			})
		}
		first.Kill()
		second.Kill()
		third, fourth := w.manager(w.elect()...), w.manager(w.elect()...)
		w.kubelet.Resume()
		after := w.settled()
		w.unchanged(begun, after)
		w.unchanged(before, after, w.names[:3]...)
		third.Kill()
		fourth.Kill()
	}
}
