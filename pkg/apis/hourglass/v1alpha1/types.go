// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The rule on the name may only judge a creation: on a later edit it would also refuse the removal
// of a finalizer from an object that got in before the rule existed.

// Performer declares one AVS workload: a container that answers gRPC. The operator runs it as one
// Pod behind one Service named performer-<name>.
//
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=performers,singular=performer,scope=Namespaced,shortName=perf,categories=hourglass
// +kubebuilder:selectablefield:JSONPath=`.spec.avsAddress`
// +kubebuilder:selectablefield:JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the pod that serves is what the spec asks for now."
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="Phase of the performer's life cycle."
// +kubebuilder:printcolumn:name="AVS",type=string,JSONPath=`.spec.avsAddress`,description="Address of the AVS that the performer works for."
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.spec.image`,description="Requested image."
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.spec.version`,description="Requested version."
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.status.grpcEndpoint`,priority=1,description="Address to dial."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || self.metadata.name.size() <= 53",optionalOldSelf=true,message="metadata.name must be at most 53 characters: the Service is named performer-<name>, and a Service name can have at most 63 characters"
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || !self.metadata.name.contains('.')",optionalOldSelf=true,message="metadata.name must not contain a dot: the Service is named performer-<name>, and a Service name can't contain one; use a dash"
type Performer struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata. The name is at most 53 characters and has no dot, since the
	// Service is named performer-<name>.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Desired state.
	// +required
	Spec PerformerSpec `json:"spec"`

	// Observed state. Written by the operator alone.
	// +optional
	// +default={"observedGeneration": -1}
	Status PerformerStatus `json:"status,omitempty"`
}

// PerformerSpec is the desired state of a performer.
type PerformerSpec struct {
	// Address of the AVS (Actively Validated Service) that this performer works for, usually 0x and
	// 40 hexadecimal digits. Any text is accepted. It becomes a label of the pod, converted to a
	// valid label value where necessary.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	AVSAddress string `json:"avsAddress"`

	// Container image, by tag or by digest. A change replaces the pod.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self == self.trim()",message="must not begin or end with white space"
	Image string `json:"image"`

	// When the image is pulled: Always, Never or IfNotPresent.
	// +optional
	// +kubebuilder:default=IfNotPresent
	// +kubebuilder:validation:Enum=Always;Never;IfNotPresent
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// Version of the workload, for upgrade tracking. A change of version alone replaces the pod: a
	// tag may have been pushed again.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Version string `json:"version,omitempty"`

	// How the container is run.
	// +optional
	// +kubebuilder:default={}
	Config PerformerConfig `json:"config,omitempty"`

	// Compute resources of the container, as on any container. Claims are not supported.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.claims) || self.claims.size() == 0",message="claims are not supported: a performer has no resource claims to refer to"
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`

	// Where the pod may run.
	// +optional
	Scheduling *SchedulingConfig `json:"scheduling,omitempty"`

	// What hardware the pod needs.
	// +optional
	HardwareRequirements *HardwareRequirements `json:"hardwareRequirements,omitempty"`

	// Secrets of the same namespace with which the image is pulled.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// How a change of the spec is rolled out.
	// +optional
	UpgradeStrategy *UpgradeStrategy `json:"upgradeStrategy,omitempty"`

	// How many seconds the container has to shut down after SIGTERM; 30 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// Further labels of the pod, at most 64. Those by which the operator and its Service find the
	// pod can't be set: app, app.kubernetes.io/managed-by and those that begin with
	// hourglass.eigenlayer.io/.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="!('app' in self) && !('app.kubernetes.io/managed-by' in self)",message="must not set app or app.kubernetes.io/managed-by: the operator finds its pods by them"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('hourglass.eigenlayer.io/'))",message="must not set labels that begin with hourglass.eigenlayer.io/: they are the operator's own"
	PodLabels map[string]string `json:"podLabels,omitempty"`

	// Further annotations of the pod, at most 64. Keys that begin with hourglass.eigenlayer.io/ are
	// reserved.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('hourglass.eigenlayer.io/'))",message="must not set annotations that begin with hourglass.eigenlayer.io/: they are the operator's own"
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`

	// Security context of the container. Privilege escalation is off unless this allows it.
	// +optional
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`

	// Security context of the pod. Its seccomp profile is RuntimeDefault unless this says otherwise.
	// +optional
	PodSecurityContext *corev1.PodSecurityContext `json:"podSecurityContext,omitempty"`

	// Volumes of the pod.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Volumes []corev1.Volume `json:"volumes,omitempty"`

	// Where the container mounts the volumes.
	// +optional
	// +listType=map
	// +listMapKey=mountPath
	// +kubebuilder:validation:MaxItems=64
	VolumeMounts []corev1.VolumeMount `json:"volumeMounts,omitempty"`

	// How the pod spreads among the pods that its constraints select, such as all of one AVS.
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
	// BlueGreenUpgrade makes the new pod beside the old and moves traffic when it is ready. Both
	// serve for a second or two.
	BlueGreenUpgrade UpgradeStrategyType = "BlueGreen"
	// RecreateUpgrade makes the new pod when the old is gone. There is never more than one.
	RecreateUpgrade UpgradeStrategyType = "Recreate"
)

