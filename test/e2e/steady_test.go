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

// Not parallel: it's about the time in which nothing changes.
func TestNothingIsAskedWhileNothingChanges(t *testing.T) {
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

	// The minute begins with the last request that is neither of a lease nor a watch: what is still told of the
	// performers' becoming ready is no fault. One that asks again and again never gets a quiet minute.
	began := time.Now()
	wait.For(t, "a minute without a request of the operator but leases and watches", func(context.Context) error {
		requests, until, err := log.Requests(realcluster.OperatorUser, began)
		if err != nil {
			return err
		}
		var others []realcluster.Request
		leases := 0
		last := began
		for _, request := range requests {
			switch {
			case request.Object.Resource == "leases":
				leases++
			case request.Verb == "watch":
			default:
				others = append(others, request)
				if request.Time.After(last) {
					last = request.Time
				}
			}
		}
		if until.Sub(last) < quiet {
			return fmt.Errorf("the log goes %s beyond the last such request; there were\n%s", until.Sub(last).Round(time.Second), lines(others))
		}
		// Without them, the log would be of something else.
		if leases == 0 {
			t.Errorf("the audit log has no lease of %s: is it the right log?", realcluster.OperatorUser)
		}
		return nil
	})
}
