// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// trouble is what others do to a Performer for as long as it lasts.
type trouble struct {
	name string
	// says is the reason of a condition, or part of its message, while the trouble keeps the Performer from
	// its desired state; empty if it can't keep it from that.
	says string
	// resizes is set where the trouble is about resizes, so that the spec must have resources.
	resizes bool

	// refuses is a verb and a kind: a policy refuses every such write.
	refuses Write
	// neverResizes is set where the API server can't resize pods.
	neverResizes bool
	// kubelet is what the kubelet does in place of a resize.
	kubelet func(*corev1.Pod)
	// injects changes each pod at its creation.
	injects func(*corev1.Pod)
	// holdsPods is set if pods with an injected container don't become ready.
	holdsPods bool
	// undoes is done again after each sync of the operator.
	undoes func(*world)
	// spreads is what may happen in addition while it lasts.
	spreads func(*world)
	// begins and ends are what happens when the trouble begins and when it is over.
	begins, ends func(*world)
}

// Unable to report the status, the operator can't say why.
const silent = "(no condition)"

// policies are policies that refuse one verb on one kind.
func policies() []*trouble {
	var all []*trouble
	for kind, verbs := range map[string][]Verb{
		KindPod:       {VerbCreate, VerbTry, VerbPatch, VerbResize, VerbDelete},
		KindService:   {VerbCreate, VerbPatch, VerbDelete},
		KindPerformer: {VerbPatch, VerbReport},
	} {
		for _, verb := range verbs {
			policy := &trouble{name: fmt.Sprintf("a policy that refuses to %s each %s", verb, kind), says: "policy refuses to",
				refuses: Write{verb, Target{Kind: kind}}, resizes: verb == VerbResize}
			if verb == VerbReport {
				policy.says = silent
			}
			all = append(all, policy)
		}
	}
	slices.SortFunc(all, func(a, b *trouble) int { return strings.Compare(a.name, b.name) })
	return all
}

// resizeTroubles are the ways in which a resize fails that is not refused by a policy.
func resizeTroubles() []*trouble {
	pending := func(reason, message string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			setPodCondition(pod, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: reason, Message: message})
		}
	}
	return []*trouble{
		{name: "an API server that can't resize pods", resizes: true, neverResizes: true},
		{name: "a node without room for a resize now", resizes: true, kubelet: pending(corev1.PodReasonDeferred, "node has no room now"), says: "node has no room now"},
		{name: "a node that can never resize the pod", resizes: true, kubelet: pending(corev1.PodReasonInfeasible, "node is too small")},
		{name: "a kubelet that ignores resizes", resizes: true, kubelet: func(*corev1.Pod) {}, says: "Resizing Pod"},
	}
}

// injectors are admission webhooks that change new pods.
func injectors() []*trouble {
	container := func(pod *corev1.Pod) {
		pod.Spec.Containers = append([]corev1.Container{{Name: "mesh"}}, pod.Spec.Containers...)
	}
	initContainer := func(pod *corev1.Pod) { pod.Spec.InitContainers = []corev1.Container{{Name: "mesh"}} }
	sidecar := func(pod *corev1.Pod) {
		pod.Spec.InitContainers = []corev1.Container{{Name: "mesh", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}}
	}
	return []*trouble{
		{name: "an injector of a container", injects: container},
		{name: "an injector of a container that is never ready", injects: container, holdsPods: true, says: "container mesh"},
		{name: "an injector of an init container that never ends", injects: initContainer, holdsPods: true, says: "init container mesh"},
		{name: "an injector of a sidecar that is never ready", injects: sidecar, holdsPods: true, says: "sidecar container mesh"},
		{
			name: "an injector of a scheduling gate", says: "scheduling gate",
			injects: func(pod *corev1.Pod) { pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "queue"}} },
			ends: func(w *world) {
				for _, pod := range w.pods {
					pod.Spec.SchedulingGates = nil
				}
			},
		},
		{name: "a webhook that substitutes images", injects: func(pod *corev1.Pod) {
			performerContainer(pod).Image = "mirror/" + performerContainer(pod).Image
		}},
	}
}

