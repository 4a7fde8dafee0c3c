// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The rules on the name apply at creation only. On updates they would also reject the removal of a
// finalizer from an object that was created before the rules existed.

// Performer declares one AVS workload: a container that serves gRPC. The operator runs it as one
// Pod behind one Service named performer-<name>.
//
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:path=performers,singular=performer,scope=Namespaced,shortName=perf,categories=hourglass
// +kubebuilder:selectablefield:JSONPath=`.spec.avsAddress`
// +kubebuilder:selectablefield:JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the serving pod matches the current spec."
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="One-word summary of the conditions."
// +kubebuilder:printcolumn:name="AVS",type=string,JSONPath=`.spec.avsAddress`,description="Address of the AVS that the performer works for."
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.spec.image`,description="Requested container image."
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.version`,description="Requested version of the workload."
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.status.grpcEndpoint`,priority=1,description="Address that clients in the cluster dial."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || self.metadata.name.size() <= 53",optionalOldSelf=true,message="metadata.name must be at most 53 characters: the Service is named performer-<name>, and a Service name can have at most 63 characters"
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || !self.metadata.name.contains('.')",optionalOldSelf=true,message="metadata.name must not contain a dot: the Service is named performer-<name>, and a Service name can't contain one; use a dash"
type Performer struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. metadata.name must be at most 53 characters and
	// must not contain a dot, because the Service is named performer-<name>.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the Performer.
	// +required
	Spec PerformerSpec `json:"spec"`

	// status is the observed state of the Performer. Only the operator writes it.
	// +optional
	// +default={"observedGeneration": -1}
	Status PerformerStatus `json:"status,omitempty"`
}

// PerformerSpec is the desired state of a Performer.
type PerformerSpec struct {
	// avsAddress is the address of the AVS (Actively Validated Service) that this Performer works
	// for, usually 0x and 40 hexadecimal digits. Any text of 1 to 256 characters is accepted. It
	// becomes a label of the pod and of the Service, converted to a valid label value if necessary.
	// Changing it updates the labels and does not replace the pod.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	AVSAddress string `json:"avsAddress"`

	// image is the container image to run, by tag or by digest. Changing it replaces the pod.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self == self.trim()",message="must not begin or end with white space: remove it"
	Image string `json:"image"`

	// imagePullPolicy determines when the kubelet pulls the image: Always, Never or IfNotPresent.
	// Defaults to IfNotPresent. Changing it replaces the pod.
	// +optional
	// +kubebuilder:default=IfNotPresent
	// +kubebuilder:validation:Enum=Always;Never;IfNotPresent
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// version is the version of the workload, for upgrade tracking. Changing it replaces the pod
	// even if nothing else changes, because a tag may have been pushed again.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Version string `json:"version,omitempty"`

	// config describes how the container is run.
	// +optional
	// +kubebuilder:default={}
	Config PerformerConfig `json:"config,omitempty"`

	// resources are the compute resources of the container, as in a pod. Claims are not supported.
	// Changing the amounts of CPU and memory resizes the running pod if the cluster supports it;
	// other changes replace the pod.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.claims) || self.claims.size() == 0",message="claims are not supported: a Performer has no resource claims to refer to; leave claims empty"
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`

	// scheduling describes where the pod may run. Changing it replaces the pod.
	// +optional
	Scheduling *SchedulingConfig `json:"scheduling,omitempty"`

	// hardwareRequirements describes the hardware that the pod needs. Changing it replaces the pod.
	// +optional
	HardwareRequirements *HardwareRequirements `json:"hardwareRequirements,omitempty"`

	// imagePullSecrets are the Secrets for pulling the image, at most 64. They must be in the same
	// namespace. Changing them replaces the pod.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// replicas is the number of pods, 0 or 1. Defaults to 1. 0 suspends the Performer: its pod is
	// deleted, its Service stays. 1 resumes it.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1
	Replicas *int32 `json:"replicas,omitempty"`

	// upgradeStrategy describes how a change of the spec is rolled out. Changing it does not
	// replace the pod.
	// +optional
	UpgradeStrategy *UpgradeStrategy `json:"upgradeStrategy,omitempty"`

	// disruption describes what the operator does when the pod's node is drained or lost, or the pod is
	// evicted. Changing it does not replace the pod.
	// +optional
	Disruption *Disruption `json:"disruption,omitempty"`

	// terminationGracePeriodSeconds is the number of seconds that the container has to shut down
	// after SIGTERM, from 0 to 86400. Defaults to 30. The pod's own grace period is longer by
	// upgradeStrategy.drainSeconds. Changing it replaces the pod.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// podLabels are additional labels of the pod, at most 64. The labels by which the operator and
	// the Service select the pod are reserved: app, app.kubernetes.io/managed-by and all labels
	// that begin with hourglass.eigenlayer.io/. Changing podLabels replaces the pod.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="!('app' in self) && !('app.kubernetes.io/managed-by' in self)",message="must not set app or app.kubernetes.io/managed-by: these labels are reserved for the operator"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('hourglass.eigenlayer.io/'))",message="must not set labels that begin with hourglass.eigenlayer.io/: these labels are reserved for the operator"
	PodLabels map[string]string `json:"podLabels,omitempty"`

	// podAnnotations are additional annotations of the pod, at most 64. Keys that begin with
	// hourglass.eigenlayer.io/ are reserved for the operator. Changing podAnnotations replaces the
	// pod.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('hourglass.eigenlayer.io/'))",message="must not set annotations that begin with hourglass.eigenlayer.io/: these annotations are reserved for the operator"
	// +kubebuilder:validation:XValidation:rule="self.map(key, key.size() + self[key].size()).sum() <= 262144",message="must have at most 262144 characters in all keys and values, which is what a pod can have"
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`

	// securityContext is the security context of the container. Privilege escalation is off unless
	// securityContext allows it. Changing it replaces the pod.
	// +optional
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`

	// podSecurityContext is the security context of the pod. The seccomp profile defaults to
	// RuntimeDefault. Changing it replaces the pod.
	// +optional
	PodSecurityContext *corev1.PodSecurityContext `json:"podSecurityContext,omitempty"`

	// volumes are the volumes of the pod, at most 64. Changing them replaces the pod.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Volumes []corev1.Volume `json:"volumes,omitempty"`

	// volumeMounts are the mounts of the volumes in the container, at most 64. Changing them
	// replaces the pod.
	// +optional
	// +listType=map
	// +listMapKey=mountPath
	// +kubebuilder:validation:MaxItems=64
	VolumeMounts []corev1.VolumeMount `json:"volumeMounts,omitempty"`

	// topologySpreadConstraints describe how the pod spreads among the pods that the constraints
	// select, for example all pods of one AVS. At most 16. Changing them replaces the pod.
	// +optional
	// +listType=map
	// +listMapKey=topologyKey
	// +listMapKey=whenUnsatisfiable
	// +kubebuilder:validation:MaxItems=16
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
}

