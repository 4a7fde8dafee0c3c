// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	// ContainerName is the name of the pod's only container.
	ContainerName = "performer"
	// PortName is the name of the gRPC port on container and Service.
	PortName = "grpc"
	// defaultDrainSeconds equals the CRD's default of drainSeconds.
	defaultDrainSeconds = 10
)

// The defaults of the probes, as the CRD documents them. The startup probe runs every second, so that a
// quick start is seen at once.
var (
	startupDefaults   = v1alpha1.ProbeThresholds{PeriodSeconds: 1, TimeoutSeconds: 5, FailureThreshold: 300}
	readinessDefaults = v1alpha1.ProbeThresholds{PeriodSeconds: 5, TimeoutSeconds: 5, FailureThreshold: 3}
	livenessDefaults  = v1alpha1.ProbeThresholds{PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 6}
)

// FirstPod returns the first pod that the operator would create for p, even if that pod can't run
// (package validation). Callers inspect the pod, or have an API server check it.
func FirstPod(p *v1alpha1.Performer, tees map[string]TEE) *corev1.Pod {
	hw, _ := ResolveHardware(p.Spec.HardwareRequirements, tees)
	return Pod(p, 0, hw)
}

// Pod renders the desired pod under the given ordinal, without traffic (SetServing).
func Pod(p *v1alpha1.Performer, ordinal int32, hw Hardware) *corev1.Pod {
	revision := Revision(&p.Spec)
	labels := PodLabels(p, revision)
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
	annotations[AnnotationRequested] = requested(&p.Spec)
	performer := container(&p.Spec, hw)
	annotations[AnnotationRequestedResources] = RequestedResources{ResourceRequirements: performer.Resources}.String()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:            PodName(p.Name, ordinal),
			Namespace:       p.Namespace,
			Labels:          labels,
			Annotations:     annotations,
			OwnerReferences: []metav1.OwnerReference{ControllerReference(p)},
		},
		Spec: corev1.PodSpec{
			Containers:         []corev1.Container{performer},
			ServiceAccountName: p.Spec.Config.ServiceAccountName,
			// A container without a service account of its own has no use for a token.
			AutomountServiceAccountToken: ptr.To(p.Spec.Config.ServiceAccountName != ""),
			// Service links put several variables for each Service of the namespace into the environment:
			// with hundreds of Performers, more than a process may have.
			EnableServiceLinks:            ptr.To(false),
			ImagePullSecrets:              p.Spec.ImagePullSecrets,
			SecurityContext:               podSecurityContext(p.Spec.PodSecurityContext),
			TerminationGracePeriodSeconds: gracePeriod(&p.Spec),
			Volumes:                       p.Spec.Volumes,
			TopologySpreadConstraints:     p.Spec.TopologySpreadConstraints,
		},
	}
	schedule(&pod.Spec, p.Spec.Scheduling, hw)
	if Disruption(&p.Spec) != v1alpha1.NoneDisruption {
		sleepBeforeStop(&pod.Spec, DrainSeconds(&p.Spec))
	}
	return pod
}

// DrainSeconds returns how long a pod serves on after its deletion, or after it lost its traffic. It is 0
// under Recreate, where the successor waits for the pod to be gone.
func DrainSeconds(spec *v1alpha1.PerformerSpec) int64 {
	switch s := spec.UpgradeStrategy; {
	case s == nil:
		return defaultDrainSeconds
	case s.Type == v1alpha1.RecreateUpgrade:
		return 0
	default:
		return int64(ptr.Deref(s.DrainSeconds, defaultDrainSeconds))
	}
}

// sleepBeforeStop has the kubelet wait before it stops the container. Whoever deletes the pod, its container
// serves on for that time: kube-proxy sends new calls to a terminating pod that still serves while no other
// pod is ready. The sleep is added to the grace period, so that the container has all of its own.
func sleepBeforeStop(pod *corev1.PodSpec, seconds int64) {
	if seconds == 0 {
		return
	}
	pod.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}}}
	pod.TerminationGracePeriodSeconds = ptr.To(seconds + ptr.Deref(pod.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds))
}

// SleepOf returns the hook that Pod sets, without those that admission added; nil if there is none.
func SleepOf(lifecycle *corev1.Lifecycle) *corev1.Lifecycle {
	if lifecycle == nil || lifecycle.PreStop == nil || lifecycle.PreStop.Sleep == nil {
		return nil
	}
	return &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: lifecycle.PreStop.Sleep}}
}

// gracePeriod is the one in the spec. Under Recreate it is at least a second: a pod without one is gone
// from the API before its container has stopped, and its successor would run next to it.
func gracePeriod(spec *v1alpha1.PerformerSpec) *int64 {
	if grace := spec.TerminationGracePeriodSeconds; grace == nil || *grace > 0 || !Recreates(spec) {
		return grace
	}
	return ptr.To[int64](1)
}

// podSecurityContext is the one in the spec, with the container runtime's seccomp profile unless the
// spec names another.
func podSecurityContext(specified *corev1.PodSecurityContext) *corev1.PodSecurityContext {
	context := &corev1.PodSecurityContext{}
	if specified != nil {
		context = specified.DeepCopy()
	}
	if context.SeccompProfile == nil {
		context.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	return context
}

// securityContext is the one in the spec, without privilege escalation unless the spec sets or implies
// it.
func securityContext(specified *corev1.SecurityContext) *corev1.SecurityContext {
	context := &corev1.SecurityContext{}
	if specified != nil {
		context = specified.DeepCopy()
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

func container(spec *v1alpha1.PerformerSpec, hw Hardware) corev1.Container {
	port := GRPCPort(spec)
	probes := ptr.Deref(spec.Config.Probes, v1alpha1.Probes{})
	return corev1.Container{
		Name:            ContainerName,
		Image:           spec.Image,
		ImagePullPolicy: spec.ImagePullPolicy,
		Command:         spec.Config.Command,
		Args:            spec.Config.Args,
		Env:             environment(&spec.Config),
		Ports:           []corev1.ContainerPort{{Name: PortName, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		Resources:       hw.AddTo(spec.Resources),
		VolumeMounts:    spec.VolumeMounts,
		StartupProbe:    healthProbe(port, probes.Service, probes.Startup, startupDefaults),
		ReadinessProbe:  healthProbe(port, probes.Service, probes.Readiness, readinessDefaults),
		LivenessProbe:   healthProbe(port, probes.Service, probes.Liveness, livenessDefaults),
		SecurityContext: securityContext(spec.SecurityContext),
		// Without a termination message file, the tail of the log helps whoever reads the pod.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// healthProbe calls grpc.health.v1.Health/Check.
func healthProbe(port int32, service string, specified *v1alpha1.ProbeThresholds, defaults v1alpha1.ProbeThresholds) *corev1.Probe {
	thresholds := ptr.Deref(specified, v1alpha1.ProbeThresholds{})
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: port, Service: &service}},
		PeriodSeconds:    cmp.Or(thresholds.PeriodSeconds, defaults.PeriodSeconds),
		TimeoutSeconds:   cmp.Or(thresholds.TimeoutSeconds, defaults.TimeoutSeconds),
		FailureThreshold: cmp.Or(thresholds.FailureThreshold, defaults.FailureThreshold),
	}
}

// schedule constrains the pod to the nodes that the user wants and that have its hardware: both apply.
func schedule(pod *corev1.PodSpec, scheduling *v1alpha1.SchedulingConfig, hw Hardware) {
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
// Terms are alternatives, so a requirement in only one of them could be bypassed.
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
