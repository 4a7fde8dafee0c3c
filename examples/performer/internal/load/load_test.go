// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/whoami"
)

// performer answers the first failAfter calls, then fails. It counts all calls.
type performer struct {
	failAfter int64
	calls     atomic.Int64
}

func (p *performer) Ask(context.Context, []string) (whoami.Answer, error) {
	if p.calls.Add(1) > p.failAfter {
		return whoami.Answer{}, errors.New("out of service")
	}
	return whoami.Answer{Version: "v1", Pod: "a"}, nil
}

// serve starts the performer. It returns functions that dial it and that count the connections so
// far.
func serve(t *testing.T, p *performer) (dial func() (*grpc.ClientConn, error), dials func() int64) {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	whoami.Register(server, p)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	var count atomic.Int64
	return func() (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///performer", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				count.Add(1)
				return listener.DialContext(ctx)
			}))
	}, count.Load
}

func TestRun(t *testing.T) {
	options := Options{Rate: 1000, Duration: 50 * time.Millisecond, Timeout: 10 * time.Second}

	t.Run("shares one connection", func(t *testing.T) {
		dial, dials := serve(t, &performer{failAfter: 1 << 30})
		summary, err := Run(t.Context(), options, dial)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Calls == 0 || summary.OK != summary.Calls || summary.Answers["v1/a"] != summary.OK {
			t.Errorf("want all calls answered by v1/a, got %+v", summary)
		}
		if dials() != 1 {
			t.Errorf("made %d connections, want 1", dials())
		}
	})

	t.Run("reports the first answer of each pod", func(t *testing.T) {
		dial, _ := serve(t, &performer{failAfter: 1 << 30})
		options := options
		var reported atomic.Int64
		options.FirstAnswer = func(answer whoami.Answer) {
			reported.Add(1)
			if answer.Version != "v1" || answer.Pod != "a" {
				t.Errorf("reported %+v, want an answer of v1 from a", answer)
			}
		}
		if _, err := Run(t.Context(), options, dial); err != nil {
			t.Fatal(err)
		}
		if reported.Load() != 1 {
			t.Errorf("reported %d first answers, want 1, since there is one pod", reported.Load())
		}
	})

	t.Run("dials for each call with DialEach", func(t *testing.T) {
		dial, dials := serve(t, &performer{failAfter: 1 << 30})
		options := options
		options.DialEach = true
		summary, err := Run(t.Context(), options, dial)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Calls == 0 || summary.Failed != 0 || dials() != int64(summary.Calls) {
			t.Errorf("made %d connections for %+v, want one for each call", dials(), summary)
		}
	})

	t.Run("counts failed calls", func(t *testing.T) {
		p := &performer{failAfter: 1}
		dial, _ := serve(t, p)
		summary, err := Run(t.Context(), options, dial)
		if err != nil {
			t.Fatal(err)
		}
		if int64(summary.Calls) != p.calls.Load() || summary.OK != 1 || summary.Failed != summary.Calls-1 {
			t.Errorf("of %d calls one was answered, got %+v", p.calls.Load(), summary)
		}
	})

	t.Run("without a duration, ends when interrupted, after the calls in flight", func(t *testing.T) {
		p := &performer{failAfter: 1 << 30}
		dial, _ := serve(t, p)
		options := options
		options.Duration = 0
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, interrupt)
		summary, err := Run(ctx, options, dial)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Calls == 0 || summary.Failed != 0 {
			t.Errorf("want calls and no failure, got %+v", summary)
		}
	})

	t.Run("refuses invalid options", func(t *testing.T) {
		for _, options := range []Options{
			{Rate: 0, Timeout: time.Second},
			{Rate: 20_000, Timeout: time.Second},
			{Rate: 1},
			{Rate: 1, Timeout: time.Second, Duration: -1},
		} {
			if _, err := Run(t.Context(), options, nil); err == nil {
				t.Errorf("%+v was accepted", options)
			}
		}
	})
}
