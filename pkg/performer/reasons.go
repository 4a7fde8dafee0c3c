// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

// The reasons of a Performer's conditions and events. They are part of the API: people and tools
// match on them.
const (
	// ReasonPodReady: the pod that is asked for is ready.
	ReasonPodReady = "PodReady"
	// ReasonServiceReady: the Service leads to a pod that is ready.
	ReasonServiceReady = "ServiceReady"
	// ReasonScheduled: a pod that no node took has one now.
	ReasonScheduled = "Scheduled"
	// ReasonPodStarting: a pod has been made and is not ready yet.
	ReasonPodStarting = "PodStarting"
	// ReasonPodUnready: the pod was ready and no longer is.
	ReasonPodUnready = "PodUnready"
	// ReasonNoPod: there is no pod; one is about to be made.
	ReasonNoPod = "NoPod"
	// ReasonNoService: the pod is ready, and there is no Service that leads to it yet.
	ReasonNoService = "NoService"
	// ReasonUpgradeInProgress: pods of a new revision take the place of earlier ones.
	ReasonUpgradeInProgress = "UpgradeInProgress"
	// ReasonResizeInProgress: the pod gets other resources without a restart.
	ReasonResizeInProgress = "ResizeInProgress"
	// ReasonProgressDeadlineExceeded: the pod that is asked for was not ready in time. What served
	// goes on serving.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
	// ReasonAsExpected: nothing is wrong.
	ReasonAsExpected = "AsExpected"
	// ReasonTerminating: the Performer is being deleted.
	ReasonTerminating = "Terminating"

	// ReasonInvalidName: no Service can be named after the Performer.
	ReasonInvalidName = "InvalidName"
	// ReasonInvalidSpec: the spec asks for something that can't be.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonServiceConflict: there is a Service of the Performer's name that it does not own.
	ReasonServiceConflict = "ServiceConflict"
	// ReasonPodRefused: the API server refuses the pod, by quota or policy say.
	ReasonPodRefused = "PodRefused"
	// ReasonServiceRefused: the API server refuses the Service.
	ReasonServiceRefused = "ServiceRefused"
	// ReasonRequestFailed: the API server fails at a request, again and again.
	ReasonRequestFailed = "RequestFailed"

	// ReasonSchedulingFailed: no node takes the pod.
	ReasonSchedulingFailed = "SchedulingFailed"
	// ReasonHardwareUnavailable: no node takes the pod, and it asks for hardware.
	ReasonHardwareUnavailable = "HardwareUnavailable"
	// ReasonResizeDeferred: the node can't give the pod the resources that are asked for now; what runs
	// goes on with those it had.
	ReasonResizeDeferred = "ResizeDeferred"
	// ReasonImagePullFailed: the image can't be pulled.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonContainerConfigInvalid: the container can't be made, for want of a Secret say.
	ReasonContainerConfigInvalid = "ContainerConfigInvalid"
	// ReasonContainerCrashed: the container ends again and again.
	ReasonContainerCrashed = "ContainerCrashed"
	// ReasonPodFailed: the pod ended by itself; another follows after a delay.
	ReasonPodFailed = "PodFailed"
	// ReasonPodStuck: a pod does not go away, and the deletion no longer waits for it.
	ReasonPodStuck = "PodStuck"
)
