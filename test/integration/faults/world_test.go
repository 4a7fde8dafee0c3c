// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// world is a namespace with Performers, all of which are replaced in place: Recreate needs nobody
// to move traffic.
type world struct {
	*testing.T
	cluster   *controlplane.Cluster // which no other test uses at the same time
	namespace string
	user      *controlplane.User // as whom managers run
	kubelet   *kubelet.Runner
	names     []string
	versions  map[string]int // desired versions, by Performer
}

// newWorld makes a world in a cluster that no other test uses until the end of this one. The test
// then runs in parallel with others.
func newWorld(t *testing.T, performers int) *world {
	t.Helper()
	t.Parallel()
	cluster := <-clusters
	t.Cleanup(func() { clusters <- cluster })
	w := &world{T: t, cluster: cluster, namespace: cluster.CreateNamespace(t), user: cluster.NewUser(t), versions: map[string]int{}}
	w.user.Grant(t, append(controlplane.Narrow(), controlplane.Rule("coordination.k8s.io", "leases"))...)
	w.kubelet = kubelet.Run(t, cluster.Kube, w.namespace)
	for i := range performers {
		w.names = append(w.names, fmt.Sprintf("p%d", i))
	}
	return w
}

// manager starts a manager that watches all namespaces.
func (w *world) manager(args ...string) *controlplane.Manager {
	w.Helper()
	m := controlplane.StartManager(w.T, w.user.Kubeconfig, args...)
	m.AwaitReady()
	return m
}

// signal sends a manager a signal.
func (w *world) signal(m *controlplane.Manager, s syscall.Signal) {
	w.Helper()
	if err := m.Process.Signal(s); err != nil {
		w.Fatal(err)
	}
}

// create makes the Performers.
func (w *world) create() {
	w.Helper()
	for _, name := range w.names {
		p := &v1alpha1.Performer{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: v1alpha1.PerformerSpec{AVSAddress: "0xabc", Image: "repo:1",
				UpgradeStrategy: &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}},
		}
		if _, err := w.cluster.Hourglass.HourglassV1alpha1().Performers(w.namespace).Create(w.Context(), p, metav1.CreateOptions{}); err != nil {
			w.Fatal(err)
		}
		w.versions[name] = 0
	}
}

