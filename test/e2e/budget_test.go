//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// A Performer must cost few writes, since with hundreds of them the API server is the bottleneck.
func TestBecomingReadyCostsFewWrites(t *testing.T) {
	t.Parallel()
	log := cluster.AuditLog(t)
	began := time.Now()
	ns := cluster.Namespace(t)
	ns.CreateReady(t, ns.Performer("a"))
	ready := time.Now()

	var writes, events []realcluster.Request
	wait.For(t, "the audit log to reach the moment of readiness, and the event", func(context.Context) error {
		requests, until, err := log.Requests(realcluster.OperatorUser, began)
		if err != nil {
			return err
		}
		writes, events = nil, nil
		for _, request := range requests {
			switch {
			case request.Object.Namespace != ns.Name:
			case request.Verb == "get" || request.Verb == "list" || request.Verb == "watch":
			case request.Response.Code >= 300:
				// Refused, for example because of a stale cache: nothing was written.
			case request.Object.Resource == "events":
				events = append(events, request)
			default:
				writes = append(writes, request)
			}
		}
		// Events are sent in the background.
		if until.Before(ready) || len(events) == 0 {
			return fmt.Errorf("the log ends at %s, want %s, with %d events", until, ready, len(events))
		}
		return nil
	})
	if len(writes) > 5 {
		t.Errorf("becoming ready took %d writes, want at most 5:\n%s", len(writes), lines(writes))
	}
	if len(events) > 1 {
		t.Errorf("becoming ready took %d events, want one:\n%s", len(events), lines(events))
	}
}

func lines(requests []realcluster.Request) string {
	var text strings.Builder
	for _, request := range requests {
		fmt.Fprintln(&text, request)
	}
	return text.String()
}
