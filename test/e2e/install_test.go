//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestInstallingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	wait.For(t, "the operator to be ready", cluster.OperatorReady)
	before := installedVersions(t)
	output, err := cluster.Kubectl(t.Context(), "apply", "-f", "deploy/")
	if err != nil {
		t.Fatal(err)
	}
	// The output of kubectl is no proof: it always prints "configured" for a PodDisruptionBudget,
	// whose selector it sends each time.
	after := installedVersions(t)
	for object, version := range before {
		if after[object] != version {
			t.Errorf("applying a second time changed %s from version %s to %s; kubectl printed\n%s", object, version, after[object], output)
		}
	}
	// kubectl diff exits with 1 if there is a difference.
	if output, err := cluster.Kubectl(t.Context(), "diff", "-f", "deploy/"); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// installedVersions returns the versions of the objects in deploy/: the generation, which a change
// of the status does not increase, or the resource version of an object without a generation.
func installedVersions(t *testing.T) map[string]string {
	t.Helper()
	output, err := cluster.Kubectl(t.Context(), "get", "-f", "deploy/", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []metav1.PartialObjectMetadata
	}
	if err := json.Unmarshal([]byte(output), &list); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, object := range list.Items {
		version := object.ResourceVersion
		if object.Generation != 0 {
			version = fmt.Sprintf("generation %d", object.Generation)
		}
		versions[object.Kind+" "+object.Name] = version
	}
	if len(versions) == 0 {
		t.Fatal("kubectl get -f deploy/ shows nothing")
	}
	return versions
}

func TestOperatorRunsAsInstalled(t *testing.T) {
	t.Run("two replicas", func(t *testing.T) {
		wait.For(t, "the operator to be ready", cluster.OperatorReady)
		deployment, err := cluster.Kube.AppsV1().Deployments(realcluster.OperatorNamespace).
			Get(t.Context(), realcluster.OperatorDeployment, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if deployment.Status.ReadyReplicas != 2 {
			t.Errorf("%d replicas are ready, want 2", deployment.Status.ReadyReplicas)
		}
	})

	t.Run("a leader", func(t *testing.T) {
		wait.For(t, "a leader", func(ctx context.Context) error {
			_, err := cluster.Leader(ctx)
			return err
		})
	})

	// The API server decides: a namespace that enforces the level refuses a pod that doesn't meet
	// it.
	t.Run("under Pod Security restricted", func(t *testing.T) {
		namespace, err := cluster.Kube.CoreV1().Namespaces().Get(t.Context(), realcluster.OperatorNamespace, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if level := namespace.Labels["pod-security.kubernetes.io/enforce"]; level != "restricted" {
			t.Fatalf("the namespace enforces the level %q, want restricted", level)
		}
		pods, err := cluster.OperatorPods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(pods) == 0 {
			t.Fatal("the operator has no pod")
		}
		again := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "again-", Namespace: realcluster.OperatorNamespace},
			Spec:       pods[0].Spec,
		}
		_, err = cluster.Kube.CoreV1().Pods(realcluster.OperatorNamespace).
			Create(t.Context(), again, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			t.Errorf("a pod like the operator's is refused: %v", err)
		}
	})

	t.Run("without a restart", func(t *testing.T) {
		pods, err := cluster.OperatorPods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range pods {
			for _, container := range pod.Status.ContainerStatuses {
				if container.RestartCount != 0 {
					t.Errorf("container %s of pod %s was restarted %d times, last: %+v",
						container.Name, pod.Name, container.RestartCount, container.LastTerminationState.Terminated)
				}
			}
		}
	})
}
