//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// When kubectl wait returns during an upgrade, the condition it waited for must be true of the new
// spec.
func TestKubectlWaitAcrossAnUpgrade(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	before := ns.CreateReady(t, ns.Performer("a"))
	kubectlWait := func(condition string) {
		t.Helper()
		if output, err := cluster.Kubectl(t.Context(), "wait", "--for=condition="+condition, "performer/a", "-n", ns.Name, "--timeout=120s"); err != nil {
			t.Fatalf("waiting for %s: %s %v", condition, output, err)
		}
	}

	// Right after the change, when the condition still describes the previous spec.
	for i, version := range []string{"v1", "v2"} {
		ns.Patch(t, "a", fmt.Sprintf(`{"spec":{"image":"hourglass/sample-performer:%s","config":{"environment":{"PERFORMER_READY_AFTER":"2s"}}}}`, version))
		kubectlWait("Ready")
		pod := fmt.Sprintf("performer-a-%d", i+1)
		if served, err := cluster.Kubectl(t.Context(), "get", "performer", "a", "-n", ns.Name, "-o", "jsonpath={.status.podName}"); err != nil || served != pod {
			t.Errorf("kubectl wait returned, but the status names pod %q (%v), want %s", served, err, pod)
		}
		// Until the proxy of the node has seen the endpoints, the draining pod still answers.
		wait.For(t, "an answer from the new pod", func(context.Context) error {
			if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Version != version || answer.Pod != pod {
				return fmt.Errorf("the answer is from %+v, want %s from %s", answer, version, pod)
			}
			return nil
		})
	}
	if _, err := cluster.Kubectl(t.Context(), "wait", "--for=jsonpath={.status.phase}=Running", "performer/a", "-n", ns.Name, "--timeout=60s"); err != nil {
		t.Error(err)
	}

	// An upgrade that can't succeed is reported as Stalled and not Ready. The previous pod still
	// serves. Only this change gets a short deadline: the others must succeed on a busy machine too.
	ns.Patch(t, "a", `{"spec":{"upgradeStrategy":{"progressDeadlineSeconds":10},"config":{"environment":{"PERFORMER_READY_AFTER":"never"}}}}`)
	kubectlWait("Stalled")
	if output, err := cluster.Kubectl(t.Context(), "wait", "--for=condition=Ready=false", "performer/a", "-n", ns.Name, "--timeout=1s"); err != nil {
		t.Errorf("Performer a is Stalled and still Ready: %s %v", output, err)
	}
	kubectlWait("Available")
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != "performer-a-2" {
		t.Errorf("the answer is from pod %s, want the pod that served before, performer-a-2", answer.Pod)
	}

	output, err := cluster.Kubectl(t.Context(), "describe", "performer", "a", "-n", ns.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, events, found := strings.Cut(output, "Events:")
	if !found {
		t.Fatalf("kubectl describe shows no events:\n%s", output)
	}
	t.Logf("kubectl describe shows the events:%s", events)
	assertInOrder(t, events,
		"Normal PodReady Pod performer-a-0 serves at "+ns.Address("a", 8080),
		"Normal UpgradeInProgress Replacing revision "+before.Status.CurrentRevision+" with ",
		"Normal PodReady Pod performer-a-1 serves at ",
		"Normal UpgradeInProgress Replacing revision ",
		"Normal PodReady Pod performer-a-2 serves at ",
		"Normal UpgradeInProgress Replacing revision ",
		"Warning ProgressDeadlineExceeded progressDeadlineSeconds exceeded: ",
	)
	if lines := strings.Count(strings.TrimSpace(events), "\n") + 1; lines > 2+7 {
		t.Errorf("there are more than the 7 expected events:\n%s", events)
	}
}

// assertInOrder fails the test unless kubectl's table of events contains the given events in this
// order. An event is given as its type, reason and the beginning of its message.
func assertInOrder(t *testing.T, table string, events ...string) {
	t.Helper()
	var found []string
	for line := range strings.Lines(table) {
		// Type, reason, age, from, message. An age may have more than one word: "3s (x2 over 1m)".
		fields := strings.Fields(line)
		for i, field := range fields {
			if field == "hourglass-operator" || strings.HasPrefix(field, "performer-controller") {
				found = append(found, strings.Join(append(fields[:2:2], fields[i+1:]...), " "))
				break
			}
		}
	}
	rest := found
	for _, event := range events {
		for len(rest) > 0 && !strings.HasPrefix(rest[0], event) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Errorf("event %q is missing or out of order; there are\n%s", event, strings.Join(found, "\n"))
			return
		}
		rest = rest[1:]
	}
}
