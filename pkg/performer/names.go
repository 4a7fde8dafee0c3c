// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Labels and annotations of the Pods and Services that the operator makes.
const (
	// LabelApp is AppName on everything of a performer. Informers are narrowed by it.
	LabelApp = "app"
	// AppName is the value of LabelApp.
	AppName = "hourglass-performer"
	// LabelPerformer is the name of the Performer.
	LabelPerformer = "hourglass.eigenlayer.io/performer"
	// LabelAVS is the AVS address, made a valid label value.
	LabelAVS = "hourglass.eigenlayer.io/avs"
	// LabelRevision is the revision that the pod was made from.
	LabelRevision = "hourglass.eigenlayer.io/revision"
	// LabelServing is ServingTrue on the pod that takes traffic.
	LabelServing = "hourglass.eigenlayer.io/serving"
	// ServingTrue is the only value of LabelServing.
	ServingTrue = "true"
	// LabelManagedBy is ManagedBy on everything that the operator made.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "hourglass-operator"

	// AnnotationRevision is the revision that the pod was made from. LabelRevision says the same for
	// selecting; this is what is gone by, since labels are what people edit.
	AnnotationRevision = "hourglass.eigenlayer.io/revision"
	// AnnotationServingSince is when the pod got LabelServing, in RFC 3339.
	AnnotationServingSince = "hourglass.eigenlayer.io/serving-since"
	// AnnotationDrainingSince is when the pod lost LabelServing to its successor, in RFC 3339.
	AnnotationDrainingSince = "hourglass.eigenlayer.io/draining-since"
	// AnnotationResizeRefused is the hash of the resources that the cluster does not give the pod
	// without a restart.
	AnnotationResizeRefused = "hourglass.eigenlayer.io/resize-refused"
	// AnnotationAdmittedImage is the image of a pod for which admission put in another one than was
	// asked for, of a mirror say.
	AnnotationAdmittedImage = "hourglass.eigenlayer.io/admitted-image"
	// AnnotationResources is the hash of spec.resources that the pod was made with. It is kept
	// apart from the revision since resources can change without a restart.
	AnnotationResources = "hourglass.eigenlayer.io/resources"

	// Finalizer holds a Performer until its Service and pods are gone in good order.
	Finalizer = "hourglass.eigenlayer.io/performer-finalizer"
)

const (
	// DefaultGRPCPort is the port of a Performer that names none. It equals the CRD's default.
	DefaultGRPCPort = 9090
	// DefaultClusterDomain is the DNS domain of a cluster that was not told another.
	DefaultClusterDomain = "cluster.local"

	namePrefix = "performer-"
	// maxNameLength is what namePrefix leaves of a Service name.
	maxNameLength = validation.DNS1035LabelMaxLength - len(namePrefix)
)

// GroupVersionKind of a Performer, for owner references and events.
var gvk = v1alpha1.SchemeGroupVersion.WithKind("Performer")

// ServiceName returns the name of the Service of the Performer of the given name. Clients compute
// it by themselves, so it is part of the API.
func ServiceName(performer string) string {
	return namePrefix + performer
}

// PodName returns the name of the pod of the given ordinal.
func PodName(performer string, ordinal int32) string {
	return fmt.Sprintf("%s%s-%d", namePrefix, performer, ordinal)
}

// podOrdinal returns the ordinal in the name of a pod; ok is false for a name that is not one of
// this Performer's.
func podOrdinal(performer, pod string) (ordinal int32, ok bool) {
	digits, found := strings.CutPrefix(pod, ServiceName(performer)+"-")
	if !found {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return 0, false
	}
	return int32(n), true
}

// endpoint returns the address that clients in the cluster dial, as name:port.
func endpoint(p *v1alpha1.Performer, clusterDomain string, port int32) string {
	return fmt.Sprintf("%s.%s.svc.%s:%d", ServiceName(p.Name), p.Namespace, clusterDomain, port)
}

// GRPCPort returns the port that is asked for, or the default. An older client may have erased the
// field.
func GRPCPort(spec *v1alpha1.PerformerSpec) int32 {
	if spec.Config.GRPCPort == 0 {
		return DefaultGRPCPort
	}
	return spec.Config.GRPCPort
}

// nameProblem says why no Service can have the name of this Performer, or returns nil. The CRD
// refuses such names at creation; an object that is older than that rule may still have one.
func nameProblem(name string) *Problem {
	switch {
	case len(name) > maxNameLength:
		return &Problem{Kind: Terminal, Reason: ReasonInvalidName, Message: fmt.Sprintf(
			"metadata.name has %d characters and may have at most %d, since the Service is named %s<name>: recreate the Performer under a shorter name",
			len(name), maxNameLength, namePrefix)}
	case strings.Contains(name, "."):
		return &Problem{Kind: Terminal, Reason: ReasonInvalidName, Message: fmt.Sprintf(
			"metadata.name has a dot, but the Service is named %s<name> and a Service name can't contain one: recreate the Performer under a name without dots",
			namePrefix)}
	default:
		return nil
	}
}

// labels that everything of a Performer has and that do not differ from pod to pod.
func commonLabels(p *v1alpha1.Performer) map[string]string {
	return map[string]string{
		LabelApp:       AppName,
		LabelPerformer: labelValue(p.Name),
		LabelAVS:       labelValue(p.Spec.AVSAddress),
		LabelManagedBy: ManagedBy,
	}
}

var notInLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// labelValue returns s where it is a valid label value, and else the nearest one, with a hash of s
// so that two texts do not become one value.
func labelValue(s string) string {
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

// ControlledBy tells whether the given object is controlled by this very Performer. A Performer
// that was deleted and made again under the same name is another one.
func ControlledBy(object metav1.Object, p *v1alpha1.Performer) bool {
	return metav1.IsControlledBy(object, p)
}