// UpgradeStrategyType names a way to replace a pod.
//
// +kubebuilder:validation:Enum=BlueGreen;Recreate
type UpgradeStrategyType string

// The ways to replace a pod.
const (
	// BlueGreenUpgrade creates the new pod while the old pod serves, and moves the traffic when the
	// new pod is ready. Both pods serve for a second or two.
	BlueGreenUpgrade UpgradeStrategyType = "BlueGreen"
	// RecreateUpgrade creates the new pod after the old pod has terminated. There is never more
	// than one pod.
	RecreateUpgrade UpgradeStrategyType = "Recreate"
)

// UpgradeStrategy describes how a change of the spec is rolled out.
type UpgradeStrategy struct {
	// type is the type of the upgrade: BlueGreen or Recreate. Defaults to BlueGreen. BlueGreen
	// creates the new pod while the old pod serves, and moves the traffic when the new pod is
	// ready, so that no call is lost; both versions serve for a second or two. Recreate creates the
	// new pod after the old pod has terminated, so that there are never two.
	// +optional
	// +kubebuilder:default=BlueGreen
	Type UpgradeStrategyType `json:"type,omitempty"`

	// progressDeadlineSeconds is the number of seconds that the new pod has to become ready before
	// the upgrade counts as stalled, from 1 to 86400. Defaults to 600. A stalled upgrade leaves the
	// serving pod in place; if the new pod becomes ready later, the upgrade still completes.
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// drainSeconds is the number of seconds that a pod continues to serve after it was deleted, by
	// an upgrade, a node drain, an eviction or a user, before it gets SIGTERM, from 0 to 86400.
	// Defaults to 10. The calls of that time are not lost, and new ones go to the successor as soon
	// as it is ready. It is added to the grace period of the pod. Changing it does not replace the
	// pod: it applies to pods that are created later. It applies to BlueGreen only.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	DrainSeconds *int32 `json:"drainSeconds,omitempty"`
}

