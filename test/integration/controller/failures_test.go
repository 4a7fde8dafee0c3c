// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// crashed returns the status of a pod whose container ended and waits for its restart.
func crashed(exitCode int, reason string, restarts int) string {
	return fmt.Sprintf(`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}],`+
		`"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":false,"restartCount":%d,`+
		`"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off %ds restarting"}},`+
		`"lastState":{"terminated":{"exitCode":%d,"reason":%q}}}]}}`, restarts, restarts*10, exitCode, reason)
}

// TestPodsThatEnd ends pods in each way, all at once, since the first successor is delayed by ten
// seconds.
func TestPodsThatEnd(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	const disrupted = `,{"type":"DisruptionTarget","status":"True","reason":"TerminationByKubelet"}`
	tests := []struct {
		name          string
		change        func(*v1alpha1.Performer)
		phase, reason string
		conditions    string
		failures      int32
	}{
		{"failed", nil, "Failed", "", "", 1},
		{"succeeded", nil, "Succeeded", "", "", 1},
		{"recreate", recreates, "Failed", "", "", 1},
		{"evicted", nil, "Failed", "Evicted", disrupted, 0},
		{"preempted", recreates, "Failed", "", disrupted, 0},
	}
	for _, tt := range tests {
		var change []func(*v1alpha1.Performer)
		if tt.change != nil {
			change = append(change, tt.change)
		}
		ns.Running(tt.name, change...)
		ns.Terminate("performer-"+tt.name+"-0", tt.phase, tt.reason, 3, tt.conditions)
		if tt.failures > 0 {
			p := ns.AwaitReason(tt.name, v1alpha1.ConditionReady, "PodFailed")
			if message := controlplane.Condition(p, v1alpha1.ConditionReady).Message; p.Status.Ready || !strings.Contains(message, "exit code 3 (Error)") ||
				!strings.Contains(message, tt.phase) || p.Status.Phase != v1alpha1.PhaseFailed {
				t.Errorf("%s: status %+v", tt.name, p.Status)
			}
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			first, second := "performer-"+tt.name+"-0", "performer-"+tt.name+"-1"
			pod := ns.AwaitPod(second)
			if tt.failures > 0 {
				var made int64
				for _, m := range h.moments() {
					if m.changed.key == "pod/performer-"+tt.name+"-0" {
						made = m.changed.object.GetCreationTimestamp().Unix()
						break
					}
				}
				if waited := pod.CreationTimestamp.Unix() - made; waited < 10 {
					t.Errorf("the successor was created after %d s", waited)
				}
			}
			ns.AwaitNoPod(first)
			p := ns.AwaitPerformer(tt.name, "the ordinal of the successor", func(p *v1alpha1.Performer) bool { return p.Status.PodOrdinal == 1 })
			if p.Status.FailureCount != tt.failures || p.Status.LastUpgrade != nil {
				t.Errorf("status %+v", p.Status)
			}
			// It has been ready for long, so the failure is forgotten.
			ns.MakeReady(second)
			p = ns.AwaitReadyOn(tt.name, second)
			if p.Status.FailureCount != 0 {
				ns.AwaitPerformer(tt.name, "the failure count to be reset", func(p *v1alpha1.Performer) bool { return p.Status.FailureCount == 0 })
			}
		})
	}
	for _, tt := range tests {
		h.checkStatuses(tt.name)
	}
	op.stop()
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

