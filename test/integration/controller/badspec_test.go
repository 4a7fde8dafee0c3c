// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestSpecsThatTheSchemaRefuses has specs that are never stored, at creation and as a change of a
// Performer that runs.
func TestSpecsThatTheSchemaRefuses(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("runs")
	before := ns.Performer("runs")
	thousand := func(format string) string {
		var all []string
		for i := range 1000 {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ",")
	}
	for i, tt := range []struct {
		name, fields string
		want         []string
	}{
		{"an invalid quantity", `"resources":{"limits":{"cpu":"much"}}`, []string{"spec.resources.limits.cpu"}},
		{"a negative count", `"hardwareRequirements":{"gpuCount":-1}`, []string{"spec.hardwareRequirements.gpuCount", "greater than or equal to 0"}},
		{"port 0", `"config":{"grpcPort":0}`, []string{"spec.config.grpcPort", "greater than or equal to 1"}},
		{"port 70000", `"config":{"grpcPort":70000}`, []string{"spec.config.grpcPort", "less than or equal to 65535"}},
		{"both references", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"},"configMapKeyRef":{"name":"s","key":"k"}}}]}`,
			[]string{"exactly one of secretKeyRef and configMapKeyRef"}},
		{"1,000 variables", `"config":{"environment":{` + thousand(`"V%d":"x"`) + `}}`, []string{"spec.config.environment", "256"}},
		{"1,000 references", `"config":{"environmentFrom":[` + thousand(`{"name":"V%d","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}`) + `]}`,
			[]string{"spec.config.environmentFrom", "256"}},
		{"1,000 of env", `"config":{"env":[` + thousand(`{"name":"V%d","value":"x"}`) + `]}`, []string{"spec.config.env", "256"}},
		{"a reserved label", `"podLabels":{"hourglass.eigenlayer.io/serving":"true"}`, []string{"spec.podLabels", "these labels are reserved for the operator"}},
		{"the label app", `"podLabels":{"app":"x"}`, []string{"spec.podLabels", "must not set app"}},
		{"an unknown strategy", `"upgradeStrategy":{"type":"Canary"}`, []string{"spec.upgradeStrategy.type", "BlueGreen"}},
		{"an unknown disruption type", `"disruption":{"type":"Drain"}`, []string{"spec.disruption.type", "Surge"}},
		{"a deadline of 0", `"upgradeStrategy":{"progressDeadlineSeconds":0}`, []string{"spec.upgradeStrategy.progressDeadlineSeconds"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			controlplane.CheckRefusal(t, cluster.Post(t, ns.Name, fmt.Sprintf("p%d", i), controlplane.SpecWith(t, tt.fields)), tt.want)
			_, err := hourglass.HourglassV1alpha1().Performers(ns.Name).Patch(t.Context(), "runs", types.MergePatchType, []byte(`{"spec":{`+tt.fields+`}}`), metav1.PatchOptions{})
			controlplane.CheckRefusal(t, err, tt.want)
		})
	}
	if now := ns.Performer("runs"); now.ResourceVersion != before.ResourceVersion {
		t.Error("a refused change changed the object")
	}
}

