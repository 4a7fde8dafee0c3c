// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestCheckIsStrict(t *testing.T) {
	options := func(change func(*Options)) *Options {
		o := DefaultOptions()
		o.LeaderElection.Enabled, o.LeaderElection.ResourceNamespace = true, "home"
		change(o)
		return o
	}
	refuse := func(verb, resource, subresource, namespace string) func(*cluster) {
		return func(c *cluster) {
			c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
				return a.Verb == verb && a.Resource == resource && a.Subresource == subresource && a.Namespace == namespace
			}
		}
	}
	usual := func(*Options) {}
	for _, tt := range []struct {
		name    string
		options func(*Options)
		begin   func(*cluster)
		want    string // empty: all is well
	}{
		{"all is well", usual, func(*cluster) {}, ""},
		{"no CRD", usual, func(c *cluster) { c.served = nil }, "the CRD performers.hourglass.eigenlayer.io is not installed"},
		{"no server", usual, func(c *cluster) { c.version = refused() }, "does not answer"},
		{"not known", usual, func(c *cluster) { c.reviews = forbidden() }, "selfsubjectaccessreviews"},
		{"reviews fail", usual, func(c *cluster) { c.reviews = refused() }, "does not answer"},
		{"nothing is allowed", usual, func(c *cluster) {
			c.refuses = func(*authorizationv1.ResourceAttributes) bool { return true }
		}, "may not list, watch, get, patch performers (hourglass.eigenlayer.io) in all namespaces; update performers/status"},
		// What a manager does without, and only tells of.
		{"a pod can't be deleted", usual, refuse("delete", "pods", "", ""), "bob may not delete pods in all namespaces: grant it"},
		{"no status", usual, refuse("update", "performers", "status", ""), "bob may not update performers/status"},
		{"no role in one namespace", func(o *Options) { o.Namespaces = []string{"a", "b"} }, refuse("create", "services", "", "b"),
			"bob may not create services in namespace b"},
		{"no lease", usual, refuse("update", "leases", "", "home"), "bob may not update leases (coordination.k8s.io) in namespace home"},
		{"no lease without election", func(o *Options) { o.LeaderElection.Enabled = false }, refuse("update", "leases", "", "home"), ""},
		{"no reviews of tokens", func(o *Options) { o.MetricsSecure = true }, refuse("create", "tokenreviews", "", ""), "bob may not create tokenreviews"},
		{"no trust", func(o *Options) { o.EnableWebhooks = true }, refuse("patch", "validatingwebhookconfigurations", "", ""),
			"bob may not patch validatingwebhookconfigurations"},
		{"no trust with certificates of others", func(o *Options) { o.EnableWebhooks, o.CertDir = true, "/certs" },
			refuse("patch", "validatingwebhookconfigurations", "", ""), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			tt.begin(c)
			err := newPreflight(options(tt.options), &clients{host: "https://there:6443", checks: c}, "kubeconfig /k").strictly(new(logLines).context(t.Context()))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			for _, action := range c.Actions() {
				if verb := action.GetVerb(); verb != "get" && (verb != "create" || !strings.HasPrefix(action.GetResource().Resource, "selfsubject")) {
					t.Errorf("it does more than to ask: %s %s", verb, action.GetResource().Resource)
				}
			}
		})
	}
}

func TestCheckLooksForALeader(t *testing.T) {
	lease := func(holder string, renewed time.Time) *coordinationv1.Lease {
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "home", Name: "l"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: new(holder), RenewTime: &metav1.MicroTime{Time: renewed}},
		}
	}
	now := time.Now()
	for _, tt := range []struct {
		name string
		// seen is the Lease at each look; the last stays.
		seen []*coordinationv1.Lease
		want string
	}{
		{"none", []*coordinationv1.Lease{nil}, "no manager leads, the Lease home/l is held by nobody"},
		{"released", []*coordinationv1.Lease{lease("", now)}, "is held by nobody"},
		{"left behind", []*coordinationv1.Lease{lease("old", now)}, "is not renewed by its holder old: look at the operator's pods"},
		{"renewed", []*coordinationv1.Lease{lease("a", now), lease("a", now.Add(time.Second))}, ""},
		{"taken, then renewed", []*coordinationv1.Lease{nil, lease("", now), lease("a", now), lease("a", now), lease("a", now.Add(time.Second))}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, looks := newCluster(), 0
			set := func() {
				_ = c.Tracker().Delete(coordinationv1.SchemeGroupVersion.WithResource("leases"), "home", "l")
				if l := tt.seen[min(looks, len(tt.seen)-1)]; l != nil {
					if err := c.Tracker().Add(l); err != nil {
						t.Fatal(err)
					}
				}
				looks++
			}
			set()
			o := DefaultOptions()
			o.LeaderElection = LeaderElectionOptions{Enabled: true, ResourceNamespace: "home", ResourceName: "l"}
			p := newPreflight(o, &clients{checks: c}, "")
			p.sleep = func(context.Context, time.Duration) error { set(); return nil }
			err := p.lookForLeader(new(logLines).context(t.Context()), 30*time.Second, 2*time.Second)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
