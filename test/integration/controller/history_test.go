// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// history is every version that the objects of a namespace had, in order: all objects of an etcd
// share one count of versions.
type history struct {
	testing.TB
	namespace string
	lists     map[string]lister

	mu       sync.Mutex
	versions []version
}

// version is one object as it was from one moment on.
type version struct {
	number uint64
	key    string // kind and name
	object metav1.Object
	gone   bool
}

// lister lists and watches the objects of one kind.
type lister struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// watched makes a lister from the methods of a typed client.
func watched[T runtime.Object](
	list func(context.Context, metav1.ListOptions) (T, error),
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error),
) lister {
	return lister{
		func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return list(ctx, o) },
		watch,
	}
}

// recordHistory records what happens in the namespace from now to the end of the test.
func recordHistory(ns controlplane.Namespace) *history {
	ns.Helper()
	performers, pods := hourglass.HourglassV1alpha1().Performers(ns.Name), kube.CoreV1().Pods(ns.Name)
	services, slices := kube.CoreV1().Services(ns.Name), kube.DiscoveryV1().EndpointSlices(ns.Name)
	h := &history{TB: ns.TB, namespace: ns.Name, lists: map[string]lister{
		"performer": watched(performers.List, performers.Watch),
		"pod":       watched(pods.List, pods.Watch),
		"service":   watched(services.List, services.Watch),
		"slice":     watched(slices.List, slices.Watch),
	}}
	for kind, client := range h.lists {
		list, err := client.list(ns.Context(), metav1.ListOptions{})
		if err != nil {
			ns.Fatal(err)
		}
		for _, object := range itemsOf(ns.TB, list) {
			h.add(kind, object, false)
		}
		meta, err := apimeta.ListAccessor(list)
		if err != nil {
			ns.Fatal(err)
		}
		watching, err := client.watch(ns.Context(), metav1.ListOptions{ResourceVersion: meta.GetResourceVersion()})
		if err != nil {
			ns.Fatal(err)
		}
		ns.Cleanup(watching.Stop)
		go func() {
			for event := range watching.ResultChan() {
				if object, ok := event.Object.(metav1.Object); ok {
					h.add(kind, object, event.Type == watch.Deleted)
				}
			}
		}()
	}
	return h
}

func itemsOf(t testing.TB, list runtime.Object) []metav1.Object {
	t.Helper()
	var objects []metav1.Object
	err := apimeta.EachListItem(list, func(o runtime.Object) error {
		objects = append(objects, o.(metav1.Object))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func numberOf(object metav1.Object) uint64 {
	n, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (h *history) add(kind string, object metav1.Object, gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.versions = append(h.versions, version{numberOf(object), kind + "/" + object.GetName(), object, gone})
}

// moment is the namespace as it was after one change.
type moment struct {
	changed version
	objects map[string]metav1.Object
}

// moments waits until the history holds all that the API server has, and returns it.
func (h *history) moments() []moment {
	h.Helper()
	var versions []version
	wait.For(h.TB, "the watches to catch up", func(ctx context.Context) error {
		live := map[string]uint64{}
		for kind, client := range h.lists {
			list, err := client.list(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, object := range itemsOf(h.TB, list) {
				live[kind+"/"+object.GetName()] = numberOf(object)
			}
		}
		h.mu.Lock()
		versions = slices.Clone(h.versions)
		h.mu.Unlock()
		slices.SortStableFunc(versions, func(a, b version) int { return cmp.Compare(a.number, b.number) })
		seen := map[string]uint64{}
		for _, v := range versions {
			seen[v.key] = v.number
			if v.gone {
				delete(seen, v.key)
			}
		}
		if !maps.Equal(live, seen) {
			return fmt.Errorf("there are %v, and the watches saw %v", live, seen)
		}
		return nil
	})
	var all []moment
	objects := map[string]metav1.Object{}
	for _, v := range versions {
		objects = maps.Clone(objects)
		objects[v.key] = v.object
		if v.gone {
			delete(objects, v.key)
		}
		all = append(all, moment{v, objects})
	}
	return all
}

// pods returns the pods that the Performer of the given name had.
func (m *moment) pods(name string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, object := range m.objects {
		if pod, ok := object.(*corev1.Pod); ok {
			if owner := metav1.GetControllerOf(pod); owner != nil && owner.Name == name {
				pods = append(pods, pod)
			}
		}
	}
	return pods
}

func podReady(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// reached returns the ready pods that the Performer's Service selected.
func (m *moment) reached(name string) []*corev1.Pod {
	service, ok := m.objects["service/performer-"+name].(*corev1.Service)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(m.pods(name), func(pod *corev1.Pod) bool {
		return !podReady(pod) || !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels))
	})
}

// shown returns the names of the pods that the Service's endpoint slice showed ready.
func (m *moment) shown(name string) []string {
	var names []string
	if slice, ok := m.objects["slice/performer-"+name+"-test"].(*discoveryv1.EndpointSlice); ok {
		for _, endpoint := range slice.Endpoints {
			if ptr.Deref(endpoint.Conditions.Ready, true) {
				names = append(names, endpoint.TargetRef.Name)
			}
		}
	}
	return names
}

// mostPods returns the most pods that the Performer had at a time, including those that were
// terminating.
func (h *history) mostPods(name string) int {
	most := 0
	for _, m := range h.moments() {
		most = max(most, len(m.pods(name)))
	}
	return most
}
