//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	crd = "performers.hourglass.eigenlayer.io"

	// Both images are the same program. For the cluster, another name is an upgrade.
	image     = "hourglass-operator:dev"
	nextImage = "hourglass-operator:next"
)

// way is a way to install the operator from docs/install.md.
type way struct {
	name string
	// install installs the operator, upgrade changes its image to nextImage, uninstall removes it
	// without the CRD and the Performers.
	install, upgrade, uninstall func(t *testing.T)
	// leaves are the objects that are then left in the operator's namespace, as docs/install.md
	// says.
	leaves []string
}

const (
	lease     = "lease.coordination.k8s.io/b8e8a8a8.hourglass.eigenlayer.io"
	webhookCA = "secret/hourglass-operator-webhook-ca"
	testPod   = "pod/hourglass-operator-test"
)

// TestWaysToInstall tests all ways in one cluster. Each way gets another Performer, and no
// performer of an earlier way may be restarted or lost. With -short it leaves out Helm, except for an
// installation of Helm 4 over one of kubectl, and in an empty cluster.
func TestWaysToInstall(t *testing.T) {
	ns := performersNamespace(t)
	helm3, helm4 := newHelm(t, "helm3"), newHelm(t, "helm4")
	ways := []way{
		{
			name:    "kubectl",
			install: func(t *testing.T) { cluster.MustRun(t, "kubectl", "apply", "-f", "deploy/") },
			upgrade: func(t *testing.T) {
				cluster.MustRun(t, "make", "build-installer", "IMG="+nextImage)
				cluster.MustRun(t, "kubectl", "apply", "-f", "dist/install.yaml")
			},
			uninstall: func(t *testing.T) {
				cluster.MustRun(t, "kubectl", "delete", "--cascade=foreground", "-f", "deploy/50-deployment.yaml")
				cluster.MustRun(t, "kubectl", "delete", "-f", "deploy/40-pod-disruption-budget.yaml", "-f", "deploy/30-service.yaml", "-f", "deploy/20-rbac.yaml")
				cluster.MustRun(t, "kubectl", "delete", "-f", "deploy/00-namespace.yaml")
			},
		},
		{
			name:    "kustomize",
			install: func(t *testing.T) { cluster.MustRun(t, "kubectl", "apply", "-k", "manifests/default") },
			upgrade: func(t *testing.T) { cluster.MustRun(t, "make", "deploy", "IMG="+nextImage) },
			uninstall: func(t *testing.T) {
				cluster.MustRun(t, "kubectl", "delete", "--cascade=foreground", "--namespace="+realcluster.OperatorNamespace, "-k", "manifests/manager")
				cluster.MustRun(t, "kubectl", "delete", "--namespace="+realcluster.OperatorNamespace, "-k", "manifests/rbac")
			},
			leaves: []string{lease},
		},
		{
			name: "Helm 3",
			install: func(t *testing.T) {
				helm3.refusesTheEarlierOperator(t)
				// The CRD of the previous ways is still installed.
				output, err := helm3.try(t, "install", chart)
				if err == nil || !strings.Contains(err.Error(), "exists and cannot be imported") {
					t.Errorf("Helm 3 takes over the CRD without --take-ownership: %s, %v", output, err)
				}
				helm3.run(t, "install", chart, "--take-ownership", "--create-namespace", "--wait")
			},
			upgrade:   func(t *testing.T) { helm3.upgradeAndBack(t, ns) },
			uninstall: func(t *testing.T) { helm3.run(t, "uninstall", "--wait") },
			leaves:    []string{lease, testPod, webhookCA},
		},
		{
			name: "Helm 4",
			install: func(t *testing.T) {
				helm4.refusesTheEarlierOperator(t)
				// As a package, as users of a chart repository have it. The CRD belongs to a
				// release of the same name.
				helm4.run(t, "install", helm4.packaged(t), "--create-namespace", "--wait")
			},
			upgrade:   func(t *testing.T) { helm4.upgradeAndBack(t, ns) },
			uninstall: func(t *testing.T) { helm4.run(t, "uninstall", "--wait") },
			leaves:    []string{lease, testPod, webhookCA},
		},
	}
	if testing.Short() {
		ways = ways[:2]
	}
	for i, way := range ways {
		passed := t.Run(way.name, func(t *testing.T) {
			before := performerPods(t, ns)
			way.install(t)
			operatorRuns(t, image)
			name := fmt.Sprintf("p%d", i)
			performer := ns.CreateReady(t, ns.Performer(name))
			if answer := cluster.Call(t, ns.Address(name, 8080)); answer.Pod != performer.Status.PodName {
				t.Errorf("the answer is from pod %s, want %s", answer.Pod, performer.Status.PodName)
			}
			// It was deleted while there was no operator.
			wait.For(t, "Performer deleted to be gone", ns.Gone("deleted"))
			before = append(before, performerPods(t, ns)...)

			way.upgrade(t)
			operatorRuns(t, nextImage)
			notRestarted(t, ns, before)
			assertRecreatesService(t, ns, name)

			ns.CreateReady(t, ns.Performer("deleted"))
			way.uninstall(t)
			operatorGone(t, way.leaves...)
			notRestarted(t, ns, before)
			for i := range i + 1 {
				cluster.Call(t, ns.Address(fmt.Sprintf("p%d", i), 8080))
			}
			// It stays until the next operator runs, as docs/install.md says.
			cluster.MustRun(t, "kubectl", "delete", "performer", "deleted", "--namespace="+ns.Name, "--wait=false")
		})
		if !passed {
			t.Fatalf("the other ways can't start with what %s has left", way.name)
		}
	}

	t.Run("everything is removed", func(t *testing.T) {
		// Helm takes over what kubectl has installed, in place.
		cluster.MustRun(t, "kubectl", "apply", "-f", "deploy/")
		operatorRuns(t, image)
		installed := operatorPods(t)
		helm4.run(t, "install", chart, "--take-ownership", "--force-conflicts", "--wait")
		if now := operatorPods(t); !slices.Equal(now, installed) {
			t.Errorf("the operator's pods are %v after Helm has taken over the operator, and were %v", now, installed)
		}
		cluster.MustRun(t, "kubectl", "delete", "performers", "--all", "--all-namespaces", "--timeout=120s")
		helm4.run(t, "uninstall", "--wait")
		cluster.MustRun(t, "kubectl", "delete", "crd", crd, "--timeout=60s")
		if left := performerPods(t, ns); len(left) > 0 {
			t.Errorf("%d pods of Performers are left", len(left))
		}
	})

	for i, h := range []helm{helm3, helm4} {
		if testing.Short() && h == helm3 {
			continue
		}
		t.Run(fmt.Sprintf("Helm %d in an empty cluster", 3+i), func(t *testing.T) {
			h.fromNothing(t, ns)
			leaves := []string{lease}
			if h == helm4 {
				h.run(t, "upgrade", chart, "--reuse-values", "--set", "operator.replicaCount=0", "--wait")
				output, err := h.try(t, "test", "--logs")
				if err == nil || !strings.Contains(output+err.Error(), "no manager leads, the Lease hourglass-system/b8e8a8a8.hourglass.eigenlayer.io is held by nobody") {
					t.Errorf("helm test of a release without pods printed: %s, %v", output, err)
				}
				leaves = append(leaves, testPod)
			}
			h.run(t, "uninstall", "--wait")
			operatorGone(t, leaves...)
			cluster.MustRun(t, "kubectl", "delete", "crd", crd, "--timeout=60s")
		})
	}
}

