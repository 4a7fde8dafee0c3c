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

	// The images are one and the same program; an upgrade is what a cluster makes of another name.
	image     = "hourglass-operator:dev"
	nextImage = "hourglass-operator:next"
)

// way is a way to install the operator, as docs/install.md has it.
type way struct {
	name string
	// install installs it, upgrade gives it nextImage, uninstall removes it and leaves the CRD and all Performers.
	install, upgrade, uninstall func(t *testing.T)
	// leaves is what is then in the operator's namespace, as docs/install.md has it.
	leaves []string
}

const (
	lease     = "lease.coordination.k8s.io/b8e8a8a8.hourglass.eigenlayer.io"
	webhookCA = "secret/hourglass-operator-webhook-ca"
	testPod   = "pod/hourglass-operator-test"
)

// TestWaysToInstall goes through all of them in one cluster. Each gets a Performer of its own, and no performer of
// those before is ever restarted or lost, whichever operator comes and goes.
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
				// The CRD is there, of those before.
				output, err := helm3.try(t, "install", chart)
				if err == nil || !strings.Contains(err.Error(), "exists and cannot be imported") {
					t.Errorf("Helm 3 takes the CRD over though nobody has told it to: %s, %v", output, err)
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
				// Packaged, as users of a chart repository have it. The CRD is that of a release of the same name.
				helm4.run(t, "install", helm4.packaged(t), "--create-namespace", "--wait")
			},
			upgrade:   func(t *testing.T) { helm4.upgradeAndBack(t, ns) },
			uninstall: func(t *testing.T) { helm4.run(t, "uninstall", "--wait") },
			leaves:    []string{lease, testPod, webhookCA},
		},
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
			// One that was deleted while there was no operator.
			wait.For(t, "the performer deleted before to be gone", ns.Gone("deleted"))
			before = append(before, performerPods(t, ns)...)

			way.upgrade(t)
			operatorRuns(t, nextImage)
			notRestarted(t, ns, before)
			mendsServices(t, ns, name)

			ns.CreateReady(t, ns.Performer("deleted"))
			way.uninstall(t)
			operatorGone(t, way.leaves...)
			notRestarted(t, ns, before)
			for i := range i + 1 {
				cluster.Call(t, ns.Address(fmt.Sprintf("p%d", i), 8080))
			}
			// It waits for the next operator, as docs/install.md says.
			cluster.MustRun(t, "kubectl", "delete", "performer", "deleted", "--namespace="+ns.Name, "--wait=false")
		})
		if !passed {
			t.Fatalf("what %s has left is nothing for the others to begin with", way.name)
		}
	}

	t.Run("and all is removed when asked for", func(t *testing.T) {
		// With another way than it was installed by: Helm takes it all over, in place.
		cluster.MustRun(t, "kubectl", "apply", "-f", "deploy/")
		operatorRuns(t, image)
		installed := operatorPods(t)
		helm4.run(t, "install", chart, "--take-ownership", "--force-conflicts", "--wait")
		if now := operatorPods(t); !slices.Equal(now, installed) {
			t.Errorf("the operator's pods are %v after Helm has taken it over, and were %v", now, installed)
		}
		cluster.MustRun(t, "kubectl", "delete", "performers", "--all", "--all-namespaces", "--timeout=120s")
		helm4.run(t, "uninstall", "--wait")
		cluster.MustRun(t, "kubectl", "delete", "crd", crd, "--timeout=60s")
		if left := performerPods(t, ns); len(left) > 0 {
			t.Errorf("%d pods of performers are left", len(left))
		}
	})

	for i, h := range []helm{helm3, helm4} {
		t.Run(fmt.Sprintf("Helm %d with nothing there before", 3+i), func(t *testing.T) {
			h.fromNothing(t, ns)
			leaves := []string{lease}
			if h == helm4 {
				h.run(t, "upgrade", chart, "--reuse-values", "--set", "operator.replicaCount=0", "--wait")
				output, err := h.try(t, "test", "--logs")
				if err == nil || !strings.Contains(output+err.Error(), "no manager leads, the Lease hourglass-system/b8e8a8a8.hourglass.eigenlayer.io is held by nobody") {
					t.Errorf("helm test of a release without pods says: %s, %v", output, err)
				}
				leaves = append(leaves, testPod)
			}
			h.run(t, "uninstall", "--wait")
			operatorGone(t, leaves...)
			cluster.MustRun(t, "kubectl", "delete", "crd", crd, "--timeout=60s")
		})
	}
}

// performersNamespace makes the namespace in which the Performers are. It is no realcluster.Namespace, for at the end
// there is no operator to delete Performers with.
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

// operatorRuns waits until the operator is ready, all of it with an image.
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
			return fmt.Errorf("%d pods of the operator are there, want %d", len(pods), replicas)
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

// operatorGone waits until nothing of the operator is there but the CRD, and in its namespace nothing at all but what it
// leaves and what is in every namespace.
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
			return fmt.Errorf("these are there: %q", left)
		}
		if output, err = cluster.Kubectl(ctx, "get", strings.Join(kinds, ","), "--namespace="+realcluster.OperatorNamespace, "--output=name"); err != nil {
			return err
		}
		left := slices.DeleteFunc(strings.Fields(output), func(name string) bool { return slices.Contains(usual, name) })
		slices.Sort(left)
		if !slices.Equal(left, leaves) {
			return fmt.Errorf("in the operator's namespace are %q, want %q", left, leaves)
		}
		return nil
	})
}

// performerPods returns the pods of all performers that are to stay.
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

// notRestarted checks that pods are still the same, and that no container of theirs has been started again.
func notRestarted(t *testing.T, ns *realcluster.Namespace, before []corev1.Pod) {
	t.Helper()
	if len(before) == 0 {
		t.Fatal("no pods that could have been restarted")
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

// mendsServices checks that the operator works, by taking something away that it then makes again.
func mendsServices(t *testing.T, ns *realcluster.Namespace, performer string) {
	t.Helper()
	services := cluster.Kube.CoreV1().Services(ns.Name)
	if err := services.Delete(t.Context(), "performer-"+performer, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the service of performer "+performer+" to be made again", func(ctx context.Context) error {
		_, err := services.Get(ctx, "performer-"+performer, metav1.GetOptions{})
		return err
	})
}
