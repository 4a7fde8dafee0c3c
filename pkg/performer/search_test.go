// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// world is a Performer with its Service and pods, as the API server holds them.
type world struct {
	p       *v1alpha1.Performer
	service *corev1.Service
	pods    []*corev1.Pod
	now     time.Time
	// quota is the number of pods that are allowed, apart from those that have ended; 0 means any
	// number, and -1 means no further pod.
	quota int
	// policy refuses all writes of a verb to a kind; the zero value refuses none.
	policy Write
	// memory holds the refused writes that the operator remembers.
	memory map[Write]bool
}

// step is the time between two steps, long enough for every delay to be over.
const step = time.Hour

func (w *world) clone() *world {
	c := &world{p: w.p.DeepCopy(), service: w.service.DeepCopy(), now: w.now.Add(step), quota: w.quota,
		policy: w.policy, memory: maps.Clone(w.memory)}
	for _, pod := range w.pods {
		c.pods = append(c.pods, pod.DeepCopy())
	}
	return c
}

// key distinguishes worlds by everything that can affect what follows.
func (w *world) key() string {
	pods := make([]string, 0, len(w.pods))
	for _, p := range Assess(w.observe(), testSettings).pods {
		pods = append(pods, fmt.Sprintf("%d:%d:%s:%v:%v:%v", p.ordinal, p.state, p.revision(), p.serves(), p.drains(), p.orphaned(w.p)))
	}
	slices.Sort(pods)
	return fmt.Sprint(w.p.UID, w.p.Spec.Image, w.suspended(), w.service != nil && render.ControlledBy(w.service, w.p), w.service != nil, w.policy, w.memory, w.p.Finalizers, w.p.Status.PodOrdinal, w.p.Status.PodName,
		w.p.Status.FailureCount, w.p.Status.CurrentRevision, w.p.Status.UpdateRevision, pods)
}

// observe returns an observation in which the endpoint slices are up to date.
func (w *world) observe() Observed {
	o := Observed{Performer: w.p, Pods: w.pods, Service: w.service, Now: w.now, Endpoints: map[string]bool{}, Refused: w.memory}
	for _, pod := range w.pods {
		o.Endpoints[pod.Name] = pod.Labels[render.LabelServing] == render.ServingTrue && stateOf(pod) == podReady
	}
	return o
}

// execute executes the first actions of the plan, as an operator that crashes after them, and reports
// the status if these are all. It returns how many writes succeeded.
func (w *world) execute(t *testing.T, plan Plan, actions int) (written int) {
	problem := plan.Problem
	failures := Failures{}
	for _, action := range plan.Actions[:actions] {
		if failures.Block(action) {
			failures.Add(action)
			continue
		}
		if w.refuses(action) {
			problem = &Problem{Waiting, ReasonPodRefused, "exceeded quota"}
			failures.Add(action)
			if w.memory == nil {
				w.memory = map[Write]bool{}
			}
			w.memory[WriteOf(action)] = true
			continue
		}
		delete(w.memory, WriteOf(action))
		if _, dryRun := action.(TryPod); !dryRun {
			written++
		}
		w.perform(t, action)
	}
	if actions < len(plan.Actions) {
		w.memory = nil // what the operator remembers is gone with it
		return written
	}
	status := statusOf(w.observe(), testSettings, problem)
	if w.policy != (Write{VerbReport, Target{Kind: KindPerformer}}) {
		w.p.Status = status
	}
	return written
}

