//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
)

// example is exactly the first Performer of the specification.
const example = `apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata:
  name: test-performer
spec:
  avsAddress: "0x123..."
  image: "my-avs:latest"
  imagePullPolicy: Never
  config:
    grpcPort: 8080
`

func TestSpecificationExample(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	if _, err := cluster.Apply(t.Context(), ns.Name, example); err != nil {
		t.Fatal(err)
	}
	performer := ns.WaitReady(t, "test-performer")

	output, err := cluster.Kubectl(t.Context(), "get", "pods", "-n", ns.Name,
		"-l", "hourglass.eigenlayer.io/performer=test-performer", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(output), "pod/performer-test-performer-0"; got != want {
		t.Errorf("kubectl get pods with the label of the Performer shows %q, want %q", got, want)
	}

	address := ns.Address("test-performer", 8080)
	if performer.Status.GRPCEndpoint != address {
		t.Errorf("status.grpcEndpoint is %q, want %q", performer.Status.GRPCEndpoint, address)
	}
	if answer := cluster.Call(t, address); answer.Pod != performer.Status.PodName || answer.Version != "latest" {
		t.Errorf("got an answer from %+v, want pod %s and version latest", answer, performer.Status.PodName)
	}

	// The columns that people see first.
	output, err = cluster.Kubectl(t.Context(), "get", "performers", "-n", ns.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY", "PHASE", "AVS", "IMAGE", "VERSION", "AGE", "True", "Running", "0x123...", "my-avs:latest"} {
		if !strings.Contains(output, want) {
			t.Errorf("kubectl get performers doesn't show %q:\n%s", want, output)
		}
	}

	if output, err := cluster.Apply(t.Context(), ns.Name, example); err != nil || !strings.HasSuffix(strings.TrimSpace(output), "unchanged") {
		t.Errorf("applied a second time: %s %v", output, err)
	}
}

// People type the short name and the category.
func TestShortNameAndCategory(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	ns.Create(t, ns.Performer("a"))
	for _, resource := range []string{"perf", "hourglass", "performer/a"} {
		output, err := cluster.Kubectl(t.Context(), "get", resource, "-n", ns.Name, "-o", "name")
		if err != nil {
			t.Error(err)
			continue
		}
		if got, want := strings.TrimSpace(output), "performer.hourglass.eigenlayer.io/a"; got != want {
			t.Errorf("kubectl get %s shows %q, want %q", resource, got, want)
		}
	}
}