// UpgradeStrategy says how a change of the spec is rolled out.
type UpgradeStrategy struct {
	// BlueGreen makes the new pod beside the old and moves traffic when it is ready, so that no call
	// is lost; both versions serve for a second or two. Recreate makes the new pod when the old is
	// gone, so that there are never two.
	// +optional
	// +kubebuilder:default=BlueGreen
	Type UpgradeStrategyType `json:"type,omitempty"`

	// How many seconds the new pod has to become ready before the upgrade counts as stalled. The old
	// pod goes on serving; if the new one becomes ready later, the upgrade still completes.
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// How many seconds the old pod goes on serving open connections after it gets no new ones, before
	// it is terminated. For BlueGreen alone.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	DrainSeconds *int32 `json:"drainSeconds,omitempty"`
}

// PerformerConfig says how the container is run.
//
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.environmentFrom) || self.environmentFrom.all(e, !(e.name in self.environment))",messageExpression="'environment and environmentFrom both set ' + self.environmentFrom.map(e, e.name in self.environment, e.name)[0] + ': set each name once'",message="a name must not be in both environment and environmentFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.env) || self.env.all(e, !(e.name in self.environment))",messageExpression="'environment and env both set ' + self.env.map(e, e.name in self.environment, e.name)[0] + ': set each name once'",message="a name must not be in both environment and env"
// +kubebuilder:validation:XValidation:rule="!has(self.environmentFrom) || !has(self.env) || self.env.all(e, !self.environmentFrom.exists(f, f.name == e.name))",message="a name must not be in both environmentFrom and env: set each name once"
type PerformerConfig struct {
	// Port on which the container answers gRPC, and port of the Service. A change replaces the pod.
	// +optional
	// +kubebuilder:default=9090
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	GRPCPort int32 `json:"grpcPort,omitempty"`

	// Environment variables by name, at most 256. On the pod they come first, sorted by name.
	// +optional
	// +kubebuilder:validation:MaxProperties=256
	Environment map[string]string `json:"environment,omitempty"`

	// Environment variables whose values come from Secrets or ConfigMaps of the same namespace, at
	// most 256.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	EnvironmentFrom []EnvironmentVariableSource `json:"environmentFrom,omitempty"`

	// Environment variables in the form that pods have, at most 256. On the pod they come last.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Env []corev1.EnvVar `json:"env,omitempty"`

	// Arguments of the container's entry point.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	Args []string `json:"args,omitempty"`

	// Entry point of the container, in place of the image's own.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	Command []string `json:"command,omitempty"`

	// Service account that the pod runs as. Its token is mounted only if this is set.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// How the container's health is probed, by grpc.health.v1.Health/Check on the gRPC port.
	// +optional
	Probes *Probes `json:"probes,omitempty"`
}