// DisruptionType names a way to treat disruptions.
//
// +kubebuilder:validation:Enum=Bridge;Surge;None
type DisruptionType string

// The ways to treat disruptions.
const (
	// BridgeDisruption has a pod that is deleted or evicted serve on for drainSeconds, while its
	// successor starts. A pod on a lost node gets its successor at once.
	BridgeDisruption DisruptionType = "Bridge"
	// SurgeDisruption also moves a pod off a node before that is drained, and refuses its eviction until
	// then.
	SurgeDisruption DisruptionType = "Surge"
	// NoneDisruption does neither: the successor is created when the pod is deleted.
	NoneDisruption DisruptionType = "None"
)

// Disruption describes what the operator does when the pod's node is drained or lost, or the pod is
// evicted.
type Disruption struct {
	// type is Bridge, Surge or None. Defaults to Bridge. It applies to BlueGreen only: under Recreate,
	// where there are never two pods, every type has the effect of None. With Bridge, a pod that is
	// deleted or evicted serves on for upgradeStrategy.drainSeconds, while its successor starts, and a
	// pod on a node that is lost gets its successor at once. With Surge, in addition, a
	// PodDisruptionBudget refuses the eviction of the serving pod, and when its node is cordoned or
	// tainted for a drain, the operator first starts the successor on another node, moves the traffic,
	// and then deletes the pod. With None, a pod that is deleted stops at once, and its successor is
	// created then. A change between None and the other types reaches a running pod with its next
	// replacement.
	// +optional
	// +kubebuilder:default=Bridge
	Type DisruptionType `json:"type,omitempty"`
}

