//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// narrow is the operator as the tests of an Executor deploy it: without arguments, and without
// permissions for leases, Secrets, ConfigMaps, nodes, namespaces, endpoint slices and CRDs. %[1]s
// is the namespace.
const narrow = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: narrow, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s}
rules:
- apiGroups: [""]
  resources: [pods, services, endpoints, events]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [hourglass.eigenlayer.io]
  resources: [performers]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [hourglass.eigenlayer.io]
  resources: [performers/status]
  verbs: [get, update, patch]
- apiGroups: [hourglass.eigenlayer.io]
  resources: [performers/finalizers]
  verbs: [update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}
subjects:
- {kind: ServiceAccount, name: narrow, namespace: %[1]s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: narrow, namespace: %[1]s}
spec:
  replicas: 1
  selector: {matchLabels: {app: narrow}}
  template:
    metadata: {labels: {app: narrow}}
    spec:
      serviceAccountName: narrow
      containers:
      - name: manager
        image: hourglass-operator:dev
        imagePullPolicy: Never
        command: ["/manager"]
        ports:
        - {name: metrics, containerPort: 8080}
        - {name: health, containerPort: 8081}
        livenessProbe: {httpGet: {path: /healthz, port: 8081}}
        readinessProbe: {httpGet: {path: /readyz, port: 8081}}
        resources: {limits: {cpu: 500m, memory: 512Mi}}
`

// Not parallel: it stops the installed operator, since the other one does not take part in the
// election.
func TestWorksAsExecutorsDeployIt(t *testing.T) {
	ns := cluster.Namespace(t)
	// The logs of the operator's pods are lost with them.
	assertNothingLeaked(t)
	stopOperator(t)

	manifest := fmt.Sprintf(narrow, ns.Name)
	if _, err := cluster.Apply(t.Context(), ns.Name, manifest); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if t.Failed() {
			output, err := cluster.Kubectl(ctx, "logs", "-n", ns.Name, "deployment/narrow")
			t.Logf("log of the operator with narrow permissions: %s %v", output, err)
		}
		if err := cluster.Delete(ctx, manifest); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	if _, err := cluster.Kubectl(t.Context(), "rollout", "status", "-n", ns.Name, "deployment/narrow", "--timeout=120s"); err != nil {
		t.Fatal(err)
	}

	performer := ns.CreateReady(t, ns.Performer("a"))
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != performer.Status.PodName {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, performer.Status.PodName)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "Performer a, its pods and its Service to be gone", ns.Gone("a"))

	// It works without the missing permissions and does not log them again and again.
	log, err := cluster.Kubectl(t.Context(), "logs", "-n", ns.Name, "deployment/narrow")
	if err != nil {
		t.Fatal(err)
	}
	if count := strings.Count(log, "forbidden"); count > 1 {
		t.Errorf("%d lines of its log contain \"forbidden\", want at most 1:\n%s", count, log)
	}
	if strings.Contains(log, realcluster.PlantedValue) {
		t.Errorf("its log contains the environment of a Performer:\n%s", log)
	}
}