// undoers are others who change back what the operator writes, once or each time.
func undoers() []*trouble {
	pods := func(change func(*corev1.Pod)) func(*world) {
		return func(w *world) {
			for _, pod := range w.ours() {
				if stateOf(pod) != podDying {
					change(pod)
				}
			}
		}
	}
	service := func(change func(*corev1.Service)) func(*world) {
		return func(w *world) {
			if w.service != nil && render.ControlledBy(w.service, w.p) {
				w.service = w.service.DeepCopy()
				change(w.service)
			}
		}
	}
	note := func(key, value string) func(*world) {
		return pods(func(pod *corev1.Pod) { pod.Annotations = patched(pod.Annotations, map[string]string{key: value}) })
	}
	const says = ReasonContended
	return []*trouble{
		{name: "somebody who removes the labels of the pods", says: says, undoes: pods(func(pod *corev1.Pod) { pod.Labels = map[string]string{} })},
		{name: "somebody who removes the serving label", says: says, undoes: pods(func(pod *corev1.Pod) { delete(pod.Labels, render.LabelServing) })},
		{name: "somebody who sets the serving label on every pod", says: says, undoes: pods(func(pod *corev1.Pod) {
			pod.Labels = patched(pod.Labels, map[string]string{render.LabelServing: render.ServingTrue})
		})},
		{name: "somebody who removes the annotations of the pods", says: says, undoes: pods(func(pod *corev1.Pod) { pod.Annotations = nil })},
		{name: "somebody who edits the revision of the pods", says: says, undoes: note(render.AnnotationRevision, "nonsense")},
		{name: "somebody who removes the traffic stamps of the pods", says: says, undoes: func(w *world) {
			note(render.AnnotationServingSince, "")(w)
			note(render.AnnotationDrainingSince, "")(w)
		}},
		{name: "somebody who edits the traffic stamps of the pods", says: says, undoes: func(w *world) {
			note(render.AnnotationServingSince, "nonsense")(w)
			note(render.AnnotationDrainingSince, "nonsense")(w)
		}},
		{name: "somebody who edits the resources recorded on the pods", resizes: true, says: says, undoes: func(w *world) {
			note(render.AnnotationResources, "nonsense")(w)
			note(render.AnnotationRequestedResources, "nonsense")(w)
		}},
		{name: "somebody who removes the owner of the pods", says: says, undoes: pods(func(pod *corev1.Pod) { pod.OwnerReferences = nil })},
		{name: "somebody who changes the image of the pods", says: says, undoes: pods(func(pod *corev1.Pod) {
			if c := performerContainer(pod); c.Image != "other" {
				c.Image = "other"
				pod.Generation++
			}
		})},
		{name: "somebody who deletes the pods", says: says, undoes: pods(dying)},
		{name: "somebody who deletes the Service", says: says, undoes: func(w *world) { w.service = nil }},
		{name: "somebody who changes the selector of the Service", says: says, undoes: service(func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "other"} })},
		{name: "somebody who widens the selector of the Service", says: says, undoes: service(func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) })},
		{name: "somebody who changes the ports of the Service", says: says, undoes: service(func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Name: "web", Port: 80, TargetPort: intstr.FromInt32(80)}}
		})},
		{name: "somebody who removes the labels of the Service", says: says, undoes: service(func(s *corev1.Service) { s.Labels = nil })},
		{name: "somebody who removes the finalizers", says: says, undoes: func(w *world) { w.p.Finalizers = nil }},
		{name: "somebody who erases the status", says: silent, undoes: func(w *world) { w.p.Status = v1alpha1.PerformerStatus{ObservedGeneration: -1} }},
	}
}

// settings are what others change once, and the operator leaves alone until they change it back.
func settings() []*trouble {
	service := func(change func(*corev1.ServiceSpec)) func(*world) {
		return func(w *world) {
			if w.service != nil {
				w.service = w.service.DeepCopy()
				change(&w.service.Spec)
			}
		}
	}
	stranger := func(name string) *trouble {
		return &trouble{
			name: "a stranger's pod " + name + " with the labels that the Service selects by",
			begins: func(w *world) {
				pod := testPod(w.p, 0, ready(0))
				pod.Name, pod.OwnerReferences, pod.Annotations = name, nil, nil
				delete(pod.Labels, render.LabelManagedBy)
				w.pods = append(w.pods, pod)
			},
			ends: func(w *world) {
				w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool { return p.Name == name })
			},
		}
	}
	return []*trouble{
		{
			name: "a Service of type ExternalName", says: "changed to type ExternalName",
			begins: service(func(s *corev1.ServiceSpec) { s.Type, s.ExternalName = corev1.ServiceTypeExternalName, "elsewhere" }),
			ends:   service(func(s *corev1.ServiceSpec) { s.Type, s.ExternalName = corev1.ServiceTypeClusterIP, "" }),
		},
		{
			name: "a headless Service", says: "made headless",
			begins: service(func(s *corev1.ServiceSpec) { s.ClusterIP = corev1.ClusterIPNone }),
			ends:   service(func(s *corev1.ServiceSpec) { s.ClusterIP = "" }),
		},
		stranger("mine"), stranger("performer-x-1"),
		{
			name: "a Service of somebody else", says: "it exists",
			begins: func(w *world) {
				w.service = &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: render.ServiceName(w.p.Name)}}
			},
			ends: func(w *world) { w.service = nil },
		},
	}
}

// allTroubles returns all of them.
func allTroubles() []*trouble {
	return slices.Concat(policies(), resizeTroubles(), injectors(), undoers(), settings())
}

// begin and end are moves of the world.
func (t *trouble) begin(w *world) {
	w.trouble = t
	for _, change := range []func(*world){t.begins, t.undoes} {
		if change != nil {
			change(w)
		}
	}
}

func (t *trouble) end(w *world) {
	w.trouble, w.memory.repaired, w.memory.created, w.memory.delayed = nil, nil, 0, false
	if t.ends != nil {
		t.ends(w)
	}
}