// PerformerConfig describes how the container is run.
//
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.environmentFrom) || self.environmentFrom.all(e, !(e.name in self.environment))",messageExpression="'environment and environmentFrom both set ' + self.environmentFrom.map(e, e.name in self.environment, e.name)[0] + ': set each name once'",message="environment and environmentFrom must not set the same name: set each name once"
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.env) || self.env.all(e, !(e.name in self.environment))",messageExpression="'environment and env both set ' + self.env.map(e, e.name in self.environment, e.name)[0] + ': set each name once'",message="environment and env must not set the same name: set each name once"
// +kubebuilder:validation:XValidation:rule="!has(self.environmentFrom) || !has(self.env) || self.env.all(e, !self.environmentFrom.exists(f, f.name == e.name))",message="environmentFrom and env must not set the same name: set each name once"
// +kubebuilder:validation:XValidation:rule="(has(self.environment) ? self.environment.map(k, k.size() + self.environment[k].size()).sum() : 0) + (has(self.env) ? self.env.map(e, has(e.value) ? e.value.size() : 0).sum() : 0) + (has(self.args) ? self.args.map(a, a.size()).sum() : 0) + (has(self.command) ? self.command.map(c, c.size()).sum() : 0) <= 262144",message="environment, env, args and command must have at most 262144 characters in all: put large values into a ConfigMap and mount it as a volume"
type PerformerConfig struct {
	// grpcPort is the port on which the container serves gRPC, and the port of the Service, from 1
	// to 65535. Defaults to 9090. Changing it replaces the pod.
	// +optional
	// +kubebuilder:default=9090
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	GRPCPort int32 `json:"grpcPort,omitempty"`

	// environment is a map from the names to the values of environment variables, at most 256. In
	// the container they come first, sorted by name, but each variable comes before those whose
	// values refer to it as $(NAME). Changing environment replaces the pod.
	// +optional
	// +kubebuilder:validation:MaxProperties=256
	Environment map[string]string `json:"environment,omitempty"`

	// environmentFrom is a list of environment variables whose values come from Secrets or
	// ConfigMaps in the same namespace, at most 256. In the container they come second. Changing
	// the list replaces the pod; changing a Secret or a ConfigMap does not.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	EnvironmentFrom []EnvironmentVariableSource `json:"environmentFrom,omitempty"`

	// env is a list of environment variables in the form that a pod uses, at most 256. In the
	// container they come last. Changing it replaces the pod.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Env []corev1.EnvVar `json:"env,omitempty"`

	// args are the arguments of the container's entry point, at most 1024. Changing them replaces
	// the pod.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	Args []string `json:"args,omitempty"`

	// command is the entry point of the container, at most 1024 items. Defaults to the entry point
	// of the image. Changing it replaces the pod.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	Command []string `json:"command,omitempty"`

	// serviceAccountName is the name of the service account that the pod runs as. Its token is
	// mounted. Defaults to the service account named default, without its token. Changing it
	// replaces the pod.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// probes describes how the kubelet probes the container's health, by
	// grpc.health.v1.Health/Check on the gRPC port. Changing it replaces the pod.
	// +optional
	Probes *Probes `json:"probes,omitempty"`
}

// Probes describes how the kubelet probes the container's health. Fields that are not set have
// defaults.
type Probes struct {
	// service is the name of the gRPC service whose health is probed. Empty means the server as a
	// whole.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Service string `json:"service,omitempty"`

	// startup is the startup probe, which runs until it first succeeds; the other probes start only
	// then. Defaults to a period of 1 second, a timeout of 5 seconds and a failure threshold of
	// 300.
	// +optional
	Startup *ProbeThresholds `json:"startup,omitempty"`

	// readiness is the readiness probe, which decides whether the pod receives calls. Defaults to a
	// period of 5 seconds, a timeout of 5 seconds and a failure threshold of 3.
	// +optional
	Readiness *ProbeThresholds `json:"readiness,omitempty"`

	// liveness is the liveness probe, which decides whether the kubelet restarts the container.
	// Defaults to a period of 10 seconds, a timeout of 5 seconds and a failure threshold of 6.
	// +optional
	Liveness *ProbeThresholds `json:"liveness,omitempty"`
}

// ProbeThresholds describes how often a probe runs and when it fails. Fields that are not set have
// the defaults of that probe.
type ProbeThresholds struct {
	// periodSeconds is the number of seconds between two probes, from 1 to 3600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`

	// timeoutSeconds is the number of seconds that a probe waits for an answer, from 1 to 3600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// failureThreshold is the number of failures in a row that make the probe fail, from 1 to
	// 86400.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
}

// EnvironmentVariableSource is an environment variable and the source of its value.
type EnvironmentVariableSource struct {
	// name is the name of the environment variable. It must not contain '='.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.contains('=')",message="must not contain '='"
	Name string `json:"name"`

	// valueFrom is the source of the value.
	// +required
	ValueFrom EnvironmentValueSource `json:"valueFrom"`
}

