//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Clients put any text into avsAddress. The performer must run whatever it is.
func TestAnyAVSAddressRuns(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	addresses := map[string]string{
		"hex":     "0x5FbDB2315678afecb367f032d93F642f64180aa3",
		"dots":    "0x123...",
		"spaces":  "an address with spaces",
		"slashes": "https://example.org/avs/1",
		"long":    strings.Repeat("x", 200),
		"unicode": "адрес",
	}
	for name, address := range addresses {
		performer := ns.Performer(name)
		performer.Spec.AVSAddress = address
		ns.Create(t, performer)
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			performer := ns.WaitReady(t, name)
			if performer.Spec.AVSAddress != address {
				t.Errorf("spec.avsAddress was changed to %q", performer.Spec.AVSAddress)
			}
			pods, err := ns.Pods(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if len(pods) != 1 {
				t.Fatalf("%d pods have the label of the Performer, want 1", len(pods))
			}
			label := pods[0].Labels["hourglass.eigenlayer.io/avs"]
			if label == "" {
				t.Error("the pod has no AVS label")
			}
			if len(validation.IsValidLabelValue(address)) == 0 && label != address {
				t.Errorf("the AVS label is %q, want the unchanged address", label)
			}
			if pods[0].Labels["app"] != "hourglass-performer" {
				t.Errorf("the pod's label app is %q, want hourglass-performer", pods[0].Labels["app"])
			}
		})
	}
}

func TestLongestName(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	name := strings.Repeat("n", 53)
	performer := ns.CreateReady(t, ns.Performer(name))
	// The sample performer reports its host name as its pod, and a host name has at most 63
	// characters.
	if answer := cluster.Call(t, ns.Address(name, 8080)); answer.Pod != performer.Status.PodName[:63] {
		t.Errorf("the answer is from pod %s, want the first 63 characters of %s", answer.Pod, performer.Status.PodName)
	}
}
