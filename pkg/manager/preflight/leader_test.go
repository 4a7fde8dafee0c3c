// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func TestAwaitLeader(t *testing.T) {
	lease := func(holder string, renewed time.Time) *coordinationv1.Lease {
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "home", Name: "l"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: new(holder), RenewTime: &metav1.MicroTime{Time: renewed}},
		}
	}
	now := time.Now()
	for _, tt := range []struct {
		name string
		// seen is the Lease at each read. The last one is repeated.
		seen []*coordinationv1.Lease
		want string
	}{
		{"none", []*coordinationv1.Lease{nil}, "no manager leads, the Lease home/l is held by nobody"},
		{"released", []*coordinationv1.Lease{lease("", now)}, "is held by nobody"},
		{"left by a dead holder", []*coordinationv1.Lease{lease("old", now)}, "is not renewed by its holder old: look at the operator's pods"},
		{"renewed", []*coordinationv1.Lease{lease("a", now), lease("a", now.Add(time.Second))}, ""},
		{"taken, then renewed", []*coordinationv1.Lease{nil, lease("", now), lease("a", now), lease("a", now), lease("a", now.Add(time.Second))}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, reads := newCluster(), 0
			set := func() {
				_ = c.Tracker().Delete(coordinationv1.SchemeGroupVersion.WithResource("leases"), "home", "l")
				if l := tt.seen[min(reads, len(tt.seen)-1)]; l != nil {
					if err := c.Tracker().Add(l); err != nil {
						t.Fatal(err)
					}
				}
				reads++
			}
			set()
			p := New(Config{Client: c, Lease: types.NamespacedName{Namespace: "home", Name: "l"}})
			p.sleep = func(context.Context, time.Duration) error { set(); return nil }
			err := p.AwaitLeader(new(managertest.Logs).Context(t.Context()), 30*time.Second, 2*time.Second)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