// EnvironmentValueSource selects a key of a Secret or of a ConfigMap.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretKeyRef) != has(self.configMapKeyRef)",message="set exactly one of secretKeyRef and configMapKeyRef"
type EnvironmentValueSource struct {
	// secretKeyRef selects a key of a Secret in the same namespace. Exactly one of secretKeyRef and
	// configMapKeyRef must be set.
	// +optional
	SecretKeyRef *corev1.SecretKeySelector `json:"secretKeyRef,omitempty"`

	// configMapKeyRef selects a key of a ConfigMap in the same namespace. Exactly one of
	// secretKeyRef and configMapKeyRef must be set.
	// +optional
	ConfigMapKeyRef *corev1.ConfigMapKeySelector `json:"configMapKeyRef,omitempty"`
}

// SchedulingConfig describes where the pod may run.
type SchedulingConfig struct {
	// nodeSelector is a map of labels that the node must have.
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// tolerations are the node taints that the pod tolerates.
	// +optional
	// +listType=atomic
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// affinity is the affinity of the pod to nodes and to other pods.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// runtimeClass is the name of the RuntimeClass that the pod runs with. It takes precedence over
	// the RuntimeClass of a trusted execution environment.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	RuntimeClass string `json:"runtimeClass,omitempty"`

	// priorityClassName is the name of the PriorityClass of the pod.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	PriorityClassName string `json:"priorityClassName,omitempty"`
}

// HardwareRequirements describes the hardware that the pod needs.
type HardwareRequirements struct {
	// gpuType is the model of the GPU, as in the node label nvidia.com/gpu.product, or a MIG
	// profile such as mig-1g.5gb, which the pod requests as the resource nvidia.com/mig-1g.5gb. If
	// it is set, gpuCount must be at least 1.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	GPUType string `json:"gpuType,omitempty"`

	// gpuCount is the number of GPUs, or of MIG slices, that the container gets. Defaults to 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	GPUCount int32 `json:"gpuCount,omitempty"`

	// teeRequired indicates whether the pod must run in a trusted execution environment. If it is
	// true, teeType must be a type that the operator knows; otherwise the operator creates no pod.
	// +optional
	TEERequired bool `json:"teeRequired,omitempty"`

	// teeType is the type of the trusted execution environment, in upper or lower case. The
	// built-in types are sgx, sev, sev-snp and tdx.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	TEEType string `json:"teeType,omitempty"`

	// customLabels are additional labels that the node must have, at most 64.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	CustomLabels map[string]string `json:"customLabels,omitempty"`
}

// PerformerPhase is a one-word summary of the conditions, for people.
//
// +kubebuilder:validation:Enum=Pending;Running;Upgrading;Suspended;Terminating;Failed
type PerformerPhase string

// The phases of a Performer.
const (
	// PhasePending: no pod serves yet.
	PhasePending PerformerPhase = "Pending"
	// PhaseRunning: a pod of the desired revision serves.
	PhaseRunning PerformerPhase = "Running"
	// PhaseUpgrading: a changed spec is being rolled out.
	PhaseUpgrading PerformerPhase = "Upgrading"
	// PhaseSuspended: spec.replicas is 0.
	PhaseSuspended PerformerPhase = "Suspended"
	// PhaseTerminating: the Performer is being deleted.
	PhaseTerminating PerformerPhase = "Terminating"
	// PhaseFailed: no pod serves, and the workload fails or somebody must change something.
	PhaseFailed PerformerPhase = "Failed"
)

