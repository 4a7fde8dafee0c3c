// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// LegacyRevision is the revision of a pod that an earlier operator made, and that is not what is
// asked for now. It serves until an upgrade replaces it.
const LegacyRevision = "legacy"

// NeedsWhole tells whether a decision about pod needs all of it: it has not been taken over yet, and
// is to be compared in everything that an earlier operator rendered.
func NeedsWhole(pod *corev1.Pod) bool {
	return pod.Annotations[AnnotationRevision] == "" && stateOf(pod) != podDying
}

// planAdoption takes over the living pods that an earlier operator made, and tells whether there
// were any. What they run is not touched; they get our labels, and with them the traffic.
func planAdoption(plan *Plan, o Observed, views []podView, hw hardware) bool {
	found := false
	for i := range views {
		v := &views[i]
		if v.revision() != "" || !v.alive() {
			continue
		}
		found = true
		revision, hash := LegacyRevision, ""
		if rendersTheSame(v.Pod, buildPod(o.Performer, 0, hw)) {
			revision, hash = Revision(&o.Performer.Spec), ResourcesHash(&o.Performer.Spec)
		}
		labels := podLabels(o.Performer, revision)
		labels[LabelServing] = ServingTrue
		plan.do(PatchPod{v.Pod, labels, map[string]string{
			AnnotationRevision:     revision,
			AnnotationResources:    hash,
			AnnotationServingSince: stamp(o.Now),
		}})
	}
	return found
}

// rendersTheSame tells whether a live pod is what is asked for, in all that the earlier operator
// rendered. What that operator did not know, such as probes, and what the server, admission and
// schedulers add, makes no difference.
func rendersTheSame(live, asked *corev1.Pod) bool {
	have, want := performerContainer(live), performerContainer(asked)
	if have == nil {
		return false
	}
	port, _ := listensOn(live, 0)
	wantPort, _ := listensOn(asked, 0)
	account := func(pod *corev1.Pod) string { return cmp.Or(pod.Spec.ServiceAccountName, "default") }
	return have.Image == want.Image &&
		cmp.Or(have.ImagePullPolicy, corev1.PullIfNotPresent) == cmp.Or(want.ImagePullPolicy, corev1.PullIfNotPresent) &&
		slices.Equal(have.Command, want.Command) && slices.Equal(have.Args, want.Args) &&
		sameEnvironment(have.Env, want.Env) &&
		port == wantPort &&
		holds(have.Resources, want.Resources) && // and more, where a LimitRange filled it in
		maps.Equal(live.Spec.NodeSelector, asked.Spec.NodeSelector) &&
		equality.Semantic.DeepEqual(live.Spec.Affinity, asked.Spec.Affinity) &&
		toleratesAll(live.Spec.Tolerations, asked.Spec.Tolerations) &&
		equality.Semantic.DeepEqual(live.Spec.RuntimeClassName, asked.Spec.RuntimeClassName) &&
		(asked.Spec.PriorityClassName == "" || live.Spec.PriorityClassName == asked.Spec.PriorityClassName) &&
		account(live) == account(asked) &&
		pullsWith(live.Spec.ImagePullSecrets, asked.Spec.ImagePullSecrets) &&
		asksForNothingNewer(asked)
}

// asksForNothingNewer tells whether a pod has none of what only this operator renders.
func asksForNothingNewer(asked *corev1.Pod) bool {
	plain := buildPod(&v1alpha1.Performer{}, 0, hardware{})
	c, p := performerContainer(asked), performerContainer(plain)
	return len(asked.Spec.Volumes) == 0 && len(c.VolumeMounts) == 0 && len(asked.Spec.TopologySpreadConstraints) == 0 &&
		asked.Spec.TerminationGracePeriodSeconds == nil &&
		equality.Semantic.DeepEqual(asked.Spec.SecurityContext, plain.Spec.SecurityContext) &&
		equality.Semantic.DeepEqual(c.SecurityContext, p.SecurityContext)
}

// sameEnvironment compares as sets: the earlier operator rendered a map in any order.
func sameEnvironment(a, b []corev1.EnvVar) bool {
	return equality.Semantic.DeepEqual(byName(a), byName(b))
}

func byName(env []corev1.EnvVar) map[string]corev1.EnvVar {
	named := make(map[string]corev1.EnvVar, len(env))
	for _, e := range env {
		named[e.Name] = e
	}
	return named
}

// toleratesAll tells whether each toleration asked for is there. The server adds some of its own.
func toleratesAll(have, asked []corev1.Toleration) bool {
	for _, want := range asked {
		if !slices.ContainsFunc(have, func(t corev1.Toleration) bool { return equality.Semantic.DeepEqual(t, want) }) {
			return false
		}
	}
	return true
}

// pullsWith tells whether each secret asked for is there. Admission adds those of the account.
func pullsWith(have, asked []corev1.LocalObjectReference) bool {
	for _, want := range asked {
		if !slices.Contains(have, want) {
			return false
		}
	}
	return true
}