// TestPodsThatAreNotReplaced has pods for which a replacement would not help.
func TestPodsThatAreNotReplaced(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	tests := []struct {
		name, status, reason string
		want                 []string
	}{
		{"unpullable", waitsFor("ErrImagePull", "manifest unknown"), performer.ReasonImagePullFailed, []string{"manifest unknown"}},
		{"back-off", waitsFor("ImagePullBackOff", `Back-off pulling image: ErrImagePull: no such host`), performer.ReasonImagePullFailed, []string{"no such host"}},
		{"never-pulled", waitsFor("ErrImageNeverPull", "not present with pull policy of Never"), performer.ReasonImagePullFailed, []string{"pull policy of Never"}},
		{"invalid-image", waitsFor("InvalidImageName", "couldn't parse image name"), performer.ReasonImagePullFailed, []string{"couldn't parse image name"}},
		{"no-secret", waitsFor("CreateContainerConfigError", `secret \"s\" not found`), performer.ReasonContainerConfigInvalid, []string{"secret", "not found"}},
		{"no-config-map", waitsFor("CreateContainerConfigError", `couldn't find key k in ConfigMap ns/c`), performer.ReasonContainerConfigInvalid, []string{"key k in ConfigMap"}},
		{"no-command", waitsFor("RunContainerError", "exec: not found"), performer.ReasonContainerConfigInvalid, []string{"exec: not found"}},
		{"crashes", crashed(137, "OOMKilled", 3), performer.ReasonContainerCrashed, []string{"exit code 137 (OOMKilled)", "; see kubectl logs -n ", " --previous "}},
		{"unschedulable", `{"status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes"}]}}`,
			performer.ReasonSchedulingFailed, []string{"0/1 nodes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			pod := "performer-" + tt.name + "-0"
			ns.Create(tt.name)
			before := ns.AwaitPod(pod)
			ns.PatchStatus(pod, tt.status)
			p := ns.AwaitReason(tt.name, v1alpha1.ConditionReady, tt.reason)
			for _, part := range tt.want {
				if message := controlplane.Condition(p, v1alpha1.ConditionReady).Message; !strings.Contains(message, part) || !strings.Contains(message, pod) {
					t.Errorf("the message lacks %q: %s", part, message)
				}
			}
			if controlplane.Condition(p, v1alpha1.ConditionDegraded).Status != "True" || kstatus(p) != kstatusInProgress {
				t.Errorf("status %+v", p.Status)
			}
			if tt.name == "crashes" && p.Status.RestartCount != 3 {
				t.Errorf("restartCount %d", p.Status.RestartCount)
			}
			if now := ns.AwaitPod(pod); now.UID != before.UID {
				t.Error("it is another pod")
			}
			wait.For(t, "an event", func(context.Context) error {
				if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, "Warning "+tt.reason) {
					return errors.New(events)
				}
				return nil
			})
			// The problem is over.
			ns.PatchStatus(pod, `{"status":{"conditions":[{"type":"PodScheduled","status":"True"}],"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":true,"state":{"running":{},"waiting":null}}]}}`)
			ns.MakeReady(pod)
			p = ns.AwaitReadyOn(tt.name, pod)
			if controlplane.Condition(p, v1alpha1.ConditionDegraded).Status != "False" {
				t.Errorf("status %+v", p.Status)
			}
			h.checkStatuses(tt.name)
		})
	}
	op.stop()
	if gone := op.requests.of("DELETE"); len(gone) > 0 {
		t.Errorf("deleted: %q", gone)
	}
	for _, tt := range tests {
		if writes := op.requests.of(ns.Name + "/performers/" + tt.name + "/status"); len(writes) > 5 {
			t.Errorf("%s: %d writes of status", tt.name, len(writes))
		}
	}
}

// TestImagePullBackOffIsNotWrittenAgain alternates between the failed pull and the back-off after
// it, as the kubelet does, and checks that the status is written once.
func TestImagePullBackOffIsNotWrittenAgain(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Create("a")
	pod := "performer-a-0"
	failure := waitsFor("ErrImagePull", "no such host")
	ns.PatchStatus(pod, failure)
	p := ns.AwaitReason("a", v1alpha1.ConditionReady, "ImagePullFailed")
	wait.Until(t, "a first sync", func() bool { return op.results.count("success") > 0 })
	for round := range 4 {
		synced := op.results.count("success")
		status := failure
		if round%2 == 0 {
			status = waitsFor("ImagePullBackOff", "Back-off pulling image \\\"i\\\": ErrImagePull: no such host")
			status = strings.ReplaceAll(status, `\\\"`, `\"`)
		}
		ns.PatchStatus(pod, status)
		wait.Until(t, "a sync", func() bool { return op.results.count("success") > synced })
	}
	if now := ns.Performer("a"); now.ResourceVersion != p.ResourceVersion {
		t.Errorf("written again: %+v", now.Status)
	}
}

// TestReadyFollowsThePod has the serving pod lose its readiness and regain it.
func TestReadyFollowsThePod(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("a")
	before := ns.AwaitPod("performer-a-0")
	ns.PatchStatus("performer-a-0", `{"status":{"conditions":[{"type":"Ready","status":"False"}]}}`)
	p := ns.AwaitReason("a", v1alpha1.ConditionReady, "PodUnready")
	if p.Status.Ready || p.Status.PodName != "performer-a-0" || kstatus(p) == kstatusCurrent {
		t.Errorf("status %+v", p.Status)
	}
	ns.PatchStatus("performer-a-0", crashed(1, "Error", 1))
	ns.AwaitReason("a", v1alpha1.ConditionReady, "ContainerCrashed")
	ns.MakeReady("performer-a-0")
	ns.AwaitPerformer("a", "Performer a to be ready", func(p *v1alpha1.Performer) bool { return p.Status.Ready })
	ns.PatchStatus("performer-a-0", `{"status":{"containerStatuses":[{"name":"performer","state":{"running":{},"waiting":null}}]}}`)
	ns.AwaitReadyOn("a", "performer-a-0")
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	h.checkStatuses("a")
	if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, "Warning PodUnready") || !strings.Contains(events, "Warning ContainerCrashed") {
		t.Errorf("events: %s", events)
	}
}
