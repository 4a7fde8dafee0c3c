//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestNoRequestWhileNothingChanges counts the operator's requests about the namespace of the test
// and about no namespace, so that it can run in parallel with tests of other namespaces.
func TestNoRequestWhileNothingChanges(t *testing.T) {
	t.Parallel()
	const (
		quiet = time.Minute
		count = 5
	)
	log := cluster.AuditLog(t)
	ns := cluster.Namespace(t)
	for i := range count {
		ns.Create(t, ns.Performer(fmt.Sprintf("p%d", i)))
	}
	for i := range count {
		ns.WaitReady(t, fmt.Sprintf("p%d", i))
	}

	// The minute begins with the last request that is neither for a lease nor a watch: the events
	// and status updates of Performers that have just become ready are expected. An operator that
	// polls never gets a quiet minute.
	began := time.Now()
	last := began
	var others []realcluster.Request
	wait.For(t, "a minute without requests of the operator, except for leases and watches", func(context.Context) error {
		if time.Since(last) < quiet {
			// Too early for success, and reading the log is slow.
			return fmt.Errorf("the last such request was at %s; there were\n%s", last.Format(time.TimeOnly), lines(others))
		}
		requests, until, err := log.Requests(realcluster.OperatorUser, began)
		if err != nil {
			return err
		}
		others = nil
		leases := 0
		for _, request := range requests {
			switch namespace := request.Object.Namespace; {
			case request.Object.Resource == "leases":
				leases++
			case request.Verb == "watch":
			case namespace == "" || namespace == ns.Name || namespace == realcluster.OperatorNamespace:
				others = append(others, request)
				if request.Time.After(last) {
					last = request.Time
				}
			}
		}
		if until.Sub(last) < quiet {
			return fmt.Errorf("the log ends %s after the last such request; there were\n%s", until.Sub(last).Round(time.Second), lines(others))
		}
		// A log without them belongs to another operator or cluster.
		if leases == 0 {
			t.Errorf("the audit log has no request of %s for a lease: is it the log of this cluster?", realcluster.OperatorUser)
		}
		return nil
	})
}
