// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestScopeOfRoles runs a manager that has only Roles, with a namespace that has one, one whose
// Role is created later, and one that does not exist at first.
func TestScopeOfRoles(t *testing.T) {
	own, foreign := cluster.Namespace(t), cluster.Namespace(t)
	absent := own.Name + "-absent"
	user := cluster.NewUser(t)
	user.GrantIn(t, own.Name, controlplane.Narrow()...)
	foreign.Create("b")

	m := controlplane.StartManager(t, user.Kubeconfig, "--namespaces="+strings.Join([]string{own.Name, foreign.Name, absent}, ","))
	m.AwaitReady()
	if log := m.Log.String(); !strings.Contains(log, "Watching Performers ONLY in the namespaces of --namespaces or NAMESPACE") || strings.Contains(log, "ALL namespaces") {
		t.Error("the scope was not logged")
	}
	p := own.Running("a")
	if len(p.Finalizers) > 0 {
		t.Errorf("finalizers %v", p.Finalizers)
	}
	for _, namespace := range []string{foreign.Name, absent} {
		if n := strings.Count(m.Log.String(), "Skipping namespace "+namespace); n != 1 {
			t.Errorf("%d lines log that namespace %s is skipped", n, namespace)
		}
	}

	user.GrantIn(t, foreign.Name, controlplane.Narrow()...)
	foreign.MakeReady("performer-b-0")
	foreign.AwaitPerformer("b", "Performer b to be ready", controlplane.IsReady)

	if _, err := cluster.Kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: absent}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	user.GrantIn(t, absent, controlplane.Narrow()...)
	late := cluster.ExistingNamespace(t, absent)
	late.Running("c")
	wait.For(t, "the manager to be ready", func(context.Context) error {
		if status, body := m.Get("health", "/readyz?verbose"); status != 200 {
			return errors.New(body)
		}
		return nil
	})
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
}