// PerformerStatus is the observed state of a Performer.
type PerformerStatus struct {
	// observedGeneration is the metadata.generation that this status reflects. It is -1 until the
	// operator has seen the Performer.
	// +optional
	// +kubebuilder:default=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is a one-word summary of the conditions, for people: Pending, Running, Upgrading,
	// Suspended, Terminating or Failed. Programs should read the conditions.
	// +optional
	Phase PerformerPhase `json:"phase,omitempty"`

	// phaseTransitionTime is when the phase last changed. It is set only when the phase changes, so
	// a status that an older operator wrote lacks it until the next change.
	// +optional
	PhaseTransitionTime *metav1.Time `json:"phaseTransitionTime,omitempty"`

	// ready indicates whether a pod serves now, of whatever revision. The condition Ready is
	// stricter: it also requires that the serving pod matches the current spec.
	// +optional
	Ready bool `json:"ready"`

	// podName is the name of the serving pod. If no pod serves, it is the name of the pod that is
	// starting; if there is no pod, the name of the last one.
	// +optional
	PodName string `json:"podName,omitempty"`

	// nodeName is the name of the node of the pod in podName, as of the last change of the status. A
	// status that an older operator wrote lacks it until the next change.
	// +optional
	NodeName string `json:"nodeName,omitempty"`

	// podOrdinal is the ordinal of the newest pod that the operator has created, or is about to
	// create, for this Performer.
	// +kubebuilder:validation:Minimum=0
	// +optional
	PodOrdinal int32 `json:"podOrdinal,omitempty"`

	// serviceName is the name of the Service in front of the pod.
	// +optional
	ServiceName string `json:"serviceName,omitempty"`

	// grpcEndpoint is the address that clients in the cluster dial, as name:port.
	// +optional
	GRPCEndpoint string `json:"grpcEndpoint,omitempty"`

	// clusterIP is the cluster IP of the Service. If the Service is deleted, the operator requests
	// the same one.
	// +optional
	ClusterIP string `json:"clusterIP,omitempty"`

	// replicas is the number of pods of the Performer: usually 1, during an upgrade 2. Pods that have
	// ended, or are drained or deleted, don't count.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// selector is the label selector of the pods in the form that kubectl accepts, by which the
	// clients of the scale subresource find them. In a status that an older operator wrote, selector
	// and replicas are missing until the next change of the status.
	// +optional
	Selector string `json:"selector,omitempty"`

	// currentRevision is the revision of the serving pod, or of the pod that served last.
	// +optional
	CurrentRevision string `json:"currentRevision,omitempty"`

	// updateRevision is the desired revision. If it differs from currentRevision, an upgrade is in
	// progress.
	// +optional
	UpdateRevision string `json:"updateRevision,omitempty"`

	// currentImage is the image of the serving pod, or of the pod that served last.
	// +optional
	CurrentImage string `json:"currentImage,omitempty"`

	// restartCount is the number of times that the container of the pod in podName was restarted.
	// +kubebuilder:validation:Minimum=0
	// +optional
	RestartCount int32 `json:"restartCount,omitempty"`

	// failureCount is the number of pods in a row that ended on their own. It sets the delay before
	// the next replacement, and returns to 0 when a pod has been ready for ten minutes.
	// +kubebuilder:validation:Minimum=0
	// +optional
	FailureCount int32 `json:"failureCount,omitempty"`

	// lastUpgrade is when the operator last saw a new desired revision, or last began to replace a
	// running pod.
	// +optional
	LastUpgrade *metav1.Time `json:"lastUpgrade,omitempty"`

	// readyTime is when the pod in podName became ready.
	// +optional
	ReadyTime *metav1.Time `json:"readyTime,omitempty"`

	// conditions are the conditions of the Performer: Available, Progressing and Degraded, then
	// Reconciling or Stalled while they are true, and last Ready, which summarizes them.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// The condition types of a Performer, in the order in which the status lists them. Ready is last
// because earlier clients show the message of the last condition.
const (
	// ConditionAvailable: a pod serves now, of whatever revision.
	ConditionAvailable = "Available"
	// ConditionProgressing: the Performer is progressing to the desired state, or has reached it.
	ConditionProgressing = "Progressing"
	// ConditionDegraded: something is wrong, whether or not a pod still serves.
	ConditionDegraded = "Degraded"
	// ConditionReconciling is present while work is in progress (kstatus).
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while work can't continue without a change from outside
	// (kstatus).
	ConditionStalled = "Stalled"
	// ConditionReady: the serving pod matches the current spec, and nothing is wrong.
	ConditionReady = "Ready"
)

// PerformerList is a list of Performers.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type PerformerList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the Performers.
	Items []Performer `json:"items"`
}
