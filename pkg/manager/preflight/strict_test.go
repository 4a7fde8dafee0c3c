// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

func TestCheckAll(t *testing.T) {
	config := func(c *cluster, change func(*Config)) Config {
		config := Config{
			Host: "https://there:6443", Source: "kubeconfig /k", Client: c,
			Lease: types.NamespacedName{Namespace: "home", Name: "b8e8a8a8.hourglass.eigenlayer.io"},
		}
		change(&config)
		return config
	}
	refuse := func(verb, resource, subresource, namespace string) func(*cluster) {
		return func(c *cluster) {
			c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
				return a.Verb == verb && a.Resource == resource && a.Subresource == subresource && a.Namespace == namespace
			}
		}
	}
	usual := func(*Config) {}
	for _, tt := range []struct {
		name   string
		config func(*Config)
		begin  func(*cluster)
		want   string // empty: no error
	}{
		{"everything granted", usual, func(*cluster) {}, ""},
		{"no CRD", usual, func(c *cluster) { c.served = nil }, "the CRD performers.hourglass.eigenlayer.io is not installed"},
		{"no server", usual, func(c *cluster) { c.version = refused() }, "does not answer"},
		{"reviews forbidden", usual, func(c *cluster) { c.reviews = forbidden() }, "selfsubjectaccessreviews"},
		{"reviews fail", usual, func(c *cluster) { c.reviews = refused() }, "does not answer"},
		{"nothing granted", usual, func(c *cluster) {
			c.refuses = func(*authorizationv1.ResourceAttributes) bool { return true }
		}, "may not list, watch, get, patch performers (hourglass.eigenlayer.io) in all namespaces; update performers/status"},
		// A manager works without these, and only logs them.
		{"a pod can't be deleted", usual, refuse("delete", "pods", "", ""), "bob may not delete pods in all namespaces: grant it"},
		{"no status", usual, refuse("update", "performers", "status", ""), "bob may not update performers/status"},
		{"no role in one namespace", func(c *Config) { c.Namespaces = []string{"a", "b"} }, refuse("create", "services", "", "b"),
			"bob may not create services in namespace b"},
		{"no nodes", usual, refuse("watch", "nodes", "", ""), ""},
		{"no budgets", usual, refuse("create", "poddisruptionbudgets", "", ""), ""},
		{"no lease", usual, refuse("update", "leases", "", "home"), "bob may not update leases (coordination.k8s.io) in namespace home"},
		{"no lease without election", func(c *Config) { c.Lease = types.NamespacedName{} }, refuse("update", "leases", "", "home"), ""},
		{"no reviews of tokens", func(c *Config) { c.SecureMetrics = true }, refuse("create", "tokenreviews", "", ""), "bob may not create tokenreviews"},
		{"no webhook configuration", func(c *Config) { c.Webhooks = &Webhooks{Namespace: "home", CASecret: "ca", Configuration: "w"} }, refuse("patch", "validatingwebhookconfigurations", "", ""),
			"bob may not patch validatingwebhookconfigurations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			tt.begin(c)
			err := New(config(c, tt.config)).CheckAll(new(managertest.Logs).Context(t.Context()))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			for _, action := range c.Actions() {
				if verb := action.GetVerb(); verb != "get" && (verb != "create" || !strings.HasPrefix(action.GetResource().Resource, "selfsubject")) {
					t.Errorf("changes the cluster: %s %s", verb, action.GetResource().Resource)
				}
			}
		})
	}
}
