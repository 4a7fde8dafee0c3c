// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

// The reasons of a Performer's conditions and events. They are part of the API: people and tools
// match on them.
const (
	// ReasonPodReady: the desired pod is ready.
	ReasonPodReady = "PodReady"
	// ReasonServiceReady: the Service routes to a pod that is ready.
	ReasonServiceReady = "ServiceReady"
	// ReasonScheduled: a pod that was unschedulable is scheduled.
	ReasonScheduled = "Scheduled"
	// ReasonPodStarting: a pod has been created and is not ready yet.
	ReasonPodStarting = "PodStarting"
	// ReasonPodUnready: the pod was ready and no longer is.
	ReasonPodUnready = "PodUnready"
	// ReasonNoPod: there is no pod; one is about to be created.
	ReasonNoPod = "NoPod"
	// ReasonNoService: the pod is ready, and no Service routes to it yet.
	ReasonNoService = "NoService"
	// ReasonUpgradeInProgress: a pod of the desired revision replaces an earlier one.
	ReasonUpgradeInProgress = "UpgradeInProgress"
	// ReasonNodeDraining: the node of the pod is being drained, and its successor starts on another node.
	ReasonNodeDraining = "NodeDraining"
	// ReasonEvictionRequested: the pod is the target of an Eviction, and its successor starts.
	ReasonEvictionRequested = "EvictionRequested"
	// ReasonMoved: the traffic moved to a pod on another node before the node was drained or the pod evicted.
	ReasonMoved = "Moved"
	// ReasonResizeInProgress: the pod is resized without a restart.
	ReasonResizeInProgress = "ResizeInProgress"
	// ReasonProgressDeadlineExceeded: the desired pod was not ready in time. The old pod keeps
	// serving.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
	// ReasonSuspended: spec.replicas is 0, so that no pod runs.
	ReasonSuspended = "Suspended"
	// ReasonAsExpected: nothing is wrong.
	ReasonAsExpected = "AsExpected"
	// ReasonTerminating: the Performer is being deleted.
	ReasonTerminating = "Terminating"

	// ReasonInvalidName: the name of the Performer can't be part of a Service name.
	ReasonInvalidName = "InvalidName"
	// ReasonInvalidSpec: the spec has a mistake, so that no pod can run.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonServiceConflict: a Service of this name exists and is not owned by the Performer.
	ReasonServiceConflict = "ServiceConflict"
	// ReasonPodTerminating: a pod of an earlier Performer of this name is not gone yet, and there must not be
	// two.
	ReasonPodTerminating = "PodTerminating"
	// ReasonServiceTerminating: an earlier Service of this name is not gone yet.
	ReasonServiceTerminating = "ServiceTerminating"
	// ReasonServiceTypeChanged: somebody changed the Service to a type without a cluster IP, so that callers
	// don't get through.
	ReasonServiceTypeChanged = "ServiceTypeChanged"
	// ReasonForeignEndpoint: the Service selects a pod that the Performer does not own.
	ReasonForeignEndpoint = "ForeignEndpoint"
	// ReasonPodRefused: the API server refuses to create, patch or delete a pod, because of a quota or a
	// policy for instance.
	ReasonPodRefused = "PodRefused"
	// ReasonServiceRefused: the API server refuses to create, patch or delete the Service.
	ReasonServiceRefused = "ServiceRefused"
	// ReasonBudgetConflict: a PodDisruptionBudget of this name exists and is not owned by the Performer, or is
	// an earlier one that is not gone yet.
	ReasonBudgetConflict = "BudgetConflict"
	// ReasonBudgetRefused: the API server refuses to create, patch or delete the PodDisruptionBudget.
	ReasonBudgetRefused = "BudgetRefused"
	// ReasonPerformerRefused: the API server refuses to patch the Performer or its status.
	ReasonPerformerRefused = "PerformerRefused"
	// ReasonContended: somebody keeps undoing the operator's writes, which it repeats with growing delays.
	ReasonContended = "Contended"
	// ReasonRequestFailed: a request to the API server fails repeatedly.
	ReasonRequestFailed = "RequestFailed"

	// ReasonSchedulingFailed: the pod is unschedulable.
	ReasonSchedulingFailed = "SchedulingFailed"
	// ReasonHardwareUnavailable: the pod is unschedulable, and it requires hardware.
	ReasonHardwareUnavailable = "HardwareUnavailable"
	// ReasonSchedulingGated: a scheduling gate, which admission added, keeps the pod from being scheduled.
	ReasonSchedulingGated = "SchedulingGated"
	// ReasonResizeDeferred: the pod can't get the desired resources now, because of its node, a quota or
	// a policy; it keeps those it has.
	ReasonResizeDeferred = "ResizeDeferred"
	// ReasonNodeLost: the node of the pod is lost, and its successor is not ready yet.
	ReasonNodeLost = "NodeLost"
	// ReasonFailoverHeld: the node of the pod is lost, and its successor may not be created yet.
	ReasonFailoverHeld = "FailoverHeld"
	// ReasonImagePullFailed: the image of a container can't be pulled.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonContainerConfigInvalid: a container can't be created, as when a Secret is missing.
	ReasonContainerConfigInvalid = "ContainerConfigInvalid"
	// ReasonContainerCrashed: a container terminates repeatedly.
	ReasonContainerCrashed = "ContainerCrashed"
	// ReasonPodFailed: the pod ended by itself; its successor follows after a delay.
	ReasonPodFailed = "PodFailed"
	// ReasonPodStuck: a pod does not terminate, and the deletion no longer waits for it.
	ReasonPodStuck = "PodStuck"
)
