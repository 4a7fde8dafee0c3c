// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/metrics"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestWebhooksServeWithTheCertificateOfFiles(t *testing.T) {
	o := DefaultOptions()
	o.EnableWebhooks, o.CertDir = true, t.TempDir()
	if _, err := newWebhooks(t.Context(), o, &clients{}, metrics.New(metrics.Words{}), performer.Settings{}); err == nil || !strings.Contains(err.Error(), "--cert-dir="+o.CertDir) {
		t.Errorf("with no certificate in the folder: %v", err)
	}
	writeCertificate(t, o.CertDir)
	w, err := newWebhooks(t.Context(), o, &clients{}, metrics.New(metrics.Words{}), performer.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if w.keeper != nil {
		t.Error("there is a keeper, who would need permissions")
	}
	begins, ends := w.certificateTimes()
	if err := w.check(); err != nil || begins.IsZero() || begins.After(time.Now()) || ends.Before(time.Now()) {
		t.Errorf("not ready: %v, from %s until %s", err, begins, ends)
	}
	writeCertificateOf(t, o.CertDir, time.Now().Add(-2*ownLifetime))
	w, err = newWebhooks(t.Context(), o, &clients{}, metrics.New(metrics.Words{}), performer.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.check(); err == nil || !strings.Contains(err.Error(), "--cert-dir expired") {
		t.Errorf("with a certificate that has ended: %v", err)
	}
}

func TestWebhooksWaitForTheirOwnCertificate(t *testing.T) {
	w, err := newWebhooks(t.Context(), DefaultOptions(), &clients{webhooks: fake.NewClientset()}, metrics.New(metrics.Words{}), performer.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if begins, ends := w.certificateTimes(); w.check() == nil || !begins.IsZero() || !ends.IsZero() {
		t.Errorf("ready without a certificate, from %s until %s", begins, ends)
	}
}

func TestFarewellIsOverOnlyAfterAStop(t *testing.T) {
	w, err := newWebhooks(t.Context(), DefaultOptions(), &clients{webhooks: fake.NewClientset()}, metrics.New(metrics.Words{}), performer.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.farewell(ctx)() // not stopping, and so nothing to wait for
	wait := w.farewell(ctx)
	cancel()
	wait()
}

// What we check at the start is what the roles of the overlay grant.
func TestWebhookNeedsAreThoseOfTheManifests(t *testing.T) {
	granted := map[string][]string{}
	for _, file := range []string{"secret_role.yaml", "trust_role.yaml"} {
		data, err := os.ReadFile(filepath.Join("../../manifests/webhooks/component", file))
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
	for _, w := range webhookNeeds(DefaultOptions()) {
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
