// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestTheServiceMonitorSelectsTheMetricsService follows the ServiceMonitor to the port of the Service.
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
		t.Errorf("the ServiceMonitor selects namespace %s, the Service is in %s", monitor.Metadata.Namespace, service.Namespace)
	}
	if selector := labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels); selector.Empty() || !selector.Matches(labels.Set(service.Labels)) {
		t.Errorf("the ServiceMonitor selects %q, the Service has the labels %v", selector, service.Labels)
	}
	if len(monitor.Spec.Endpoints) != 1 {
		t.Fatalf("%d endpoints, want 1", len(monitor.Spec.Endpoints))
	}
	endpoint := monitor.Spec.Endpoints[0]
	if len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Name != endpoint.Port || endpoint.Path != "/metrics" {
		t.Errorf("the ServiceMonitor scrapes port %s at %s, the Service has %+v", endpoint.Port, endpoint.Path, service.Spec.Ports)
	}
	if !endpoint.HonorLabels {
		t.Error("without honorLabels the namespace of a Performer is lost")
	}
}

// TestThePagesConfigurationKeepsTheMetricsPort applies the discovery and the relabeling of the page to
// each port of the manager's pod.
func TestThePagesConfigurationKeepsTheMetricsPort(t *testing.T) {
	var config struct {
		ScrapeConfigs []struct {
			HonorLabels bool `json:"honor_labels"`
			Discovery   []struct {
				Role       string
				Namespaces struct{ Names []string }
			} `json:"kubernetes_sd_configs"`
			Relabeling []struct {
				SourceLabels  []string `json:"source_labels"`
				Regex, Action string
				TargetLabel   string `json:"target_label"`
			} `json:"relabel_configs"`
		} `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(pageConfiguration(t)), &config); err != nil {
		t.Fatal(err)
	}
	if len(config.ScrapeConfigs) != 1 || len(config.ScrapeConfigs[0].Discovery) != 1 {
		t.Fatalf("this test expects one scrape configuration with one discovery, got %+v", config)
	}
	scrape := config.ScrapeConfigs[0]
	var deployment appsv1.Deployment
	read(t, "deploy/50-deployment.yaml", &deployment)
	var service corev1.Service
	read(t, "deploy/30-service.yaml", &service)

	found := scrape.Discovery[0]
	if found.Role != "pod" || !slices.Equal(found.Namespaces.Names, []string{deployment.Namespace}) || !scrape.HonorLabels {
		t.Errorf("%+v does not discover the pods of namespace %s, or loses their labels", scrape, deployment.Namespace)
	}
	var kept []string
	pod := deployment.Spec.Template
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			target := map[string]string{
				"__meta_kubernetes_namespace":               deployment.Namespace,
				"__meta_kubernetes_pod_name":                "a",
				"__meta_kubernetes_pod_container_port_name": port.Name,
			}
			for name, value := range pod.Labels {
				target["__meta_kubernetes_pod_label_"+regexp.MustCompile(`\W`).ReplaceAllString(name, "_")] = value
			}
			keep := true
			for _, step := range scrape.Relabeling {
				var values []string
				for _, label := range step.SourceLabels {
					value, ok := target[label]
					if !ok {
						t.Errorf("a target of the manager has no label %s", label)
					}
					values = append(values, value)
				}
				switch joined := strings.Join(values, ";"); {
				case step.Action == "keep":
					keep = keep && regexp.MustCompile("^(?:"+step.Regex+")$").MatchString(joined)
				case step.Action != "" || step.Regex != "":
					t.Errorf("this test does not know the step %+v", step)
				default:
					target[step.TargetLabel] = joined
				}
			}
			if keep {
				kept = append(kept, port.Name)
			}
			if target["namespace"] != deployment.Namespace || target["pod"] != "a" {
				t.Errorf("the labels of a target are %v", target)
			}
		}
	}
	if want := []string{service.Spec.Ports[0].TargetPort.String()}; !slices.Equal(kept, want) {
		t.Errorf("scraped ports %q, want %q", kept, want)
	}
}

// read decodes a file of the repository that has one object.
func read(t *testing.T, path string, object any) {
	t.Helper()
	text, err := os.ReadFile(repository.Path(path))
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