// perform performs one action.
func (w *world) perform(t *testing.T, action Action) {
	switch a := action.(type) {
	case CreateService:
		w.service = a.Service
	case AdoptService:
		w.service = w.service.DeepCopy()
		w.service.OwnerReferences = []metav1.OwnerReference{render.ControllerReference(w.p)}
	case WriteStatus:
		w.p.Status = a.Status
	case TryPod:
	case CreatePod:
		if slices.ContainsFunc(w.pods, func(p *corev1.Pod) bool { return p.Name == a.Pod.Name }) {
			t.Fatalf("plan creates pod %s, which exists", a.Pod.Name)
		}
		if ordinal := w.p.Status.PodOrdinal; a.Ordinal != ordinal {
			t.Fatalf("plan creates pod %s while ordinal %d is recorded", a.Pod.Name, ordinal)
		}
		if w.recreates() && len(w.pods) > 0 {
			t.Fatalf("plan creates pod %s next to another one, although the strategy is Recreate", a.Pod.Name)
		}
		w.add(a.Pod)
	case CopyPod:
		if source := w.pod(a.Source.Name); source != nil {
			w.add(CopyOf(source, w.p, a.Ordinal, w.now))
		}
	case DeletePod:
		if served := w.serving(); !w.recreates() && !w.suspended() && w.p.DeletionTimestamp == nil && slices.Equal(served, []string{a.Live.Name}) {
			t.Fatalf("plan deletes pod %s, which alone receives calls: %s", a.Live.Name, a.Why)
		}
		dying(w.pod(a.Live.Name))
	case AdoptPod:
		w.pod(a.Live.Name).OwnerReferences = []metav1.OwnerReference{render.ControllerReference(w.p)}
	case PatchPod:
		pod := w.pod(a.Live.Name)
		served := w.serving()
		setAll(pod.Labels, a.Labels)
		setAll(pod.Annotations, a.Annotations)
		if len(served) > 0 && len(w.serving()) == 0 && !w.suspended() {
			t.Fatalf("plan removes the traffic from the last serving pod, %s", pod.Name)
		}
	case PatchService:
		w.service = render.Service(w.p, w.service.Spec.Ports)
		if a.Change.Ports != nil {
			w.service.Spec.Ports = a.Change.Ports
		}
	case DeleteService:
		for _, pod := range w.pods {
			if w.receivesCalls(pod) {
				t.Fatalf("plan deletes the Service while pod %s receives calls", pod.Name)
			}
		}
		w.service = nil
	case SetFinalizers:
		w.p.Finalizers = a.Finalizers
	default:
		t.Fatalf("unexpected action %T", action)
	}
}

func (w *world) recreates() bool { return w.p.Spec.UpgradeStrategy != nil }

// refuses reports whether a policy refuses the action, or a quota the pod that it creates.
func (w *world) refuses(action Action) bool {
	write := WriteOf(action)
	if write.Verb == w.policy.Verb && write.Kind == w.policy.Kind {
		return true
	}
	free := 0
	switch action.(type) {
	case CreatePod, CopyPod:
	case TryPod:
		free = 1
	default:
		return false
	}
	counted := 0
	for _, pod := range w.pods {
		if stateOf(pod) != podFinished {
			counted++
		}
	}
	return w.quota < 0 || w.quota > 0 && counted-free >= w.quota
}

// add adds a pod that was just created.
func (w *world) add(pod *corev1.Pod) {
	pod = pod.DeepCopy()
	pod.UID, pod.Generation, pod.Status = types.UID("uid-"+pod.Name), 1, corev1.PodStatus{Phase: corev1.PodPending}
	w.pods = append(w.pods, pod)
}

func (w *world) pod(name string) *corev1.Pod {
	if i := slices.IndexFunc(w.pods, func(p *corev1.Pod) bool { return p.Name == name }); i >= 0 {
		return w.pods[i]
	}
	return nil
}

func (w *world) suspended() bool { return ptr.Deref(w.p.Spec.Replicas, 1) == 0 }

// receivesCalls reports whether the pod receives calls through the Service.
func (w *world) receivesCalls(pod *corev1.Pod) bool {
	return stateOf(pod) == podReady && pod.Labels[render.LabelServing] == render.ServingTrue
}

func (w *world) serving() []string {
	var names []string
	for _, pod := range w.pods {
		if w.receivesCalls(pod) {
			names = append(names, pod.Name)
		}
	}
	return names
}

// setAll sets keys like a merge patch: an empty value removes the key.
func setAll(have, set map[string]string) {
	for key, value := range set {
		if value == "" {
			delete(have, key)
		} else {
			have[key] = value
		}
	}
}

// next returns all worlds that one step leads to: a step of the operator, which may crash anywhere in
// its plan, of a kubelet, or of a user.
func (w *world) next(t *testing.T) map[string]*world {
	worlds := map[string]*world{}
	plan := planOf(w.observe(), testSettings)
	for n := range len(plan.Actions) + 1 {
		c := w.clone()
		c.execute(t, plan, n)
		worlds[fmt.Sprintf("operator executes %d of [%s]", n, brief(plan))] = c
	}
	for i, pod := range w.pods {
		add := func(what string, change func(c *world)) {
			c := w.clone()
			change(c)
			worlds[what+" "+pod.Name] = c
		}
		if pod.DeletionTimestamp != nil {
			add("kubelet removes", func(c *world) { c.pods = slices.Delete(c.pods, i, i+1) })
			continue
		}
		if stateOf(pod) == podStarting {
			add("kubelet makes ready", func(c *world) { ready(0)(c.pods[i]) })
		}
		if stateOf(pod) != podFinished {
			add("kubelet terminates", func(c *world) { ended(0)(c.pods[i]) })
		}
		add("user deletes", func(c *world) { dying(c.pods[i]) })
		add("user removes labels of", func(c *world) { c.pods[i].Labels = map[string]string{} })
	}
	change := w.clone()
	change.p.Generation++
	change.memory = nil
	change.p.Spec.Image = map[string]string{"repo:1": "repo:2", "repo:2": "repo:3", "repo:3": "repo:1"}[w.p.Spec.Image]
	worlds["user changes the image"] = change
	scale := w.clone()
	scale.p.Generation++
	scale.memory = nil
	if w.suspended() {
		scale.p.Spec.Replicas = nil
		worlds["user resumes"] = scale
	} else {
		suspended(scale.p)
		worlds["user suspends"] = scale
	}
	if w.service != nil {
		c := w.clone()
		c.service = nil
		worlds["user deletes the Service"] = c
	}
	if w.p.UID == "uid-x" && len(w.pods) > 0 {
		c := w.clone()
		c.orphan()
		worlds["user deletes the Performer with --cascade=orphan and creates it again"] = c
	}
	if w.policy != (Write{}) {
		c := w.clone()
		c.policy = Write{}
		worlds["the policy is removed"] = c
	}
	return worlds
}