// Probes say how the container's health is probed. What is not set has a default.
type Probes struct {
	// Name of the gRPC service whose health is probed. Empty means the server as a whole.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Service string `json:"service,omitempty"`

	// Startup probe, which runs until it first succeeds; the others start only then. Defaults: every
	// second, a timeout of 5 seconds, failed after 300 failures.
	// +optional
	Startup *ProbeThresholds `json:"startup,omitempty"`

	// Readiness probe, which decides whether the pod gets calls. Defaults: every 5 seconds, a timeout
	// of 5 seconds, failed after 3 failures.
	// +optional
	Readiness *ProbeThresholds `json:"readiness,omitempty"`

	// Liveness probe, which decides whether the container is restarted. Defaults: every 10 seconds, a
	// timeout of 5 seconds, failed after 6 failures.
	// +optional
	Liveness *ProbeThresholds `json:"liveness,omitempty"`
}

// ProbeThresholds say how often a probe runs and when it has failed. What is not set has the default
// of that probe.
type ProbeThresholds struct {
	// Seconds between two probes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`

	// Seconds that a probe waits for an answer.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// How many failures in a row make the probe fail.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
}

// EnvironmentVariableSource names an environment variable and where its value comes from.
type EnvironmentVariableSource struct {
	// Name of the environment variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.contains('=')",message="must not contain '='"
	Name string `json:"name"`

	// Where the value comes from.
	// +required
	ValueFrom EnvironmentValueSource `json:"valueFrom"`
}

// EnvironmentValueSource is a key of a Secret or of a ConfigMap.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretKeyRef) != has(self.configMapKeyRef)",message="set exactly one of secretKeyRef and configMapKeyRef"
type EnvironmentValueSource struct {
	// Key of a Secret in the same namespace.
	// +optional
	SecretKeyRef *corev1.SecretKeySelector `json:"secretKeyRef,omitempty"`

	// Key of a ConfigMap in the same namespace.
	// +optional
	ConfigMapKeyRef *corev1.ConfigMapKeySelector `json:"configMapKeyRef,omitempty"`
}

// SchedulingConfig says where the pod may run.
type SchedulingConfig struct {
	// Labels that the node must have.
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// Taints that the pod tolerates.
	// +optional
	// +listType=atomic
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// Affinity of the pod to nodes and to other pods.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// Name of the RuntimeClass that the pod runs with.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	RuntimeClass string `json:"runtimeClass,omitempty"`

	// Name of the PriorityClass of the pod.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	PriorityClassName string `json:"priorityClassName,omitempty"`
}

// HardwareRequirements says what hardware the pod needs.
type HardwareRequirements struct {
	// Model of the GPU, as in the node label nvidia.com/gpu.product; or a MIG profile such as
	// mig-1g.5gb, which is asked for as the resource nvidia.com/mig-1g.5gb.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	GPUType string `json:"gpuType,omitempty"`

	// How many GPUs, or MIG slices, the container gets.
	// +optional
	// +kubebuilder:validation:Minimum=0
	GPUCount int32 `json:"gpuCount,omitempty"`

	// Whether the pod must run in a trusted execution environment. If so, teeType says which; if the
	// operator does not know that type, no pod is created.
	// +optional
	TEERequired bool `json:"teeRequired,omitempty"`

	// Kind of trusted execution environment: sgx, sev, sev-snp or tdx.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	TEEType string `json:"teeType,omitempty"`

	// Further labels that the node must have.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	CustomLabels map[string]string `json:"customLabels,omitempty"`
}

// PerformerPhase is a one-word summary of the conditions, for people.
//
// +kubebuilder:validation:Enum=Pending;Running;Upgrading;Terminating;Failed
type PerformerPhase string