// performersNamespace creates the namespace of the Performers. It does not use Cluster.Namespace,
// since at the end of the test there is no operator that deletes Performers.
func performersNamespace(t *testing.T) *realcluster.Namespace {
	t.Helper()
	created, err := cluster.Kube.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "performers-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ns := &realcluster.Namespace{Cluster: cluster, Name: created.Name}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if t.Failed() {
			for _, args := range [][]string{
				{"get", "performers,pods,services", "--all-namespaces", "-o", "wide"},
				{"get", "events", "--namespace=" + realcluster.OperatorNamespace},
				{"describe", "deployment", "--namespace=" + realcluster.OperatorNamespace},
			} {
				output, err := cluster.Kubectl(ctx, args...)
				t.Log(output, err)
			}
			if output, err := cluster.Run(ctx, "hack/undeploy.sh", "all", "--ignore-not-found"); err != nil {
				t.Errorf("cleaning up: %s %v", output, err)
			}
		}
		if err := cluster.Kube.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return ns
}

// operatorRuns waits until both replicas of the operator are ready with an image.
func operatorRuns(t *testing.T, image string) {
	t.Helper()
	operatorRunsAs(t, image, 2)
}

func operatorRunsAs(t *testing.T, image string, replicas int) {
	t.Helper()
	wait.For(t, "the operator to be ready with "+image, func(ctx context.Context) error {
		if err := cluster.OperatorReady(ctx); err != nil {
			return err
		}
		pods, err := cluster.OperatorPods(ctx)
		if err != nil {
			return err
		}
		if len(pods) != replicas {
			return fmt.Errorf("there are %d pods of the operator, want %d", len(pods), replicas)
		}
		for _, pod := range pods {
			if used := pod.Spec.Containers[0].Image; used != image {
				return fmt.Errorf("pod %s has image %s", pod.Name, used)
			}
		}
		return nil
	})
}

