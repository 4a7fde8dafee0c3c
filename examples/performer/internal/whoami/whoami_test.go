// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package whoami

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

type fixed struct {
	answer Answer
	err    error
}

func (f fixed) Ask(context.Context, []string) (Answer, error) { return f.answer, f.err }

func TestAnswerSurvivesTheWire(t *testing.T) {
	for _, want := range []Answer{
		{},
		{Version: "v1", Pod: "performer-a-0"},
		{Version: "v1", Pod: "performer-a-0", Env: map[string]string{"A": "1", "EMPTY": ""}},
	} {
		message, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(message); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestTextThatProtobufCannotCarryIsAnError(t *testing.T) {
	if _, err := encode(Answer{Version: "\xff"}); err == nil {
		t.Error("an answer that is not valid UTF-8 was encoded")
	}
}

// TestHandle tests what a protocol compiler would guarantee, since the handler is written by hand.
func TestHandle(t *testing.T) {
	refused := errors.New("refused")
	decodes := func(any) error { return nil }
	var intercepted string
	interceptor := func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		intercepted = info.FullMethod
		return handler(ctx, request)
	}
	for _, test := range []struct {
		name        string
		server      Server
		decode      func(any) error
		interceptor grpc.UnaryServerInterceptor
		wantErr     error
	}{
		{"answers", fixed{answer: Answer{Version: "v1"}}, decodes, nil, nil},
		{"passes through an interceptor", fixed{answer: Answer{Version: "v1"}}, decodes, interceptor, nil},
		{"returns an error for a request that can't be decoded", fixed{}, func(any) error { return refused }, nil, refused},
		{"returns the server's error", fixed{err: refused}, decodes, nil, refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := handle(test.server, t.Context(), test.decode, test.interceptor)
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("got error %v, want %v", err, test.wantErr)
			}
			if err == nil && decode(response.(*structpb.Struct)).Version != "v1" {
				t.Errorf("got %v, want version v1", response)
			}
		})
	}
	if intercepted != method {
		t.Errorf("the interceptor got method %q, want %q", intercepted, method)
	}
}
