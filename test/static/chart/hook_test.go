// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	manageroptions "github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

const (
	testPod = "Pod hourglass-system/hourglass-operator-test"
	// preferred is the prefix of values that set a preferred node affinity.
	preferred = "scheduling.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
)

// TestHelmTestPod checks that the pod of helm test has the same settings as the operator's pods,
// that it only checks and never reconciles, and that no selector of the operator's pods selects it.
func TestHelmTestPod(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		for _, values := range [][]string{
			nil,
			singleReplica("operator.env.leaderElection=false"),
			certManager("metrics.secure=true", "metrics.certificateSecret=s", "namespaces={a}"),
			{
				"networkPolicy.enabled=true", "pod.labels.a=b", "pod.annotations.c=d", "commonLabels.e=f", "scheduling.nodeSelector.g=h",
				preferred + ".weight=1", preferred + ".preference.matchFields[0].key=metadata.name", preferred + ".preference.matchFields[0].operator=Exists",
			},
		} {
			all := renderChart(t, helm, append([]string{"crd.install=false"}, values...)...)
			pod, of := all[testPod], all[deployment]
			if pod == nil || of == nil {
				t.Fatalf("%s: %s", values, slices.Sorted(maps.Keys(all)))
			}

			options, tested := options(t, of, podSpec), options(t, pod, "spec.")
			options.CheckOnly = true
			if !reflect.DeepEqual(options, tested) {
				t.Errorf("%s: the pod of helm test runs the manager with the options %+v, want those of the operator with CheckOnly: %+v", values, tested, options)
			}
			for _, path := range []string{
				"serviceAccountName", "nodeSelector", "volumes", "securityContext", "affinity.nodeAffinity",
				"containers.0.image", "containers.0.env", "containers.0.volumeMounts", "containers.0.securityContext", "containers.0.resources",
			} {
				if want, got := get(of, podSpec+path), get(pod, "spec."+path); !reflect.DeepEqual(want, got) {
					t.Errorf("%s: %s of the pod of helm test is %v, want that of the operator: %v", values, path, got, want)
				}
			}
			for _, of := range []string{"metadata.annotations", "metadata.labels"} {
				want, got := get(all[deployment], "spec.template."+of).(map[string]any), get(pod, of).(map[string]any)
				for key, value := range want {
					if !slices.Contains([]string{"app.kubernetes.io/component", "kubectl.kubernetes.io/default-container"}, key) && got[key] != value {
						t.Errorf("%s: %s of the pod of helm test has %s=%v, want that of the operator: %v", values, of, key, got[key], value)
					}
				}
			}
			for _, key := range []string{deployment, metricsService, budget, networkPolicy, webhookService} {
				for _, path := range []string{"spec.selector.matchLabels", "spec.selector", "spec.podSelector.matchLabels"} {
					if selects(get(all[key], path), get(pod, "metadata.labels").(map[string]any)) {
						t.Errorf("%s: %s selects the pod of helm test", values, key)
					}
				}
			}
			if get(pod, "spec.initContainers") != nil || get(pod, "spec.containers.1") != nil {
				t.Errorf("%s: the pod of helm test has more than one container", values)
			}
			// Helm 3 applies the delete policies before `helm test --logs` reads the log.
			if policy := get(pod, "metadata.annotations.[helm.sh/hook-delete-policy]"); policy != "before-hook-creation" {
				t.Errorf("%s: the delete policy is %v, want before-hook-creation: Helm would delete the pod before its log is read", values, policy)
			}
		}
	})
}

// options parses the manager's options from the pod spec at a path of an object.
func options(t *testing.T, o object, path string) *manageroptions.Options {
	t.Helper()
	var args []string
	list, _ := get(o, path+"containers.0.args").([]any)
	for _, arg := range list {
		args = append(args, arg.(string))
	}
	options, err := manageroptions.Parse(args, environment(o, path))
	if err != nil {
		t.Fatal(err)
	}
	return options
}

// selects reports whether a selector selects the labels. An empty selector selects nothing here.
func selects(selector any, labels map[string]any) bool {
	names, ok := selector.(map[string]any)
	for key, value := range names {
		ok = ok && labels[key] == value
	}
	return ok && len(names) > 0
}
