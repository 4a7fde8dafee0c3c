// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	// ContainerName is the name of the pod's one container.
	ContainerName = "performer"
	// portName is the name of the gRPC port on container and Service.
	portName = "grpc"
)

// The defaults of the probes, as the CRD documents them. A start is asked for every second, so that a
// quick one is seen at once.
var (
	startupDefaults   = v1alpha1.ProbeThresholds{PeriodSeconds: 1, TimeoutSeconds: 5, FailureThreshold: 300}
	readinessDefaults = v1alpha1.ProbeThresholds{PeriodSeconds: 5, TimeoutSeconds: 5, FailureThreshold: 3}
	livenessDefaults  = v1alpha1.ProbeThresholds{PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 6}
)

// RenderPod returns the first pod that would be made for p, be it one that can't run (Check). It is for
// those who want to see it, or ask an API server about it, without making it.
func RenderPod(p *v1alpha1.Performer, s Settings) *corev1.Pod {
	hw, _ := resolveHardware(p.Spec.HardwareRequirements, s.TEEs)
	return buildPod(p, 0, hw)
}

// buildPod renders the pod of the given ordinal for what is asked for now. It has no traffic yet
// (setServing).
func buildPod(p *v1alpha1.Performer, ordinal int32, hw hardware) *corev1.Pod {
	revision := Revision(&p.Spec)
	labels := podLabels(p, revision)
	for key, value := range p.Spec.PodLabels {
		if _, ours := labels[key]; !ours && key != LabelServing {
			labels[key] = value
		}
	}
	annotations := maps.Clone(p.Spec.PodAnnotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationRevision] = revision
	annotations[AnnotationResources] = ResourcesHash(&p.Spec)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:            PodName(p.Name, ordinal),
			Namespace:       p.Namespace,
			Labels:          labels,
			Annotations:     annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(p, gvk)},
		},
		Spec: corev1.PodSpec{
			Containers:         []corev1.Container{container(&p.Spec, hw)},
			ServiceAccountName: p.Spec.Config.ServiceAccountName,
			// A token that nobody asked for is only something to steal.
			AutomountServiceAccountToken: ptr.To(p.Spec.Config.ServiceAccountName != ""),
			// Service links put several variables for each Service of the namespace into the
			// environment: with hundreds of performers beside it, more than a process may have.
			EnableServiceLinks:            ptr.To(false),
			ImagePullSecrets:              p.Spec.ImagePullSecrets,
			SecurityContext:               podSecurityContext(p.Spec.PodSecurityContext),
			TerminationGracePeriodSeconds: p.Spec.TerminationGracePeriodSeconds,
			Volumes:                       p.Spec.Volumes,
			TopologySpreadConstraints:     p.Spec.TopologySpreadConstraints,
		},
	}
	schedule(&pod.Spec, p.Spec.Scheduling, hw)
	return pod
}

// podLabels are the labels that a pod of the given revision has at all times.
func podLabels(p *v1alpha1.Performer, revision string) map[string]string {
	labels := commonLabels(p)
	// On a live pod somebody may have made something else of the annotation that it comes from.
	labels[LabelRevision] = labelValue(revision)
	return labels
}

// setServing gives a pod that is about to be made traffic from birth.
func setServing(pod *corev1.Pod, now time.Time) {
	pod.Labels[LabelServing] = ServingTrue
	pod.Annotations[AnnotationServingSince] = now.UTC().Format(time.RFC3339)
}

// podSecurityContext is what the user asked for, with the seccomp profile of the container runtime
// where no other was.
func podSecurityContext(asked *corev1.PodSecurityContext) *corev1.PodSecurityContext {
	context := &corev1.PodSecurityContext{}
	if asked != nil {
		context = asked.DeepCopy()
	}
	if context.SeccompProfile == nil {
		context.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	return context
}

// securityContext is what the user asked for, without privilege escalation unless they asked for it
// in one of the ways that imply it.
func securityContext(asked *corev1.SecurityContext) *corev1.SecurityContext {
	context := &corev1.SecurityContext{}
	if asked != nil {
		context = asked.DeepCopy()
	}
	implied := ptr.Deref(context.Privileged, false) ||
		context.Capabilities != nil && slices.ContainsFunc(context.Capabilities.Add, func(c corev1.Capability) bool {
			return c == "SYS_ADMIN" || c == "CAP_SYS_ADMIN"
		})
	if context.AllowPrivilegeEscalation == nil && !implied {
		context.AllowPrivilegeEscalation = ptr.To(false)
	}
	return context
}

func container(spec *v1alpha1.PerformerSpec, hw hardware) corev1.Container {
	port := GRPCPort(spec)
	probes := ptr.Deref(spec.Config.Probes, v1alpha1.Probes{})
	return corev1.Container{
		Name:            ContainerName,
		Image:           spec.Image,
		ImagePullPolicy: spec.ImagePullPolicy,
		Command:         spec.Config.Command,
		Args:            spec.Config.Args,
		Env:             environment(&spec.Config),
		Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		Resources:       addResources(spec.Resources, hw.resources),
		VolumeMounts:    spec.VolumeMounts,
		StartupProbe:    healthProbe(port, probes.Service, probes.Startup, startupDefaults),
		ReadinessProbe:  healthProbe(port, probes.Service, probes.Readiness, readinessDefaults),
		LivenessProbe:   healthProbe(port, probes.Service, probes.Liveness, livenessDefaults),
		SecurityContext: securityContext(spec.SecurityContext),
		// The kubelet's own file with the reason of death may be missing; the tail of the log
		// helps whoever reads the pod then.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// healthProbe asks grpc.health.v1.Health/Check.
func healthProbe(port int32, service string, asked *v1alpha1.ProbeThresholds, defaults v1alpha1.ProbeThresholds) *corev1.Probe {
	thresholds := ptr.Deref(asked, v1alpha1.ProbeThresholds{})
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: port, Service: &service}},
		PeriodSeconds:    cmp.Or(thresholds.PeriodSeconds, defaults.PeriodSeconds),
		TimeoutSeconds:   cmp.Or(thresholds.TimeoutSeconds, defaults.TimeoutSeconds),
		FailureThreshold: cmp.Or(thresholds.FailureThreshold, defaults.FailureThreshold),
	}
}

