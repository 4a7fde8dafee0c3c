// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"testing"
	"testing/synctest"

	coordinationv1 "k8s.io/api/coordination/v1"
)

func TestReleaseKeepsLeaseOfAnotherHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended
		lease := e.getLease(t)
		other := "other"
		lease.Spec.HolderIdentity = &other
		if err := e.client.Tracker().Update(coordinationv1.SchemeGroupVersion.WithResource("leases"), lease, "home"); err != nil {
			t.Fatal(err)
		}
		if err := e.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.holder(t); got != other {
			t.Errorf("the lease is held by %q", got)
		}
	})
}

func TestReleaseRetriesAfterConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.stop()
		<-e.ended
		conflicts := 0
		e.answers(func(verb string) error {
			if verb != "update" || conflicts == 2 {
				return nil
			}
			conflicts++
			return conflict()
		})
		if err := e.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := e.holder(t); got != "" {
			t.Errorf("the lease is still held by %q", got)
		}
	})
}
