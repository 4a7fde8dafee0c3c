// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

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

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// history is every version that the objects of one namespace went through, in the order in which
// they did: the versions of all objects of one etcd count together.
type history struct {
	*testing.T
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

// watched makes a lister of the methods of a typed client.
func watched[T runtime.Object](
	list func(context.Context, metav1.ListOptions) (T, error),
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error),
) lister {
	return lister{
		func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return list(ctx, o) },
		watch,
	}
}

// recordHistory records what happens in the namespace of w from now to the end of the test.
func recordHistory(w world) *history {
	w.Helper()
	performers, pods := hourglass.HourglassV1alpha1().Performers(w.namespace), kube.CoreV1().Pods(w.namespace)
	services, slices := kube.CoreV1().Services(w.namespace), kube.DiscoveryV1().EndpointSlices(w.namespace)
	h := &history{T: w.T, namespace: w.namespace, lists: map[string]lister{
		"performer": watched(performers.List, performers.Watch),
		"pod":       watched(pods.List, pods.Watch),
		"service":   watched(services.List, services.Watch),
		"slice":     watched(slices.List, slices.Watch),
	}}
	for kind, client := range h.lists {
		list, err := client.list(w.Context(), metav1.ListOptions{})
		if err != nil {
			w.Fatal(err)
		}
		for _, object := range itemsOf(w.T, list) {
			h.add(kind, object, false)
		}
		meta, err := apimeta.ListAccessor(list)
		if err != nil {
			w.Fatal(err)
		}
		watching, err := client.watch(w.Context(), metav1.ListOptions{ResourceVersion: meta.GetResourceVersion()})
		if err != nil {
			w.Fatal(err)
		}
		w.Cleanup(watching.Stop)
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

func itemsOf(t *testing.T, list runtime.Object) []metav1.Object {
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
	wait.For(h.T, "the watches", func(ctx context.Context) error {
		live := map[string]uint64{}
		for kind, client := range h.lists {
			list, err := client.list(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, object := range itemsOf(h.T, list) {
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
			return fmt.Errorf("there are %v, and seen were %v", live, seen)
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

// checkNoGap wants that from the moment in which the Service of the Performer first led to a ready
// pod it always did, by the pods' labels and by the endpoint slices.
func (h *history) checkNoGap(name string) {
	h.Helper()
	var served, shown bool
	for _, m := range h.moments() {
		has := len(m.reached(name)) > 0
		if served && !has {
			h.Errorf("%s: the Service selects no ready pod after %s changed: %s", name, m.changed.key, m.describe(name))
		}
		served = has
		has = len(m.shown(name)) > 0
		if shown && !has {
			h.Errorf("%s: the endpoint slice shows no ready pod after %s changed: %s", name, m.changed.key, m.describe(name))
		}
		shown = has
	}
	if !served {
		h.Errorf("%s: nothing serves in the end", name)
	}
}

func (m *moment) describe(name string) string {
	text := ""
	for _, pod := range m.pods(name) {
		text += fmt.Sprintf("%s ready=%v; ", kubelet.Describe(pod), podReady(pod))
	}
	return text
}

// mostPods returns the most pods that the Performer had at a time, those that were going included.
func (h *history) mostPods(name string) int {
	most := 0
	for _, m := range h.moments() {
		most = max(most, len(m.pods(name)))
	}
	return most
}

// recent is how many versions of a Performer back its status may look. The operator sees the pods a
// moment before it writes what it saw, and a user may write in between.
const recent = 3

// checkStatuses judges every status that the Performer had.
func (h *history) checkStatuses(name string) {
	h.Helper()
	var since []int // moments of the Performer's versions
	var last int64 = -1
	all := h.moments()
	for i, m := range all {
		p, ok := m.changed.object.(*v1alpha1.Performer)
		if !ok || p.Name != name {
			continue
		}
		since = append(since, i)
		window := all[since[max(0, len(since)-1-recent)] : i+1]
		for _, complaint := range judge(p, window, last) {
			h.Errorf("%s, version %d, generation %d: %s\n%+v\n%s", name, m.changed.number, p.Generation, complaint, p.Status, m.describe(name))
		}
		last = max(last, p.Status.ObservedGeneration)
	}
	if len(since) == 0 {
		h.Errorf("no version of %s was seen", name)
	}
}

// judge says what is wrong with a status.
func judge(p *v1alpha1.Performer, window []moment, observedBefore int64) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	status := &p.Status
	if status.ObservedGeneration < observedBefore {
		complain("observedGeneration goes back from %d", observedBefore)
	}
	if status.ObservedGeneration > p.Generation {
		complain("observedGeneration is ahead of the generation")
	}
	seen := func(holds func(*moment, *corev1.Pod) bool) bool {
		return slices.ContainsFunc(window, func(m moment) bool {
			return slices.ContainsFunc(m.pods(p.Name), func(pod *corev1.Pod) bool { return holds(&m, pod) })
		})
	}
	if status.ObservedGeneration >= 0 && status.Ready && !seen(func(_ *moment, pod *corev1.Pod) bool { return podReady(pod) }) {
		complain("ready, and there is no ready pod")
	}
	if kstatus(p) == kstatusCurrent && !seen(func(m *moment, pod *corev1.Pod) bool {
		return slices.Contains(m.reached(p.Name), pod) && pod.Annotations[render.AnnotationRevision] == render.Revision(&p.Spec)
	}) {
		complain("Current for kstatus, and no pod of this generation serves")
	}
	if status.ObservedGeneration < 0 {
		return complaints // not of this operator
	}
	var types []string
	for _, c := range status.Conditions {
		types = append(types, c.Type)
		if c.Reason == "" || c.Message == "" {
			complain("%s has reason %q and message %q", c.Type, c.Reason, c.Message)
		}
		if c.ObservedGeneration != status.ObservedGeneration {
			complain("%s is of generation %d", c.Type, c.ObservedGeneration)
		}
		if (c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled) && c.Status != metav1.ConditionTrue {
			complain("%s is there and not true", c.Type)
		}
	}
	settled := []string{v1alpha1.ConditionAvailable, v1alpha1.ConditionProgressing, v1alpha1.ConditionDegraded, v1alpha1.ConditionReady}
	want := slices.Clone(settled)
	for _, c := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if slices.Contains(types, c) {
			want = slices.Insert(slices.Clone(settled), 3, c)
		}
	}
	if !slices.Equal(types, want) {
		complain("the conditions are %v", types)
	}
	if ready := apimeta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady); ready && !status.Ready {
		complain("the condition Ready is true and the field is not")
	} else if ready != (len(types) == len(settled)) {
		complain("Ready is %v beside %v", ready, types)
	}
	if available := apimeta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionAvailable); available != status.Ready {
		complain("the condition Available is %v and the field ready is %v", available, status.Ready)
	}
	if status.Phase == "" || status.UpdateRevision == "" {
		complain("phase %q, updateRevision %q", status.Phase, status.UpdateRevision)
	}
	return complaints
}

// What kstatus says of an object.
const (
	kstatusCurrent     = "Current"
	kstatusInProgress  = "InProgress"
	kstatusFailed      = "Failed"
	kstatusTerminating = "Terminating"
)

// kstatus computes what Helm and Flux wait for, by the rules of sigs.k8s.io/cli-utils for a kind that
// it does not know.
func kstatus(p *v1alpha1.Performer) string {
	switch {
	case p.DeletionTimestamp != nil:
		return kstatusTerminating
	case p.Status.ObservedGeneration != p.Generation:
		return kstatusInProgress
	}
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == "Reconciling" && c.Status == metav1.ConditionTrue:
			return kstatusInProgress
		case c.Type == "Stalled" && c.Status == metav1.ConditionTrue:
			return kstatusFailed
		}
	}
	if c := apimeta.FindStatusCondition(p.Status.Conditions, "Ready"); c != nil && c.Status != metav1.ConditionTrue {
		return kstatusInProgress
	}
	return kstatusCurrent
}