// TestSpecsThatTheClusterRefuses has specs that the schema accepts and that can't run: the API
// server refuses the pod, or would refuse it. Each is tried on a new Performer and on one that
// runs, whose pod must go on serving. Then each is fixed.
func TestSpecsThatTheClusterRefuses(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	const (
		// Another change may make it valid, such as a class that is created.
		waits = v1alpha1.ConditionReconciling
		// Only another spec helps.
		stalls = v1alpha1.ConditionStalled
	)
	tests := []struct {
		name, fields, fix, condition string
		// reason is InvalidSpec for what is invalid in any cluster, which is found without a
		// request.
		reason string
		want   []string
	}{
		{"priority-class", `"scheduling":{"priorityClassName":"there-is-none"}`, `"scheduling":null`, waits, performer.ReasonPodRefused, []string{"PriorityClass", "there-is-none"}},
		{"runtime-class", `"scheduling":{"runtimeClass":"there-is-none"}`, `"scheduling":null`, waits, performer.ReasonPodRefused, []string{"RuntimeClass", "there-is-none", "not found"}},
		{"toleration", `"scheduling":{"tolerations":[{"key":"a","operator":"Sometimes"}]}`, `"scheduling":null`, stalls, performer.ReasonPodRefused, []string{"tolerations", "Sometimes"}},
		{"field", `"config":{"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"there.is.none"}}}]}`, `"config":{"env":null}`, stalls, performer.ReasonPodRefused, []string{"fieldPath", "there.is.none"}},
		{"label-key", `"podLabels":{"no key":"x"}`, `"podLabels":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.podLabels", "no key"}},
		{"annotation-key", `"podAnnotations":{"no key":"x"}`, `"podAnnotations":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.podAnnotations"}},
		{"image", `"image":"no//image:1"`, `"image":"repo:1"`, stalls, performer.ReasonInvalidSpec, []string{"spec.image:", "no//image"}},
		{"custom-label-value", `"hardwareRequirements":{"customLabels":{"key":"no value!"}}`, `"hardwareRequirements":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.hardwareRequirements.customLabels", "no value!"}},
		{"variable-name", `"config":{"environment":{"":"x"}}`, `"config":{"environment":null}`, stalls, performer.ReasonInvalidSpec, []string{"spec.config.environment"}},
		{"request-above-limit", `"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}`, `"resources":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.resources.requests.cpu: 2 is above the limit of 1"}},
		{"account-name", `"config":{"serviceAccountName":"No Account"}`, `"config":{"serviceAccountName":null}`, stalls, performer.ReasonInvalidSpec, []string{"spec.config.serviceAccountName"}},
		{"volume-mount", `"volumeMounts":[{"name":"there-is-none","mountPath":"/x"}]`, `"volumeMounts":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.volumeMounts[0].name", "there-is-none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			check := func(name string) *v1alpha1.Performer {
				t.Helper()
				p := ns.AwaitPerformer(name, "reason "+tt.reason+" in condition "+tt.condition, func(p *v1alpha1.Performer) bool {
					return p.Status.ObservedGeneration == p.Generation && controlplane.HasReason(tt.condition, tt.reason)(p)
				})
				degraded := controlplane.Condition(p, v1alpha1.ConditionDegraded)
				for _, part := range tt.want {
					if !strings.Contains(degraded.Message, part) {
						t.Errorf("the message lacks %q: %s", part, degraded.Message)
					}
				}
				return p
			}
			fresh, runs := tt.name, tt.name+"-runs"
			if err := cluster.Post(t, ns.Name, fresh, controlplane.SpecWith(t, tt.fields)); err != nil {
				t.Fatal(err)
			}
			if p := check(fresh); p.Status.Ready || len(ns.Pods(fresh)) > 0 {
				t.Errorf("status %+v", p.Status)
			}
			var seen []string
			wait.For(t, "a Warning event of reason "+tt.reason, func(context.Context) error {
				seen = append(seen, op.takeEvents(ns.Name)...)
				if !slices.ContainsFunc(seen, func(e string) bool {
					return strings.HasPrefix(e, "Warning "+tt.reason) && strings.Contains(e, tt.want[0])
				}) {
					return errors.New(strings.Join(seen, "\n"))
				}
				return nil
			})
			ns.Patch(fresh, `{"spec":{`+tt.fix+`}}`)
			ns.MakeReady("performer-" + fresh + "-0")
			ns.AwaitReadyOn(fresh, "performer-"+fresh+"-0")

			ns.Running(runs)
			before := ns.AwaitPod("performer-" + runs + "-0")
			ns.Patch(runs, `{"spec":{`+tt.fields+`}}`)
			if p := check(runs); !p.Status.Ready || p.Status.PodName != before.Name {
				t.Errorf("the serving pod was taken down: %+v", p.Status)
			}
			ns.Patch(runs, `{"spec":{`+tt.fix+`}}`)
			ns.AwaitReadyOn(runs, before.Name)
			if now := ns.AwaitPod(before.Name); now.UID != before.UID {
				t.Error("it is another pod")
			}
			for _, name := range []string{fresh, runs} {
				h.checkStatuses(name)
			}
			h.checkNoGap(runs)
		})
	}
	op.stop()
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
	// For each pair: two pods, and a few attempts until the status that reports the refusal is
	// seen.
	if tries := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(tries) > len(tests)*(2+2*4) {
		t.Errorf("%d attempts to create pods", len(tries))
	}
	for _, tt := range tests {
		for _, name := range []string{tt.name, tt.name + "-runs"} {
			if writes := op.requests.of(ns.Name + "/performers/" + name + "/status"); len(writes) > 8 {
				t.Errorf("%s: %d writes of status", name, len(writes))
			}
		}
	}
}

// TestSpecsThatTheKubeletRefuses plays the kubelet for the pod of a changed spec that can't run,
// next to a pod that runs.
func TestSpecsThatTheKubeletRefuses(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	for _, tt := range []struct{ name, fields, reason, message, want string }{
		{"secret", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`,
			"CreateContainerConfigError", "secret s not found", performer.ReasonContainerConfigInvalid},
		{"config-map", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}]}`,
			"CreateContainerConfigError", "configmap c not found", performer.ReasonContainerConfigInvalid},
		{"image", `"image":"repo:missing"`, "ErrImagePull", "repo:missing: not found", performer.ReasonImagePullFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			ns.Running(tt.name)
			before := ns.AwaitPod("performer-" + tt.name + "-0")
			ns.Patch(tt.name, `{"spec":{`+tt.fields+`}}`)
			ns.PatchStatus("performer-"+tt.name+"-1", waitsFor(tt.reason, tt.message))
			p := ns.AwaitReason(tt.name, v1alpha1.ConditionDegraded, tt.want)
			if message := controlplane.Condition(p, v1alpha1.ConditionDegraded).Message; !strings.Contains(message, tt.message) || !p.Status.Ready {
				t.Errorf("message %q, status %+v", message, p.Status)
			}
			ns.Patch(tt.name, `{"spec":{"image":"repo:1","config":{"environmentFrom":null}}}`)
			ns.AwaitNoPod("performer-" + tt.name + "-1")
			ns.AwaitReadyOn(tt.name, before.Name)
			if now := ns.AwaitPod(before.Name); now.UID != before.UID {
				t.Error("it is another pod")
			}
			h.checkNoGap(tt.name)
			h.checkStatuses(tt.name)
		})
	}
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(tries) != 6 {
		t.Errorf("%d pods were created:\n%s", len(tries), strings.Join(tries, "\n"))
	}
}

func TestRefusedChangeKeepsTheServingPod(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	ns.Patch("a", `{"spec":{"scheduling":{"priorityClassName":"there-is-none"}}}`)
	p := ns.AwaitReason("a", v1alpha1.ConditionReady, "PodRefused")
	if !p.Status.Ready || p.Status.PodName != "performer-a-0" {
		t.Errorf("the serving pod was taken down: %+v", p.Status)
	}
	if message := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady).Message; !strings.Contains(message, "there-is-none") {
		t.Errorf("the message does not say why: %s", message)
	}
	ns.AwaitPod("performer-a-0")

	ns.Patch("a", `{"spec":{"scheduling":null}}`)
	ns.AwaitReadyOn("a", "performer-a-0")
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(tries) > 6 {
		t.Errorf("%d attempts to create a pod that is refused", len(tries))
	}
}
