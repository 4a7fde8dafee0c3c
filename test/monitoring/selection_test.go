// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// TestTheServiceMonitorSelectsTheMetricsService follows the way from the ServiceMonitor to the port of the Service.
func TestTheServiceMonitorSelectsTheMetricsService(t *testing.T) {
	var monitor struct {
		Metadata struct{ Namespace string }
		Spec     struct {
			Selector          struct{ MatchLabels map[string]string }
			NamespaceSelector *struct{}
			Endpoints         []struct {
				Port, Path  string
				HonorLabels bool
			}
		}
	}
	read(t, "deploy/monitoring/service-monitor.yaml", &monitor)
	var service corev1.Service
	read(t, "deploy/30-service.yaml", &service)

	if monitor.Spec.NamespaceSelector != nil || monitor.Metadata.Namespace != service.Namespace {
		t.Errorf("it looks in namespace %s, the Service is in %s", monitor.Metadata.Namespace, service.Namespace)
	}
	if selector := labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels); selector.Empty() || !selector.Matches(labels.Set(service.Labels)) {
		t.Errorf("it selects %q, the Service has the labels %v", selector, service.Labels)
	}
	if len(monitor.Spec.Endpoints) != 1 {
		t.Fatalf("%d endpoints, want 1", len(monitor.Spec.Endpoints))
	}
	endpoint := monitor.Spec.Endpoints[0]
	if len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Name != endpoint.Port || endpoint.Path != "/metrics" {
		t.Errorf("it scrapes port %s at %s, the Service has %+v", endpoint.Port, endpoint.Path, service.Spec.Ports)
	}
	if !endpoint.HonorLabels {
		t.Error("the namespace of a Performer would be lost")
	}
}

// read reads a file of the repository that has one object.
func read(t *testing.T, path string, object any) {
	t.Helper()
	text, err := os.ReadFile(root + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "\n---\n") {
		t.Fatalf("%s has several objects", path)
	}
	if err := yaml.Unmarshal(text, object); err != nil {
		t.Fatal(err)
	}
}
