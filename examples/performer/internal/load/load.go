// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load calls a performer at a steady rate and says what a client would have felt. It's how the tests tell
// whether an upgrade or a drained node is seen from outside.
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
	// Rate is how many calls start each second. They start on time whether or not earlier ones have ended, so a
	// stall shows as many failures, as it would with many clients.
	Rate int
	// Duration is how long calls are started for; zero means until the context is done.
	Duration time.Duration
	// Timeout bounds each call, and with DialEach its connection too.
	Timeout time.Duration
	// DialEach makes a new connection for every call, so that each is routed anew; otherwise one is held.
	DialEach bool
	// FirstAnswer, where set, is called with the first answer of each pod: from the first on the load is under way,
	// and each further one tells that a successor has taken over. Calls do not overlap.
	FirstAnswer func(whoami.Answer)
}

// Validate says which option can't work.
func (o Options) Validate() error {
	switch {
	case o.Rate < 1 || o.Rate > 10_000:
		return fmt.Errorf("rate is %d: want 1 to 10000 calls a second", o.Rate)
	case o.Duration < 0:
		return fmt.Errorf("duration is %s: want zero (until interrupted) or more", o.Duration)
	case o.Timeout <= 0:
		return fmt.Errorf("timeout is %s: want more than zero", o.Timeout)
	}
	return nil
}

// Run makes calls over connections that dial returns until the duration is over or ctx is done, waits for those in
// flight, and sums up. Failed calls are part of the summary; an error means that the load could not be made at all.
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
			// Not ctx: an interrupt ends the load, and must not count the calls in flight as failures.
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
	// Taken before waiting for the last calls: a gap is time in which a caller asked and got nothing.
	end := time.Since(start)
	calls.Wait()
	return results.finish(end), nil
}