// orphan replaces the Performer with another one of the same name and spec; its objects stay.
func (w *world) orphan() {
	w.p.UID, w.p.Status, w.p.Finalizers, w.memory = "uid-y", v1alpha1.PerformerStatus{ObservedGeneration: -1}, nil, nil
	for _, pod := range w.pods {
		pod.OwnerReferences = nil
	}
	w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
	if w.service != nil {
		w.service.OwnerReferences = nil
	}
}

// settle lets the operator and the kubelet work undisturbed, and returns what is wrong with the result. While
// a policy refuses writes, the operator must come to rest as well, and report it; then the policy is removed.
func (w *world) settle(t *testing.T) (wrong string) {
	if w.policy != (Write{}) {
		if !w.rests(t) {
			return "it does not come to rest while a policy refuses to " + fmt.Sprint(w.policy)
		}
		degraded := conditionOf(&w.p.Status, v1alpha1.ConditionDegraded)
		reports := w.policy.Verb != VerbReport
		if wrong := w.complaint(); reports && wrong != "" && (degraded == nil || degraded.Status != metav1.ConditionTrue) {
			return fmt.Sprintf("%s, and no condition says so, while a policy refuses to %v", wrong, w.policy)
		}
		w.policy = Write{}
	}
	if !w.rests(t) {
		return "it does not converge"
	}
	return w.complaint()
}

// rests reports whether the operator comes to rest: it writes nothing more, apart from what is refused.
func (w *world) rests(t *testing.T) bool {
	for range 20 {
		w.now = w.now.Add(step)
		plan := planOf(w.observe(), testSettings)
		before := w.p.Status.DeepCopy()
		written := w.execute(t, plan, len(plan.Actions))
		changed := written > 0 || !jsonEqual(before, w.p.Status) || plan.RequeueAfter > 0 && w.policy == (Write{})
		w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool {
			changed = changed || p.DeletionTimestamp != nil
			return p.DeletionTimestamp != nil
		})
		for _, pod := range w.pods {
			if stateOf(pod) == podStarting {
				ready(0)(pod)
				changed = true
			}
		}
		if !changed {
			return true
		}
	}
	return false
}

// refused refuses every pod from now on, and returns the writes that the operator then repeats.
func (w *world) refused(t *testing.T) (repeated string) {
	w.quota = -1
	if w.policy != (Write{}) {
		return ""
	}
	for range 4 {
		plan := planOf(w.observe(), testSettings)
		repeated = brief(plan)
		w.execute(t, plan, len(plan.Actions))
	}
	if strings.Contains(repeated, "record") || strings.Contains(repeated, "label") || strings.Contains(repeated, "traffic") {
		return repeated
	}
	return ""
}

func (w *world) complaint() string {
	revision := render.Revision(&w.p.Spec)
	if w.suspended() {
		if len(w.pods) != 0 || w.service == nil || kstatus(w.p, w.p.Status) != "Current" || w.p.Status.Phase != v1alpha1.PhaseSuspended {
			return fmt.Sprintf("it is not suspended: %d pods, status %+v", len(w.pods), w.p.Status)
		}
		return ""
	}
	switch {
	case len(w.pods) != 1:
		return fmt.Sprintf("there are %d pods", len(w.pods))
	case w.pods[0].Annotations[render.AnnotationRevision] != revision || w.pods[0].Labels[render.LabelServing] != render.ServingTrue:
		return "the pod is not the desired one, or does not serve"
	case w.service == nil:
		return "there is no Service"
	case !slices.Contains(w.p.Finalizers, render.Finalizer):
		return "there is no finalizer"
	case kstatus(w.p, w.p.Status) != "Current" || w.p.Status.PodName != w.pods[0].Name || w.p.Status.Phase != v1alpha1.PhaseRunning:
		return fmt.Sprintf("the status is %+v", w.p.Status)
	}
	return ""
}

