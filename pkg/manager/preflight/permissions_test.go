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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

// The roles are generated from the markers of the controller. If the preflight checked anything
// else, a manager with the default role would log a missing permission, or would miss a real one.
func TestPerformerPermissionsMatchMarkers(t *testing.T) {
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
	for _, p := range slices.Concat(performerPermissions, evictionPermissions, []permission{nodePermission}) {
		wanted[p.group+"/"+p.name()] = slices.Concat(p.essential, p.verbs)
	}
	for _, verbs := range granted {
		slices.Sort(verbs)
	}
	for _, verbs := range wanted {
		slices.Sort(verbs)
	}
	if !reflect.DeepEqual(granted, wanted) {
		t.Errorf("the markers grant\n%v\nthe preflight checks\n%v", granted, wanted)
	}
}

// The Role of leader election is written by hand.
func TestLeasePermissionsMatchRole(t *testing.T) {
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
	for _, p := range leasePermissions(types.NamespacedName{}) {
		for _, verb := range p.verbs {
			wanted = append(wanted, fmt.Sprint(verb, []string{p.group}, []string{p.name()}))
		}
	}
	slices.Sort(granted)
	slices.Sort(wanted)
	if !slices.Equal(granted, wanted) {
		t.Errorf("the Role grants %q, the preflight checks %q", granted, wanted)
	}
}

func TestMissingSaysWhatToGrant(t *testing.T) {
	for _, tt := range []struct {
		missing missing
		want    string
	}{
		{missing{permission: permission{resource: "pods"}, verbs: []string{"list", "watch"}}, "list, watch pods in all namespaces"},
		{missing{permission: permission{group: "g", resource: "performers", subresource: "status", namespace: "a"}, verbs: []string{"update"}}, "update performers/status (g) in namespace a"},
		{missing{permission: permission{group: "g", resource: "reviews", clusterScoped: true}, verbs: []string{"create"}}, "create reviews (g)"},
	} {
		if got := tt.missing.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// The roles of the webhook component are written by hand.
func TestWebhookPermissionsMatchManifests(t *testing.T) {
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
	webhooks := Webhooks{CASecret: options.Default().WebhookCASecret, Configuration: options.Default().WebhookConfiguration}
	for _, p := range webhookPermissions(webhooks) {
		for _, verb := range p.verbs {
			key := p.group + "/" + p.resource
			if verb != "create" {
				key += "/" + p.object
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
		t.Errorf("the roles grant\n%v\nthe preflight checks\n%v", granted, wanted)
	}
}
