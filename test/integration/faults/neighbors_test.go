// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestWorstNeighbors has one namespace with many Performers of almost the largest size, whose pods
// never become ready, and has an operator start with them. It must stay within its memory, and serve a
// Performer of another namespace.
func TestWorstNeighbors(t *testing.T) {
	const (
		performers = 60
		// memory is less than half of what the container has in manifests/manager, since CI has no time
		// for more Performers. soft is what the manager sets for the Go runtime with that limit.
		memory = 128 << 20
		soft   = memory - memory/10
	)
	// 240 KiB of environment.
	environment := map[string]string{}
	for i := range 120 {
		environment[fmt.Sprintf("VARIABLE_%03d", i)] = strings.Repeat("x", 2<<10)
	}
	w := newWorld(t, 1)
	greedy := w.cluster.CreateNamespace(t)
	client := w.cluster.Hourglass.HourglassV1alpha1().Performers(greedy)
	for i := range performers {
		p := &v1alpha1.Performer{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i)},
			Spec:       v1alpha1.PerformerSpec{AVSAddress: "0xabc", Image: "repo:1", Config: v1alpha1.PerformerConfig{Environment: environment}},
		}
		if _, err := client.Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	m := controlplane.StartPlainManager(t, w.user.Kubeconfig, soft)
	m.AwaitReady()
	m.AwaitLog("Starting workers")
	w.create()
	w.settled()
	await := func(what string, want int64, list func(context.Context, metav1.ListOptions) (runtime.Object, error)) {
		t.Helper()
		wait.For(t, what, func(ctx context.Context) error {
			page, err := list(ctx, metav1.ListOptions{Limit: 1})
			if err != nil {
				return err
			}
			count := int64(apimeta.LenList(page))
			if meta, err := apimeta.ListAccessor(page); err == nil {
				count += ptr.Deref(meta.GetRemainingItemCount(), 0)
			}
			if count != want {
				return fmt.Errorf("there are %d, want %d", count, want)
			}
			return nil
		})
	}
	await("the pods of the other namespace", performers, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return w.cluster.Kube.CoreV1().Pods(greedy).List(ctx, o)
	})
	w.upgrade(w.names[0])
	w.settled()
	for i := range performers {
		if err := client.Delete(t.Context(), fmt.Sprintf("p%d", i), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	await("the Performers of the other namespace to be gone", 0, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return client.List(ctx, o)
	})
	peak := peakMemory(t, m)
	t.Logf("the manager took %d MiB of memory", peak>>20)
	if peak > memory {
		t.Errorf("the manager took %d MiB of memory, want at most %d", peak>>20, memory>>20)
	}
}

// peakMemory returns the largest resident size of a manager so far, in bytes.
func peakMemory(t *testing.T, m *controlplane.Manager) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(status)
	if found == nil {
		t.Fatal("no VmHWM")
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
