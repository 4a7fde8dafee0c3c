// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planLabels restores the labels that somebody removed: those by which a pod is watched, selected and
// identified. It comes first, so that a pod that is out of sight without them is seen again.
func (a *Assessment) planLabels(plan *Plan) {
	for _, p := range a.pods {
		if lost := missingPodLabels(a.Performer, p); lost != nil {
			plan.addActions(PatchPod{p.Pod, lost, nil})
		}
	}
}

// MissingPodLabels returns the labels that a pod of p must have and lacks, or nil: those by which it is
// watched, selected and identified. A pod of the earlier operator that has not been adopted yet only
// needs the one by which it is watched.
func MissingPodLabels(p *v1alpha1.Performer, pod *corev1.Pod) map[string]string {
	return missingPodLabels(p, &assessedPod{Pod: pod})
}

func missingPodLabels(p *v1alpha1.Performer, pod *assessedPod) map[string]string {
	if pod.revision() == "" {
		return missing(pod.Labels, map[string]string{render.LabelPerformer: render.LabelValue(p.Name)})
	}
	labels := render.PodLabels(p, pod.revision())
	if pod.serves() {
		labels[render.LabelServing] = render.ServingTrue
	}
	return missing(pod.Labels, labels)
}

// missing returns the entries of want that have lacks or that differ there, or nil.
func missing(have, want map[string]string) map[string]string {
	var lacks map[string]string
	for key, value := range want {
		if have[key] != value {
			if lacks == nil {
				lacks = map[string]string{}
			}
			lacks[key] = value
		}
	}
	return lacks
}
