//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// executorBody is the request of an Executor, which serializes its own types with all their empty
// values, such as an empty status and a null creation time. %[1]s is the name, %[2]s the namespace,
// %[3]s the address of the AVS.
const executorBody = `{
  "kind": "Performer", "apiVersion": "hourglass.eigenlayer.io/v1alpha1",
  "metadata": {
    "name": "%[1]s", "namespace": "%[2]s", "creationTimestamp": null,
    "labels": {
      "app": "hourglass-performer",
      "hourglass.eigenlayer.io/avs": "%[3]s",
      "hourglass.eigenlayer.io/performer": "%[1]s"
    }
  },
  "spec": {
    "avsAddress": "%[3]s", "image": "hourglass/sample-performer:v1", "imagePullPolicy": "Never", "version": "v1",
    "config": {"grpcPort": 8080, "environment": {"AVS_ADDRESS": "%[3]s", "GRPC_PORT": "8080"}},
    "resources": {}
  },
  "status": {}
}`

// TestExecutor makes the requests of an Executor: create a Performer, poll status.ready, call the
// address that it computed itself, create a second Performer of the same AVS, delete the first.
func TestExecutor(t *testing.T) {
	t.Parallel()
	const avs = "0xtest-avs-address"
	ns := cluster.Namespace(t)
	client := ns.Performers.HourglassV1alpha1().RESTClient()
	path := fmt.Sprintf("/apis/hourglass.eigenlayer.io/v1alpha1/namespaces/%s/performers", ns.Name)

	serves := func(performer *v1alpha1.Performer) error {
		if !performer.Status.Ready {
			return fmt.Errorf("status.ready is false, status.phase is %q", performer.Status.Phase)
		}
		return nil
	}
	deploy := func(name string) *v1alpha1.Performer {
		t.Helper()
		body := fmt.Appendf(nil, executorBody, name, ns.Name, avs)
		if err := client.Post().AbsPath(path).SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error(); err != nil {
			t.Fatalf("posting %s: %v", name, err)
		}
		performer := ns.WaitFor(t, name, "to have status.ready", serves)
		answer := cluster.Call(t, ns.Address(name, 8080), "AVS_ADDRESS")
		if answer.Version != "v1" || answer.Pod != performer.Status.PodName || answer.Env["AVS_ADDRESS"] != avs {
			t.Errorf("got an answer from %+v, want version v1, pod %s and its environment", answer, performer.Status.PodName)
		}
		return performer
	}

	first := deploy("performer-0a1b2c-01234567")
	second := deploy("performer-0a1b2c-89abcdef")

	// An Executor reads the raw object and shows the message of the last condition, which must be
	// the summary.
	raw, err := client.Get().AbsPath(path, first.Name).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Status struct {
			Phase        string
			Ready        bool
			PodName      string
			ServiceName  string
			GRPCEndpoint string
			Conditions   []metav1.Condition
		}
	}
	if err := json.Unmarshal(raw, &seen); err != nil {
		t.Fatal(err)
	}
	conditions := seen.Status.Conditions
	if len(conditions) == 0 || conditions[len(conditions)-1].Type != v1alpha1.ConditionReady {
		t.Errorf("the last condition is not Ready: %+v", conditions)
	}
	if seen.Status.Phase != "Running" || seen.Status.PodName == "" || seen.Status.ServiceName != "performer-"+first.Name {
		t.Errorf("got status %+v, want phase Running, a pod and service performer-%s", seen.Status, first.Name)
	}

	if err := client.Delete().AbsPath(path, first.Name).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the first Performer to be gone", ns.Gone(first.Name))
	if answer := cluster.Call(t, ns.Address(second.Name, 8080)); answer.Pod != second.Status.PodName {
		t.Errorf("the second performer answered from pod %s, want %s", answer.Pod, second.Status.PodName)
	}
}