// patch changes a Performer. It retries, since the server may have been away a moment ago.
func (w *world) patch(name, body string) {
	w.Helper()
	err := wait.Poll(w.Context(), func(ctx context.Context) error {
		_, err := w.cluster.Hourglass.HourglassV1alpha1().Performers(w.namespace).Patch(ctx, name, types.MergePatchType, []byte(body), metav1.PatchOptions{})
		if apierrors.IsInvalid(err) {
			return wait.Stop(err)
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// upgrade changes the version of a Performer.
func (w *world) upgrade(name string) {
	w.Helper()
	w.versions[name]++
	w.patch(name, fmt.Sprintf(`{"spec":{"version":"v%d"}}`, w.versions[name]))
}

// pods returns the pods by the name of their Performer.
func (w *world) pods(ctx context.Context) (map[string]*corev1.Pod, error) {
	list, err := w.cluster.Kube.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	pods := map[string]*corev1.Pod{}
	for i := range list.Items {
		pod := &list.Items[i]
		of := pod.Labels[render.LabelPerformer]
		if pods[of] != nil {
			return nil, fmt.Errorf("Performer %s has pods %s and %s", of, pods[of].Name, pod.Name)
		}
		pods[of] = pod
	}
	return pods, nil
}

// settled waits until each Performer is ready on a pod of the desired revision, with no other pod,
// and returns the UIDs of the pods by Performer.
func (w *world) settled() map[string]types.UID {
	w.Helper()
	var uids map[string]types.UID
	wait.For(w.T, "all Performers to be ready", func(ctx context.Context) error {
		list, err := w.cluster.Hourglass.HourglassV1alpha1().Performers(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		services, err := w.cluster.Kube.CoreV1().Services(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		pods, err := w.pods(ctx)
		if err != nil {
			return err
		}
		if n := len(w.names); len(list.Items) != n || len(services.Items) != n || len(pods) != n {
			return fmt.Errorf("%d Performers, %d Services, %d pods", len(list.Items), len(services.Items), len(pods))
		}
		uids = map[string]types.UID{}
		for i := range list.Items {
			p := &list.Items[i]
			pod := pods[p.Name]
			if pod == nil || pod.Name != p.Status.PodName || pod.Annotations[render.AnnotationRevision] != render.Revision(&p.Spec) ||
				!p.Status.Ready || p.Status.ObservedGeneration != p.Generation ||
				!apimeta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
				return fmt.Errorf("%s: %+v", p.Name, p.Status)
			}
			uids[p.Name] = pod.UID
		}
		return nil
	})
	return uids
}

// unchanged fails the test for each Performer whose pod is another now, but for the given ones.
func (w *world) unchanged(before, after map[string]types.UID, but ...string) {
	w.Helper()
	for name, uid := range before {
		if after[name] != uid && !slices.Contains(but, name) {
			w.Errorf("the pod of Performer %s was replaced for no reason", name)
		}
	}
}

// do has the cluster's components stopped, started, or killed.
func (w *world) do(what, component string) {
	w.Helper()
	if err := w.cluster.Do(w.Context(), what, component); err != nil {
		w.Fatal(err)
	}
}

// answers waits until the API server does.
func (w *world) answers() {
	w.Helper()
	wait.For(w.T, "the API server to answer", func(ctx context.Context) error {
		if _, err := w.cluster.Hourglass.HourglassV1alpha1().Performers(w.namespace).List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
			return err
		}
		return nil
	})
}

// sample returns a value of the manager's metrics.
func sample(m *controlplane.Manager, series string) float64 {
	m.Helper()
	_, body := m.Get("metrics", "/metrics")
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(body)
	if found == nil {
		m.Fatalf("no %s in the metrics", series)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		m.Fatal(err)
	}
	return value
}

// footprint is what a manager holds: goroutines, and the bytes that the collector found in use.
type footprint struct{ goroutines, live float64 }

func measure(m *controlplane.Manager) footprint {
	m.Helper()
	return footprint{sample(m, "go_goroutines"), sample(m, "go_gc_heap_live_bytes")}
}

// steady waits until the manager holds no more than before, but for a few connections that come and
// go, and for what the collector has not found yet. A leak of each change would be some megabytes.
func steady(m *controlplane.Manager, before footprint) {
	m.Helper()
	wait.For(m.TB, "the manager to hold no more than before", func(context.Context) error {
		if now := measure(m); now.goroutines > before.goroutines+8 || now.live > 1.5*before.live+4<<20 {
			return fmt.Errorf("%g goroutines and %g bytes, before %g and %g", now.goroutines, now.live, before.goroutines, before.live)
		}
		return nil
	})
}

// withoutPermissions takes all cluster-wide permissions from a user until the test ends or the
// returned function is called.
func (w *world) withoutPermissions() (restore func()) {
	w.Helper()
	bindings := w.cluster.Kube.RbacV1().ClusterRoleBindings()
	list, err := bindings.List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var taken []rbacv1.ClusterRoleBinding
	for i := range list.Items {
		if b := &list.Items[i]; len(b.Subjects) == 1 && b.Subjects[0].Namespace == w.user.Namespace {
			taken = append(taken, *b)
			if err := bindings.Delete(w.Context(), b.Name, metav1.DeleteOptions{}); err != nil {
				w.Fatal(err)
			}
		}
	}
	return func() {
		for i := range taken {
			b := &taken[i]
			b.ResourceVersion, b.UID = "", ""
			if _, err := bindings.Create(w.Context(), b, metav1.CreateOptions{}); err != nil {
				w.Fatal(err)
			}
		}
	}
}
