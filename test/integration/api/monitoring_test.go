// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// prometheusOperator returns the folder of the Prometheus Operator's sources, at the version of
// hack/tools.
func prometheusOperator(t *testing.T) string {
	t.Helper()
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/prometheus-operator/prometheus-operator")
	download.Dir = repository.Path("hack", "tools", "prometheus-operator")
	download.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	output, err := download.Output()
	if err != nil {
		t.Fatalf("go mod download: %v\n%s", err, output)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(output, &module); err != nil || module.Dir == "" {
		t.Fatalf("go mod download prints %s: %v", output, err)
	}
	return module.Dir
}

// jsonOf returns a file of YAML as JSON.
func jsonOf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	object, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestPrometheusOperatorAcceptsOurObjects creates the objects of deploy/monitoring for the
// Prometheus Operator, with strict validation against its CRDs.
func TestPrometheusOperatorAcceptsOurObjects(t *testing.T) {
	client := kube.Discovery().RESTClient()
	_, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "hourglass-system"}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	crds := filepath.Join(prometheusOperator(t), "example", "prometheus-operator-crd")
	for _, plural := range []string{"servicemonitors", "prometheusrules"} {
		name := plural + ".monitoring.coreos.com"
		path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + name
		crd := jsonOf(t, filepath.Join(crds, "monitoring.coreos.com_"+plural+".yaml"))
		if err := client.Patch(types.ApplyPatchType).AbsPath(path).Param("fieldManager", "test").Body(crd).Do(t.Context()).Error(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := client.Delete().AbsPath(path).Do(context.WithoutCancel(t.Context())).Error(); err != nil {
				t.Error(err)
			}
		})
	}
	create := func(plural string, object []byte) error {
		path := "/apis/monitoring.coreos.com/v1/namespaces/hourglass-system/" + plural
		wait.For(t, plural+" to be served", func(ctx context.Context) error {
			return client.Get().AbsPath(path).Do(ctx).Error()
		})
		return client.Post().AbsPath(path).Param("fieldValidation", "Strict").Param("dryRun", "All").
			SetHeader("Content-Type", "application/json").Body(object).Do(t.Context()).Error()
	}
	for _, tt := range []struct{ plural, file, known, unknown string }{
		{"servicemonitors", "service-monitor.yaml", `"honorLabels"`, `"honourLabels"`},
		{"servicemonitors", "secure/service-monitor.yaml", `"insecureSkipVerify"`, `"skipVerify"`},
		{"prometheusrules", "prometheus-rule.yaml", `"for"`, `"during"`},
	} {
		object := jsonOf(t, repository.Path("deploy", "monitoring", tt.file))
		if err := create(tt.plural, object); err != nil {
			t.Errorf("%s: %v", tt.file, err)
		}
		// The server reports fields that the CRD does not know.
		if err := create(tt.plural, bytes.ReplaceAll(object, []byte(tt.known), []byte(tt.unknown))); !apierrors.IsBadRequest(err) {
			t.Errorf("%s with an unknown field: %v", tt.file, err)
		}
	}
}