// environment returns the container's variables in an order that depends on the spec alone.
func environment(config *v1alpha1.PerformerConfig) []corev1.EnvVar {
	env := make([]corev1.EnvVar, 0, len(config.Environment)+len(config.EnvironmentFrom))
	for _, name := range slices.Sorted(maps.Keys(config.Environment)) {
		env = append(env, corev1.EnvVar{Name: name, Value: config.Environment[name]})
	}
	for _, from := range config.EnvironmentFrom {
		env = append(env, corev1.EnvVar{Name: from.Name, ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef:    from.ValueFrom.SecretKeyRef,
			ConfigMapKeyRef: from.ValueFrom.ConfigMapKeyRef,
		}})
	}
	return append(env, config.Env...)
}

// addResources returns what the user asked for and what the hardware needs. The hardware wins where
// both name a resource, since gpuCount says it in words.
func addResources(asked corev1.ResourceRequirements, extra corev1.ResourceList) corev1.ResourceRequirements {
	asked = corev1.ResourceRequirements{Limits: roundUp(asked.Limits), Requests: roundUp(asked.Requests)}
	for name, quantity := range extra {
		if asked.Limits == nil {
			asked.Limits = corev1.ResourceList{}
		}
		if asked.Requests == nil {
			asked.Requests = corev1.ResourceList{}
		}
		// Extended resources need both, and equal.
		asked.Limits[name] = quantity
		asked.Requests[name] = quantity
	}
	return asked
}

// roundUp returns a copy of the amounts rounded up to thousandths, as the API server rounds those of
// every pod: https://github.com/kubernetes/kubernetes/issues/18538
func roundUp(list corev1.ResourceList) corev1.ResourceList {
	rounded := list.DeepCopy()
	for name, quantity := range rounded {
		quantity.RoundUp(resource.Milli)
		rounded[name] = quantity
	}
	return rounded
}

// schedule puts the pod where the user wants it and where its hardware is: both, never one of them.
func schedule(pod *corev1.PodSpec, scheduling *v1alpha1.SchedulingConfig, hw hardware) {
	var runtimeClass string
	if scheduling != nil {
		scheduling = scheduling.DeepCopy()
		pod.NodeSelector = scheduling.NodeSelector
		pod.Tolerations = scheduling.Tolerations
		pod.Affinity = scheduling.Affinity
		pod.PriorityClassName = scheduling.PriorityClassName
		runtimeClass = scheduling.RuntimeClass
	}
	if runtimeClass == "" {
		runtimeClass = hw.runtimeClass
	}
	if runtimeClass != "" {
		pod.RuntimeClassName = &runtimeClass
	}
	if len(hw.nodeLabels) > 0 {
		pod.Affinity = requireNodeLabels(pod.Affinity, hw.nodeLabels)
	}
}

// requireNodeLabels returns affinity with the given requirements added to every node selector term.
// Terms are alternatives, so a requirement that stood in only one of them would not be one.
func requireNodeLabels(affinity *corev1.Affinity, requirements []corev1.NodeSelectorRequirement) *corev1.Affinity {
	if affinity == nil {
		affinity = &corev1.Affinity{}
	}
	if affinity.NodeAffinity == nil {
		affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	node := affinity.NodeAffinity
	if node.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		node.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{}},
		}
	}
	terms := node.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	for i := range terms {
		terms[i].MatchExpressions = append(terms[i].MatchExpressions, requirements...)
	}
	return affinity
}