// TestEveryStateConverges searches the states that a few steps can lead to, in any order, with the
// operator crashing anywhere, and lets each settle. Then one desired pod must be ready behind the
// Service, with nothing left to do. On the way no pod may be created under a name that exists or is not
// recorded, the pod that alone receives calls may not be deleted under BlueGreen, and there may not be two
// pods under Recreate. A quota with room for one pod in addition to the serving one is enough, and under
// Recreate one with room for the serving one.
func TestEveryStateConverges(t *testing.T) {
	for _, quota := range []int{0, 2} {
		t.Run(fmt.Sprintf("quota %d", quota), func(t *testing.T) {
			search(t, &world{p: withoutFinalizers(), now: testNow, quota: quota}, 6)
		})
	}
	for _, quota := range []int{0, 1} {
		t.Run(fmt.Sprintf("Recreate, quota %d", quota), func(t *testing.T) {
			search(t, &world{p: withoutFinalizers(recreate), now: testNow, quota: quota}, 5)
		})
	}
}

// TestRefusalsLeaveNothingWrong searches the same states while a policy refuses one verb on one kind of
// object, from a moment at which the Performer runs.
func TestRefusalsLeaveNothingWrong(t *testing.T) {
	for _, policy := range []Write{
		{VerbCreate, Target{Kind: KindPod}}, {VerbPatch, Target{Kind: KindPod}}, {VerbDelete, Target{Kind: KindPod}}, {VerbTry, Target{Kind: KindPod}},
		{VerbCreate, Target{Kind: KindService}}, {VerbPatch, Target{Kind: KindService}},
		{VerbPatch, Target{Kind: KindPerformer}}, {VerbReport, Target{Kind: KindPerformer}},
	} {
		for name, strategy := range map[string]func(*v1alpha1.Performer){"BlueGreen": func(*v1alpha1.Performer) {}, "Recreate": recreate} {
			t.Run(fmt.Sprintf("%s %s, %s", policy.Verb, policy.Kind, name), func(t *testing.T) {
				running := &world{p: withoutFinalizers(strategy), now: testNow}
				if wrong := running.settle(t); wrong != "" {
					t.Fatal(wrong)
				}
				running.policy = policy
				search(t, running, 3)
			})
		}
	}
}

func withoutFinalizers(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	return newPerformer(append(change, func(p *v1alpha1.Performer) { p.Finalizers = nil })...)
}

func search(t *testing.T, start *world, depth int) {
	type visit struct {
		world *world
		path  []string
	}
	frontier := []visit{{world: start}}
	seen := map[string]bool{start.key(): true}
	for range depth {
		var further []visit
		for _, v := range frontier {
			for event, w := range v.world.next(t) {
				if seen[w.key()] {
					continue
				}
				seen[w.key()] = true
				path := append(slices.Clone(v.path), event)
				if wrong := w.clone().settle(t); wrong != "" {
					t.Fatalf("%s after\n%s", wrong, strings.Join(path, "\n"))
				}
				if repeated := w.clone().refused(t); repeated != "" {
					t.Fatalf("while every pod is refused, the operator repeats %s after\n%s", repeated, strings.Join(path, "\n"))
				}
				further = append(further, visit{w, path})
			}
		}
		frontier = further
	}
	if len(seen) < 100 {
		t.Errorf("only %d states were reached", len(seen))
	}
	t.Logf("%d states", len(seen))
}

// TestDeletionCompletes deletes the Performer in each state that a few steps can lead to.
func TestDeletionCompletes(t *testing.T) {
	start := &world{p: newPerformer(), now: testNow}
	frontier := []*world{start}
	for range 3 {
		var further []*world
		for _, w := range frontier {
			for _, n := range w.next(t) {
				further = append(further, n)
				if problem := deletionProblem(t, n.clone()); problem != "" {
					t.Fatalf("from %s: %s", n.key(), problem)
				}
			}
		}
		frontier = further
	}
}

func deletionProblem(t *testing.T, w *world) string {
	w.p.DeletionTimestamp = &metav1.Time{Time: testNow}
	if !slices.Contains(w.p.Finalizers, render.Finalizer) {
		return ""
	}
	for range 3 {
		o := w.observe()
		o.Now = testNow // no terminating pod has exceeded its grace period
		for _, action := range planOf(o, testSettings).Actions {
			if _, releases := action.(SetFinalizers); releases {
				if w.service != nil || len(w.pods) > 0 {
					return "the finalizer is removed while the Service or pods exist"
				}
				return ""
			}
			w.perform(t, action)
		}
		w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
	}
	return "the finalizer is never removed"
}
