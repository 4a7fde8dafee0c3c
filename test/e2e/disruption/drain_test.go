//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruption

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestDrainWithSurge drains the node of many Performers, some of which are called over a held connection and over
// new ones. The operator moves them first, so no call is lost.
func TestDrainWithSurge(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, node, performerCount(t), surge)
	// One of them is broken. It must not hold up the drain.
	broken := performers[len(performers)-1]
	for _, name := range performers {
		waitForBudget(t, ns, name)
	}
	ns.Patch(t, broken, `{"spec":{"image":"hourglass/missing:v9"}}`)
	ns.WaitFor(t, broken, "to be degraded", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "ImagePullFailed", "hourglass/missing:v9"))
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-"+broken+"-0", metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		t.Fatal(err)
	}
	performers = performers[:len(performers)-1]
	undisturbed := ns.Performer("undisturbed")
	undisturbed.Spec.Scheduling = &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{corev1.LabelHostname: cluster.RealNodes(t)[0]}}
	ns.CreateReady(t, undisturbed)
	// More calls would need all of a machine with two processors, on which so many containers that start at the same
	// time delay answers by seconds. The calls to a Performer that stays where it is show that delay alone.
	slowly := []string{"-timeout", "30s", "-rate", "10"}
	calls := callAll(t, ns, performers, slowly...)
	machine := callAll(t, ns, []string{undisturbed.Name}, slowly...)

	begun := time.Now()
	drain(t, node)
	took := time.Since(begun)
	slowest := slowestStart(t, ns, performers)
	t.Logf("MEASURED drain of %d Performers with Surge: %.1f s; the slowest start took %.0f s", len(performers), took.Seconds(), slowest.Seconds())
	const drains = 10 * time.Second // by default
	if limit := slowest + drains + 30*time.Second; took > limit {
		t.Errorf("the drain took %s, want at most the slowest start, drainSeconds and 30 s: %s", took, limit)
	}
	for _, name := range performers {
		performer := ns.WaitReady(t, name)
		if performer.Status.NodeName == node {
			t.Errorf("%s is still on node %s", name, node)
		}
		if err := ns.HasEvent(t.Context(), name, "Normal", "Moved"); err != nil {
			t.Error(err)
		}
	}
	calls.end(t, "drain with Surge")
	machine.end(t, "a Performer that stays where it is, during the drain")
}

// TestDrainWithBridge drains the node of Performers that start faster than they drain.
func TestDrainWithBridge(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, node, 2, drainingFor(60))
	calls := callAll(t, ns, performers)
	drain(t, node)
	for _, name := range performers {
		ns.WaitReady(t, name)
	}
	calls.end(t, "drain with Bridge")
}

// slowestStart returns how long the slowest of the Performers' pods took from its creation until it was ready.
func slowestStart(t *testing.T, ns *realcluster.Namespace, performers []string) time.Duration {
	t.Helper()
	var slowest time.Duration
	for _, name := range performers {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), ns.WaitReady(t, name).Status.PodName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, readySince(t, pod).Sub(pod.CreationTimestamp.Time))
	}
	return slowest
}

// readySince returns when the pod became ready, in whole seconds.
func readySince(t *testing.T, pod *corev1.Pod) time.Time {
	t.Helper()
	i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
	if i < 0 || pod.Status.Conditions[i].Status != corev1.ConditionTrue {
		t.Fatalf("Pod %s is not ready: %+v", pod.Name, pod.Status.Conditions)
	}
	return pod.Status.Conditions[i].LastTransitionTime.Time
}

// performerCount returns how many Performers are drained.
func performerCount(t *testing.T) int {
	t.Helper()
	if testing.Short() {
		return 3
	}
	return 21
}

// surge sets the type of disruption.
func surge(spec *v1alpha1.PerformerSpec) {
	spec.Disruption = &v1alpha1.Disruption{Type: v1alpha1.SurgeDisruption}
}

// drainingFor sets drainSeconds.
func drainingFor(seconds int32) func(*v1alpha1.PerformerSpec) {
	return func(spec *v1alpha1.PerformerSpec) {
		spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: &seconds}
	}
}

// startOn creates Performers whose first pods are on the node, waits until they are ready, and returns their names.
func startOn(t *testing.T, ns *realcluster.Namespace, node string, count int, change func(*v1alpha1.PerformerSpec)) []string {
	t.Helper()
	for _, other := range cluster.RealNodes(t) {
		if other != node {
			cordon(t, other)
		}
	}
	var names []string
	for i := range count {
		performer := ns.Performer(fmt.Sprintf("p%d", i))
		change(&performer.Spec)
		ns.Create(t, performer)
		names = append(names, performer.Name)
	}
	for _, name := range names {
		ns.WaitFor(t, name, "to be ready on its first pod", realcluster.ReadyOn(0))
	}
	for _, other := range cluster.RealNodes(t) {
		if other != node {
			cluster.MustRun(t, "kubectl", "uncordon", other)
		}
	}
	return names
}

// cordon makes a node unschedulable, until the end of the test at the latest.
func cordon(t *testing.T, node string) {
	t.Helper()
	t.Cleanup(func() {
		if output, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "uncordon", node); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	})
	cluster.MustRun(t, "kubectl", "cordon", node)
}

// drain drains a node, as an administrator does.
func drain(t *testing.T, node string) {
	t.Helper()
	if err := <-startDrain(t, node); err != nil {
		t.Fatalf("draining %s: %v", node, err)
	}
}

// startDrain begins to drain a node, with further arguments of kubectl drain. The channel receives the result.
func startDrain(t *testing.T, node string, args ...string) <-chan error {
	t.Helper()
	cordon(t, node)
	result := make(chan error, 1)
	go func() {
		output, err := cluster.Kubectl(t.Context(), append([]string{"drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=4m"}, args...)...)
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, output)
		}
		result <- err
	}()
	return result
}

func waitForBudget(t *testing.T, ns *realcluster.Namespace, performer string) {
	t.Helper()
	wait.For(t, "the disruption controller to count the pod of "+performer, func(ctx context.Context) error {
		budget, err := ns.Kube.PolicyV1().PodDisruptionBudgets(ns.Name).Get(ctx, "performer-"+performer, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if budget.Status.CurrentHealthy != 1 || budget.Status.ObservedGeneration != budget.Generation {
			return fmt.Errorf("its status is %+v", budget.Status)
		}
		return nil
	})
}

// calls are two clients of each of several Performers: one holds a connection, the other dials for each call.
type calls map[string]*realcluster.Load

func callAll(t *testing.T, ns *realcluster.Namespace, performers []string, flags ...string) calls {
	t.Helper()
	all := calls{}
	for _, name := range performers {
		all[name+", held connection"] = cluster.StartLoad(t, ns.Address(name, 8080), false, flags...)
		all[name+", new connections"] = cluster.StartLoad(t, ns.Address(name, 8080), true, flags...)
	}
	return all
}

// end ends the clients, prints what they saw, and fails the test if a call was lost.
func (c calls) end(t *testing.T, what string) {
	t.Helper()
	longest, made := 0, 0
	var lost []string
	for name, load := range c {
		summary := load.End(t)
		longest, made = max(longest, summary.LongestGapMillis), made+summary.Calls
		if summary.Failed > 0 {
			lost = append(lost, name+": "+summary.String())
		}
	}
	t.Logf("MEASURED %s: %d calls, %d clients lost some, longest gap %d ms", what, made, len(lost), longest)
	if len(lost) > 0 {
		t.Errorf("want no call lost:\n%s", strings.Join(lost, "\n"))
	}
}
