// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

// What we check at the start must be what the roles grant, which are generated from the markers of
// the controller: else a manager with our own role would complain, or say nothing of a real lack.
func TestNeedsAreThoseOfTheMarkers(t *testing.T) {
	files, err := filepath.Glob("../../controller/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the controller: %v", err)
	}
	marker := regexp.MustCompile(`(?m)^// \+kubebuilder:rbac:groups=(.*),resources=(.*),verbs=(.*)$`)
	granted := map[string][]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marker.FindAllStringSubmatch(string(source), -1) {
			for resource := range strings.SplitSeq(m[2], ";") {
				key := strings.Trim(m[1], `"`) + "/" + resource
				granted[key] = append(granted[key], strings.Split(m[3], ";")...)
			}
		}
	}
	wanted := map[string][]string{}
	for _, n := range needs {
		wanted[n.group+"/"+n.name()] = slices.Concat(n.essential, n.verbs)
	}
	for _, verbs := range granted {
		slices.Sort(verbs)
	}
	for _, verbs := range wanted {
		slices.Sort(verbs)
	}
	if !reflect.DeepEqual(granted, wanted) {
		t.Errorf("the markers grant\n%v\nwe need\n%v", granted, wanted)
	}
}

// The same for the Role of leader election, which is written by hand.
func TestLeaseNeedsAreThoseOfTheRole(t *testing.T) {
	data, err := os.ReadFile("../../../manifests/rbac/leader_election_role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict(data, &role); err != nil {
		t.Fatal(err)
	}
	var granted, wanted []string
	for _, rule := range role.Rules {
		for _, verb := range rule.Verbs {
			granted = append(granted, fmt.Sprint(verb, rule.APIGroups, rule.Resources))
		}
	}
	for _, n := range leaseNeeds("") {
		for _, verb := range n.verbs {
			wanted = append(wanted, fmt.Sprint(verb, []string{n.group}, []string{n.name()}))
		}
	}
	slices.Sort(granted)
	slices.Sort(wanted)
	if !slices.Equal(granted, wanted) {
		t.Errorf("the Role grants %q, we need %q", granted, wanted)
	}
}

func TestRefusalSaysWhatToGrant(t *testing.T) {
	for _, tt := range []struct {
		refusal refusal
		want    string
	}{
		{refusal{wish: wish{need: need{resource: "pods"}}, verbs: []string{"list", "watch"}}, "list, watch pods in all namespaces"},
		{refusal{wish: wish{need: need{group: "g", resource: "performers", subresource: "status"}, namespace: "a"}, verbs: []string{"update"}}, "update performers/status (g) in namespace a"},
		{refusal{wish: wish{need: need{group: "g", resource: "reviews", everywhere: true}}, verbs: []string{"create"}}, "create reviews (g)"},
	} {
		if got := tt.refusal.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// What we check at the start is what the roles of the overlay grant.
func TestWebhookNeedsAreThoseOfTheManifests(t *testing.T) {
	granted := map[string][]string{}
	for _, file := range []string{"secret_role.yaml", "trust_role.yaml"} {
		data, err := os.ReadFile(filepath.Join("../../../manifests/webhooks/component", file))
		if err != nil {
			t.Fatal(err)
		}
		var role rbacv1.ClusterRole // a Role has the same rules
		if err := yaml.UnmarshalStrict(data, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					key := rule.APIGroups[0] + "/" + resource
					if verb != "create" {
						key += "/" + strings.Join(rule.ResourceNames, ",")
					}
					granted[key] = append(granted[key], verb)
				}
			}
		}
	}
	wanted := map[string][]string{}
	for _, w := range webhookNeeds(Webhooks{CASecret: options.Default().WebhookCASecret, Configuration: options.Default().WebhookConfiguration}) {
		for _, verb := range w.verbs {
			key := w.group + "/" + w.resource
			if verb != "create" {
				key += "/" + w.object
			}
			wanted[key] = append(wanted[key], verb)
		}
	}
	for _, all := range []map[string][]string{granted, wanted} {
		for _, verbs := range all {
			slices.Sort(verbs)
		}
	}
	if !reflect.DeepEqual(granted, wanted) {
		t.Errorf("the roles grant\n%v\nwe need\n%v", granted, wanted)
	}
}