// The phases of a performer.
const (
	// PhasePending: nothing serves yet.
	PhasePending PerformerPhase = "Pending"
	// PhaseRunning: what is asked for serves.
	PhaseRunning PerformerPhase = "Running"
	// PhaseUpgrading: a changed spec is being rolled out.
	PhaseUpgrading PerformerPhase = "Upgrading"
	// PhaseTerminating: the performer is being deleted.
	PhaseTerminating PerformerPhase = "Terminating"
	// PhaseFailed: nothing serves, and waiting does not help.
	PhaseFailed PerformerPhase = "Failed"
)

// PerformerStatus is the observed state of a performer.
type PerformerStatus struct {
	// Generation of the spec that this status reflects; -1 before the operator has seen it.
	// +optional
	// +kubebuilder:default=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Phase is a one-word summary of the conditions, for people.
	// +optional
	Phase PerformerPhase `json:"phase,omitempty"`

	// PhaseTransitionTime is when the phase last changed. It is set only when the phase changes, so it
	// is absent from a status that an older operator wrote until the next change.
	// +optional
	PhaseTransitionTime *metav1.Time `json:"phaseTransitionTime,omitempty"`

	// Ready tells whether something serves now. The condition Ready is stricter: it also requires that
	// what serves is what the spec asks for now.
	// +optional
	Ready bool `json:"ready"`

	// PodName names the pod that serves; if none does, the one that is being started; if there is no
	// pod, the last one.
	// +optional
	PodName string `json:"podName,omitempty"`

	// PodOrdinal is the ordinal of the newest pod made, or about to be made, for this performer.
	// +kubebuilder:validation:Minimum=0
	// +optional
	PodOrdinal int32 `json:"podOrdinal,omitempty"`

	// ServiceName names the Service in front of the pod.
	// +optional
	ServiceName string `json:"serviceName,omitempty"`

	// GRPCEndpoint is the address that clients in the cluster dial, as name:port.
	// +optional
	GRPCEndpoint string `json:"grpcEndpoint,omitempty"`

	// CurrentRevision is the revision that serves, or that served last.
	// +optional
	CurrentRevision string `json:"currentRevision,omitempty"`

	// UpdateRevision is the revision that is asked for. An upgrade is under way where it differs
	// from currentRevision.
	// +optional
	UpdateRevision string `json:"updateRevision,omitempty"`

	// CurrentImage is the image that serves, or that served last.
	// +optional
	CurrentImage string `json:"currentImage,omitempty"`

	// RestartCount is how often the container of the pod named by podName was restarted.
	// +kubebuilder:validation:Minimum=0
	// +optional
	RestartCount int32 `json:"restartCount,omitempty"`

	// FailureCount is how many pods in a row ended on their own. It sets how long the next replacement
	// waits, and returns to 0 when a pod has been ready for ten minutes.
	// +kubebuilder:validation:Minimum=0
	// +optional
	FailureCount int32 `json:"failureCount,omitempty"`

	// LastUpgrade is when the operator last saw that a new revision is asked for, or last began to
	// replace a running pod.
	// +optional
	LastUpgrade *metav1.Time `json:"lastUpgrade,omitempty"`

	// ReadyTime is when the pod named by podName became ready.
	// +optional
	ReadyTime *metav1.Time `json:"readyTime,omitempty"`

	// Conditions: Available, Progressing, Degraded, then Reconciling or Stalled while they are
	// true, and Ready, the summary, last.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// The types of a performer's conditions, in the order in which they stand in the status. Ready is
// last since earlier clients show the message of the last condition.
const (
	// ConditionAvailable: something serves now.
	ConditionAvailable = "Available"
	// ConditionProgressing: the performer is on its way to what is asked for, or has arrived.
	ConditionProgressing = "Progressing"
	// ConditionDegraded: something is wrong, whether or not the performer still serves.
	ConditionDegraded = "Degraded"
	// ConditionReconciling is present while work is under way (kstatus).
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while work can't go on without a change from outside (kstatus).
	ConditionStalled = "Stalled"
	// ConditionReady: what is asked for now is what serves.
	ConditionReady = "Ready"
)

// PerformerList is a list of Performers.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type PerformerList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The Performers.
	Items []Performer `json:"items"`
}
