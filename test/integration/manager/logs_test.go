// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// TestLogsInJSON checks that every line of a manager is JSON, and that those about a Performer have
// it, its pod and its revision as fields.
func TestLogsInJSON(t *testing.T) {
	ns := cluster.Namespace(t)
	m := controlplane.StartManager(t, kubeconfigFor(t, controlplane.Narrow()...), "--logging-format=json")
	ns.Running("a")
	m.AwaitLog(`"reason":"PodReady"`)
	if err := m.Terminate(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(m.Log.String()) {
		var fields struct {
			Message   string `json:"msg"`
			Performer struct{ Name, Namespace string }
			Pod       string
			Revision  string
		}
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Message == "" {
			t.Errorf("%v: %s", err, line)
		}
		switch fields.Message {
		case "Created pod", "Transition":
			if fields.Performer.Namespace != ns.Name {
				continue // of another test
			}
			seen[fields.Message] = true
			if fields.Performer.Name != "a" || fields.Pod != "performer-a-0" || fields.Revision == "" {
				t.Errorf("a field is missing: %s", line)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("the log has only %v", seen)
	}
}