// operatorPods returns the names of the operator's pods.
func operatorPods(t *testing.T) (names []string) {
	t.Helper()
	pods, err := cluster.OperatorPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return names
}

// operatorGone waits until only the CRD of the operator is left, and in its namespace only the
// objects of leaves and those of every namespace.
func operatorGone(t *testing.T, leaves ...string) {
	t.Helper()
	kinds := slices.DeleteFunc(strings.Fields(cluster.MustRun(t, "kubectl", "api-resources", "--namespaced", "--verbs=list", "--output=name")), func(kind string) bool {
		return strings.HasPrefix(kind, "events")
	})
	usual := []string{"configmap/kube-root-ca.crt", "serviceaccount/default"}
	wait.For(t, "the operator to be gone", func(ctx context.Context) error {
		output, err := cluster.Kubectl(ctx, "get", "services,roles,rolebindings,networkpolicies,clusterroles,clusterrolebindings,customresourcedefinitions,"+
			webhookConfigurations, "--all-namespaces", "--output=name", "--selector=app.kubernetes.io/name=hourglass-operator")
		if err != nil {
			return err
		}
		if left := strings.Fields(output); !slices.Equal(left, []string{"customresourcedefinition.apiextensions.k8s.io/" + crd}) {
			return fmt.Errorf("objects left in the cluster: %q", left)
		}
		if output, err = cluster.Kubectl(ctx, "get", strings.Join(kinds, ","), "--namespace="+realcluster.OperatorNamespace, "--output=name"); err != nil {
			return err
		}
		left := slices.DeleteFunc(strings.Fields(output), func(name string) bool { return slices.Contains(usual, name) })
		slices.Sort(left)
		if !slices.Equal(left, leaves) {
			return fmt.Errorf("objects left in the operator's namespace: %q, want %q", left, leaves)
		}
		return nil
	})
}

// performerPods returns the pods of all Performers that must stay.
func performerPods(t *testing.T, ns *realcluster.Namespace) []corev1.Pod {
	t.Helper()
	pods, err := cluster.Kube.CoreV1().Pods(ns.Name).List(t.Context(), metav1.ListOptions{
		LabelSelector: "app=hourglass-performer,hourglass.eigenlayer.io/performer!=deleted",
	})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

// performerOf returns the name of the Performer that a pod belongs to.
func performerOf(pod *corev1.Pod) string { return pod.Labels["hourglass.eigenlayer.io/performer"] }

// notRestarted checks that pods were neither replaced nor restarted.
func notRestarted(t *testing.T, ns *realcluster.Namespace, before []corev1.Pod) {
	t.Helper()
	if len(before) == 0 {
		t.Fatal("there are no pods to check")
	}
	for i := range before {
		pod, err := cluster.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), before[i].Name, metav1.GetOptions{})
		switch {
		case err != nil:
			t.Errorf("pod %s: %v", before[i].Name, err)
		case pod.UID != before[i].UID || pod.DeletionTimestamp != nil:
			t.Errorf("pod %s was replaced", pod.Name)
		case pod.Status.ContainerStatuses[0].ContainerID != before[i].Status.ContainerStatuses[0].ContainerID:
			t.Errorf("the container of pod %s was restarted", pod.Name)
		case realcluster.PodReady(pod) != nil:
			t.Error(realcluster.PodReady(pod))
		}
	}
}

// assertRecreatesService checks that the operator works: it deletes the Service of a Performer and
// waits until the operator recreates it.
func assertRecreatesService(t *testing.T, ns *realcluster.Namespace, performer string) {
	t.Helper()
	services := cluster.Kube.CoreV1().Services(ns.Name)
	if err := services.Delete(t.Context(), "performer-"+performer, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the Service of Performer "+performer+" to be recreated", func(ctx context.Context) error {
		_, err := services.Get(ctx, "performer-"+performer, metav1.GetOptions{})
		return err
	})
}
