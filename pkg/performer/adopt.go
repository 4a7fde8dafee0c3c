// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// LegacyRevision is the revision of a pod of the earlier operator that does not match the spec. It
// serves until an upgrade replaces it.
const LegacyRevision = "legacy"

// NeedsFullObject reports whether a decision about pod needs the full object: the pod has not been
// adopted yet, and is compared in every field that the earlier operator rendered.
func NeedsFullObject(pod *corev1.Pod) bool {
	return pod.Annotations[render.AnnotationRevision] == "" && stateOf(pod) != podDying
}

// planAdoption adopts the live pods of the earlier operator, and reports whether there were any. What
// they run is not touched. They get our labels, and with these the traffic.
func (a *Assessment) planAdoption(plan *Plan) bool {
	found := false
	for _, p := range a.pods {
		if p.revision() != "" || !p.alive() {
			continue
		}
		found = true
		revision, hash, requested := LegacyRevision, "", ""
		if matchesLegacyPod(p.Pod, a.newPod(0)) {
			revision, hash, requested = a.revision, a.resourcesHash, a.requestedResources()
		}
		labels := render.PodLabels(a.Performer, revision)
		labels[render.LabelServing] = render.ServingTrue
		plan.addActions(PatchPod{p.Pod, labels, map[string]string{
			render.AnnotationRevision:           revision,
			render.AnnotationResources:          hash,
			render.AnnotationRequestedResources: requested,
			render.AnnotationServingSince:       render.Timestamp(a.Now),
		}})
	}
	return found
}

// matchesLegacyPod reports whether a live pod equals the desired one in every field that the earlier
// operator rendered. What that operator did not know, such as probes, and what the API server,
// admission and schedulers add, makes no difference.
func matchesLegacyPod(live, desired *corev1.Pod) bool {
	have, want := performerContainer(live), performerContainer(desired)
	if have == nil {
		return false
	}
	port, _ := listensOn(live, 0)
	wantPort, _ := listensOn(desired, 0)
	account := func(pod *corev1.Pod) string { return cmp.Or(pod.Spec.ServiceAccountName, "default") }
	return have.Image == want.Image &&
		cmp.Or(have.ImagePullPolicy, corev1.PullIfNotPresent) == cmp.Or(want.ImagePullPolicy, corev1.PullIfNotPresent) &&
		slices.Equal(have.Command, want.Command) && slices.Equal(have.Args, want.Args) &&
		sameEnvironment(have.Env, want.Env) &&
		port == wantPort &&
		holds(have.Resources, want.Resources) && // it may hold more, which a LimitRange added
		maps.Equal(live.Spec.NodeSelector, desired.Spec.NodeSelector) &&
		equality.Semantic.DeepEqual(live.Spec.Affinity, desired.Spec.Affinity) &&
		toleratesAll(live.Spec.Tolerations, desired.Spec.Tolerations) &&
		equality.Semantic.DeepEqual(live.Spec.RuntimeClassName, desired.Spec.RuntimeClassName) &&
		(desired.Spec.PriorityClassName == "" || live.Spec.PriorityClassName == desired.Spec.PriorityClassName) &&
		account(live) == account(desired) &&
		pullsWith(live.Spec.ImagePullSecrets, desired.Spec.ImagePullSecrets) &&
		usesOnlyLegacyFields(desired)
}

// usesOnlyLegacyFields reports whether a pod has no field that only this operator renders.
func usesOnlyLegacyFields(desired *corev1.Pod) bool {
	plain := render.Pod(&v1alpha1.Performer{}, 0, render.Hardware{})
	c, p := performerContainer(desired), performerContainer(plain)
	return len(desired.Spec.Volumes) == 0 && len(c.VolumeMounts) == 0 && len(desired.Spec.TopologySpreadConstraints) == 0 &&
		ptr.Deref(desired.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds) ==
			corev1.DefaultTerminationGracePeriodSeconds+int64(sleepBeforeStop(desired).Seconds()) &&
		equality.Semantic.DeepEqual(desired.Spec.SecurityContext, plain.Spec.SecurityContext) &&
		equality.Semantic.DeepEqual(c.SecurityContext, p.SecurityContext)
}

// sameEnvironment compares the variables as sets: the earlier operator rendered a map in any order.
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

// toleratesAll reports whether have contains each desired toleration. The API server adds others.
func toleratesAll(have, desired []corev1.Toleration) bool {
	for _, want := range desired {
		if !slices.ContainsFunc(have, func(t corev1.Toleration) bool { return equality.Semantic.DeepEqual(t, want) }) {
			return false
		}
	}
	return true
}

// pullsWith reports whether have contains each desired secret. Admission adds those of the account.
func pullsWith(have, desired []corev1.LocalObjectReference) bool {
	for _, want := range desired {
		if !slices.Contains(have, want) {
			return false
		}
	}
	return true
}
