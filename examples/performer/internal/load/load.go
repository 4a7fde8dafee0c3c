// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load calls a performer at a steady rate and reports failures and gaps as a client sees
// them. The tests use it to check that clients do not notice an upgrade or a drained node.
package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/whoami"
)

// Options describe a load.
type Options struct {
	// Rate is how many calls start per second. They start on time even if earlier ones have not
	// ended, so a stall causes many failures, as with many clients.
	Rate int
	// Duration is how long calls are started. Zero means until the context is done.
	Duration time.Duration
	// Timeout is the timeout of each call, which with DialEach includes the connection.
	Timeout time.Duration
	// DialEach opens a new connection for each call, so that each call is routed again. Otherwise
	// all calls share one.
	DialEach bool
	// FirstAnswer, if set, is called with the first answer of each pod. The first one shows that
	// the load is running, each further one that another pod has taken over. Calls of FirstAnswer
	// do not overlap.
	FirstAnswer func(whoami.Answer)
}

// Validate returns an error for the first invalid option.
func (o Options) Validate() error {
	switch {
	case o.Rate < 1 || o.Rate > 10_000:
		return fmt.Errorf("invalid rate %d: expected 1 to 10000 calls per second", o.Rate)
	case o.Duration < 0:
		return fmt.Errorf("invalid duration %s: expected 0 (until interrupted) or more", o.Duration)
	case o.Timeout <= 0:
		return fmt.Errorf("invalid timeout %s: expected more than 0", o.Timeout)
	}
	return nil
}

// Run makes calls over connections from dial until the duration is over or ctx is done, waits for
// the calls in flight, and returns a summary, which includes failed calls. It returns an error only
// if it could not start.
func Run(ctx context.Context, options Options, dial func() (*grpc.ClientConn, error)) (Summary, error) {
	if err := options.Validate(); err != nil {
		return Summary{}, err
	}
	call := func(ctx context.Context) (whoami.Answer, error) {
		conn, err := dial()
		if err != nil {
			return whoami.Answer{}, err
		}
		defer conn.Close()
		return whoami.Ask(ctx, conn)
	}
	if !options.DialEach {
		conn, err := dial()
		if err != nil {
			return Summary{}, err
		}
		defer conn.Close()
		call = func(ctx context.Context) (whoami.Answer, error) { return whoami.Ask(ctx, conn) }
	}

	starting := ctx
	if options.Duration > 0 {
		var cancel context.CancelFunc
		starting, cancel = context.WithTimeout(ctx, options.Duration)
		defer cancel()
	}
	ticker := time.NewTicker(time.Second / time.Duration(options.Rate))
	defer ticker.Stop()

	var results recorder
	var calls sync.WaitGroup
	start := time.Now()
	for starting.Err() == nil {
		calls.Go(func() {
			// Not ctx: an interrupt ends the load, but does not cancel the calls in flight.
			callCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), options.Timeout)
			defer cancel()
			answer, err := call(callCtx)
			if err != nil {
				results.failure(time.Since(start), err)
				return
			}
			results.success(time.Since(start), answer.Version+"/"+answer.Pod, func() {
				if options.FirstAnswer != nil {
					options.FirstAnswer(answer)
				}
			})
		})
		select {
		case <-ticker.C:
		case <-starting.Done():
		}
	}
	// Before waiting for the last calls: no new call starts after this time, so it is not part of a
	// gap.
	end := time.Since(start)
	calls.Wait()
	return results.finish(end), nil
}
