// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/preflight"
)

func TestPreflightConfig(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options func(*options.Options)
		want    preflight.Config
	}{
		{"defaults", func(*options.Options) {}, preflight.Config{}},
		{"namespaces", func(o *options.Options) { o.Namespaces = []string{"a"} }, preflight.Config{Namespaces: []string{"a"}}},
		{"secure metrics", func(o *options.Options) { o.MetricsSecure = true }, preflight.Config{SecureMetrics: true}},
		{"leader election", func(o *options.Options) {
			o.LeaderElection.Enabled, o.LeaderElection.ResourceNamespace, o.LeaderElection.ResourceName = true, "home", "l"
		}, preflight.Config{Lease: types.NamespacedName{Namespace: "home", Name: "l"}}},
		{"webhooks with certificates of their own", func(o *options.Options) {
			o.EnableWebhooks, o.WebhookCASecret, o.WebhookConfiguration, o.LeaderElection.PodNamespace = true, "ca", "w", "here"
		}, preflight.Config{Webhooks: &preflight.Webhooks{Namespace: "here", CASecret: "ca", Configuration: "w"}}},
		{"webhooks with certificates in a folder", func(o *options.Options) { o.EnableWebhooks, o.CertDir = true, "/certs" }, preflight.Config{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options.Default()
			tt.options(o)
			tt.want.Host, tt.want.Source = "https://there:6443", "kubeconfig /k"
			if got := preflightConfig(o, &clients{host: "https://there:6443"}, "kubeconfig /k"); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
