// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	// DefaultGRPCPort is the port of a Performer without one. It equals the CRD's default.
	DefaultGRPCPort = 9090
	// DefaultClusterDomain is the DNS domain of the cluster unless configured otherwise.
	DefaultClusterDomain = "cluster.local"

	namePrefix = "performer-"
	// maxNameLength is what namePrefix leaves of a Service name.
	maxNameLength = validation.DNS1035LabelMaxLength - len(namePrefix)
)

// gvk is the GroupVersionKind of a Performer, for owner references and events.
var gvk = v1alpha1.SchemeGroupVersion.WithKind("Performer")

// ServiceName returns the name of the Service of the Performer of the given name. Clients compute it
// themselves, so it is part of the API.
func ServiceName(performer string) string {
	return namePrefix + performer
}

// BudgetName returns the name of the PodDisruptionBudget of the Performer of the given name.
func BudgetName(performer string) string {
	return namePrefix + performer
}

// PodName returns the name of the pod of the given ordinal.
func PodName(performer string, ordinal int32) string {
	return fmt.Sprintf("%s%s-%d", namePrefix, performer, ordinal)
}

// PodOrdinal returns the ordinal in the name of a pod; ok is false for a name that is not one of
// this Performer's.
func PodOrdinal(performer, pod string) (ordinal int32, ok bool) {
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

// PerformerOfPod returns the name of the Performer to which a pod with the name that the operator gives
// belongs; ok is false for any other name.
func PerformerOfPod(pod string) (performer string, ok bool) {
	i := strings.LastIndex(pod, "-")
	if i < len(namePrefix) || !strings.HasPrefix(pod, namePrefix) {
		return "", false
	}
	performer = pod[len(namePrefix):i]
	_, ok = PodOrdinal(performer, pod)
	return performer, ok && performer != ""
}

// Endpoint returns the address that clients in the cluster dial, as name:port.
func Endpoint(p *v1alpha1.Performer, clusterDomain string, port int32) string {
	return fmt.Sprintf("%s.%s.svc.%s:%d", ServiceName(p.Name), p.Namespace, clusterDomain, port)
}

// GRPCPort returns the port of the spec, or the default. An older client may have erased the field.
func GRPCPort(spec *v1alpha1.PerformerSpec) int32 {
	if spec.Config.GRPCPort == 0 {
		return DefaultGRPCPort
	}
	return spec.Config.GRPCPort
}

// NameMistake returns why no Service can be named after a Performer of this name, or nil. The CRD refuses
// such names at creation; an object that is older than that rule may still have one.
func NameMistake(name string) *Mistake {
	switch {
	case len(name) > maxNameLength:
		return &Mistake{"metadata.name", fmt.Sprintf(
			"invalid name of %d characters: expected at most %d, since the Service is named %s<name>; recreate the Performer under a shorter name",
			len(name), maxNameLength, namePrefix)}
	case strings.Contains(name, "."):
		return &Mistake{"metadata.name", fmt.Sprintf(
			"invalid name %q: expected a name without dots, since the Service is named %s<name>; recreate the Performer under another name",
			name, namePrefix)}
	default:
		return nil
	}
}

// ControllerReference returns the reference by which the Performer controls an object.
func ControllerReference(p *v1alpha1.Performer) metav1.OwnerReference {
	return *metav1.NewControllerRef(p, gvk)
}

// ControlledBy reports whether this Performer controls the object. A Performer that was deleted and
// recreated under the same name is another one.
func ControlledBy(object metav1.Object, p *v1alpha1.Performer) bool {
	return metav1.IsControlledBy(object, p)
}
