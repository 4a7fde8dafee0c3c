// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"maps"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/whoami"
)

// running is a performer on an in-memory listener.
type running struct {
	conn *grpc.ClientConn
	// stop starts the graceful stop, like SIGTERM.
	stop context.CancelFunc
	// ended receives the result of Run.
	ended chan error
}

func start(t *testing.T, options Options) running {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, listener, options) }()
	conn, err := grpc.NewClient("passthrough:///performer",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		conn.Close()
	})
	return running{conn: conn, stop: stop, ended: ended}
}

func TestHealth(t *testing.T) {
	const (
		serving    = healthpb.HealthCheckResponse_SERVING
		notServing = healthpb.HealthCheckResponse_NOT_SERVING
	)
	for _, test := range []struct {
		name    string
		options Options
		want    healthpb.HealthCheckResponse_ServingStatus
	}{
		{"serves at once by default", Options{}, serving},
		{"isn't ready before its delay", Options{ReadyAfter: time.Hour}, notServing},
		{"is never ready with NeverReady", Options{NeverReady: true}, notServing},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := healthpb.NewHealthClient(start(t, test.options).conn)
			for _, service := range []string{"", whoami.ServiceName} {
				response, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
				if err != nil {
					t.Fatalf("checking %q: %v", service, err)
				}
				if response.Status != test.want {
					t.Errorf("health of %q is %s, want %s", service, response.Status, test.want)
				}
			}
		})
	}

	t.Run("becomes ready after its delay", func(t *testing.T) {
		client := healthpb.NewHealthClient(start(t, Options{ReadyAfter: time.Millisecond}).conn)
		watch, err := client.Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			response, err := watch.Recv()
			if err != nil {
				t.Fatalf("waiting for %s: %v", serving, err)
			}
			if response.Status == serving {
				return
			}
		}
	})

	t.Run("doesn't know other services", func(t *testing.T) {
		client := healthpb.NewHealthClient(start(t, Options{}).conn)
		_, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "other"})
		if status.Code(err) != codes.NotFound {
			t.Errorf("got %v, want %s", err, codes.NotFound)
		}
	})
}

func TestAsk(t *testing.T) {
	t.Setenv("SAMPLE_SET", "value")
	t.Setenv("SAMPLE_EMPTY", "")
	performer := start(t, Options{Version: "v2", Pod: "performer-a-0"})
	for _, test := range []struct {
		name string
		env  []string
		want map[string]string
	}{
		{"no variables by default", nil, nil},
		{"the requested variables that are set", []string{"SAMPLE_SET", "SAMPLE_EMPTY", "SAMPLE_UNSET"},
			map[string]string{"SAMPLE_SET": "value", "SAMPLE_EMPTY": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := whoami.Ask(t.Context(), performer.conn, test.env...)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Version != "v2" || answer.Pod != "performer-a-0" || !maps.Equal(answer.Env, test.want) {
				t.Errorf("got %+v, want version v2, pod performer-a-0, env %v", answer, test.want)
			}
		})
	}
}

func TestUnknownMethodIsRefused(t *testing.T) {
	performer := start(t, Options{})
	err := performer.conn.Invoke(t.Context(), "/"+whoami.ServiceName+"/Other", &emptypb.Empty{}, &emptypb.Empty{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want %s", err, codes.Unimplemented)
	}
}

func TestStop(t *testing.T) {
	t.Run("is no error", func(t *testing.T) {
		performer := start(t, Options{Drain: time.Hour})
		if _, err := whoami.Ask(t.Context(), performer.conn); err != nil {
			t.Fatal(err)
		}
		performer.stop()
		if err := <-performer.ended; err != nil {
			t.Errorf("Run returned %v, want nil", err)
		}
	})

	t.Run("notifies watchers first, and does not wait longer than Drain for them", func(t *testing.T) {
		performer := start(t, Options{Drain: 50 * time.Millisecond})
		watch, err := healthpb.NewHealthClient(performer.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		performer.stop()
		response, err := watch.Recv()
		if err != nil || response.Status != healthpb.HealthCheckResponse_NOT_SERVING {
			t.Errorf("a watcher got %v, %v, want NOT_SERVING", response, err)
		}
		// The watch is never closed, so without Drain Run would wait forever.
		if err := <-performer.ended; err != nil {
			t.Errorf("Run returned %v, want nil", err)
		}
	})

	t.Run("without a done context is an error", func(t *testing.T) {
		listener := bufconn.Listen(1)
		listener.Close()
		if err := Run(t.Context(), listener, Options{}); err == nil {
			t.Error("Run on a closed listener returned nil")
		}
	})
}
