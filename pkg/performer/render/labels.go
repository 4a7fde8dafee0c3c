// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Labels and annotations of the Pods and Services that the operator creates.
const (
	// LabelApp is AppName on every object of a Performer. Services are watched by it.
	LabelApp = "app"
	// AppName is the value of LabelApp.
	AppName = "hourglass-performer"
	// LabelPerformer is the name of the Performer. Pods are watched by it.
	LabelPerformer = "hourglass.eigenlayer.io/performer"
	// LabelAVS is the AVS address, made a valid label value.
	LabelAVS = "hourglass.eigenlayer.io/avs"
	// LabelRevision is the revision that the pod was created from.
	LabelRevision = "hourglass.eigenlayer.io/revision"
	// LabelServing is ServingTrue on the pod that receives traffic.
	LabelServing = "hourglass.eigenlayer.io/serving"
	// ServingTrue is the only value of LabelServing.
	ServingTrue = "true"
	// LabelManagedBy is ManagedBy on every object that the operator creates.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "hourglass-operator"

	// AnnotationRevision is the revision that the pod was created from. LabelRevision has the same
	// value, for selecting. Decisions go by the annotation, since labels are what people edit.
	AnnotationRevision = "hourglass.eigenlayer.io/revision"
	// AnnotationServingSince is when the pod got LabelServing, in RFC 3339.
	AnnotationServingSince = "hourglass.eigenlayer.io/serving-since"
	// AnnotationDrainingSince is when the pod lost LabelServing to its successor, in RFC 3339.
	AnnotationDrainingSince = "hourglass.eigenlayer.io/draining-since"
	// AnnotationMovedFrom is the node that the pod was created to leave, since that was being drained or
	// lost, and after it, separated by commas, those that its predecessors left and that still were.
	AnnotationMovedFrom = "hourglass.eigenlayer.io/moved-from"
	// AnnotationResizeRefused is the hash of the resources that the cluster can't give the pod
	// without a restart.
	AnnotationResizeRefused = "hourglass.eigenlayer.io/resize-refused"
	// AnnotationAdmittedImage is the image that admission substituted for the one in the spec, that
	// of a mirror for instance.
	AnnotationAdmittedImage = "hourglass.eigenlayer.io/admitted-image"
	// AnnotationResources is the hash of the spec.resources that the pod was created with. It is
	// separate from the revision since resources can change without a restart.
	AnnotationResources = "hourglass.eigenlayer.io/resources"
	// AnnotationRequestedResources is what the operator requested for the pod so far, as
	// RequestedResources encodes it. The pod may have other resources, which a LimitRange, a webhook
	// or an autoscaler gave it.
	AnnotationRequestedResources = "hourglass.eigenlayer.io/requested-resources"
	// AnnotationResizingSince is when the operator began to resize the pod, in RFC 3339.
	AnnotationResizingSince = "hourglass.eigenlayer.io/resizing-since"

	// Finalizer keeps a Performer until its Service and pods are gone.
	Finalizer = "hourglass.eigenlayer.io/performer-finalizer"
)

// CommonLabels are on every object of a Performer, and don't differ from pod to pod.
func CommonLabels(p *v1alpha1.Performer) map[string]string {
	return map[string]string{
		LabelApp:       AppName,
		LabelPerformer: LabelValue(p.Name),
		LabelAVS:       LabelValue(p.Spec.AVSAddress),
		LabelManagedBy: ManagedBy,
	}
}

// PodLabels are the labels that a pod of the given revision has at all times.
func PodLabels(p *v1alpha1.Performer, revision string) map[string]string {
	labels := CommonLabels(p)
	// The revision comes from an annotation, which somebody may have edited on a live pod.
	labels[LabelRevision] = LabelValue(revision)
	return labels
}

// SetServing sets the serving label on a pod that is about to be created.
func SetServing(pod *corev1.Pod, now time.Time) {
	pod.Labels[LabelServing] = ServingTrue
	pod.Annotations[AnnotationServingSince] = Timestamp(now)
}

// Timestamp formats a time for an annotation.
func Timestamp(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

var notInLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// LabelValue returns s if it is a valid label value, or else a similar valid value with a hash of s, so
// that two texts never become the same value.
func LabelValue(s string) string {
	if len(validation.IsValidLabelValue(s)) == 0 {
		return s
	}
	const hashLength = 8
	sum := sha256.Sum256([]byte(s))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	readable := strings.Trim(notInLabel.ReplaceAllString(s, "-"), "-_.")
	if keep := validation.LabelValueMaxLength - hashLength - 1; len(readable) > keep {
		readable = strings.TrimRight(readable[:keep], "-_.")
	}
	if readable == "" {
		return hash
	}
	return readable + "-" + hash
}
