// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package whoami is the one method of the sample performer in addition to health checks. It returns
// the version, the pod and environment variables of the performer that answers. The tests use it to
// check which pod a call reached.
//
// The method is written by hand with messages from the protobuf module (a list of names in, a
// struct out), since one method is not worth a protocol compiler as a build dependency. On the wire
// it is ordinary protobuf:
//
//	service WhoAmI { rpc Ask(google.protobuf.ListValue) returns (google.protobuf.Struct); }
package whoami

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	// ServiceName is the full gRPC name of the service. Health checks can use it too.
	ServiceName = "hourglass.sample.v1.WhoAmI"
	method      = "/" + ServiceName + "/Ask"
)

// Answer describes the performer that answered.
type Answer struct {
	// Version is the version that the image or the configuration of the performer sets.
	Version string `json:"version"`
	// Pod is the name of the pod that answered.
	Pod string `json:"pod"`
	// Env has the requested variables that are set, including empty ones.
	Env map[string]string `json:"env,omitempty"`
}

// Server answers the call. env are the names of the requested environment variables.
type Server interface {
	Ask(ctx context.Context, env []string) (Answer, error)
}

// Register adds the service to a gRPC server.
func Register(registrar grpc.ServiceRegistrar, server Server) {
	registrar.RegisterService(&serviceDesc, server)
}

// Ask makes the call over conn. env are the names of the environment variables to return.
func Ask(ctx context.Context, conn grpc.ClientConnInterface, env ...string) (Answer, error) {
	request := &structpb.ListValue{}
	for _, name := range env {
		request.Values = append(request.Values, structpb.NewStringValue(name))
	}
	response := &structpb.Struct{}
	if err := conn.Invoke(ctx, method, request, response); err != nil {
		return Answer{}, err
	}
	return decode(response), nil
}

var serviceDesc = grpc.ServiceDesc{
	ServiceName: ServiceName,
	HandlerType: (*Server)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Ask", Handler: handle}},
}

// handle is the code that a protocol compiler would generate: decode, call the interceptor if there
// is one, answer.
//
//nolint:revive // The order of the parameters is gRPC's.
func handle(service any, ctx context.Context, decodeInto func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	request := &structpb.ListValue{}
	if err := decodeInto(request); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, request any) (any, error) {
		var names []string
		for _, value := range request.(*structpb.ListValue).GetValues() {
			names = append(names, value.GetStringValue())
		}
		answer, err := service.(Server).Ask(ctx, names)
		if err != nil {
			return nil, err
		}
		return encode(answer)
	}
	if interceptor == nil {
		return handler(ctx, request)
	}
	return interceptor(ctx, request, &grpc.UnaryServerInfo{Server: service, FullMethod: method}, handler)
}

func encode(answer Answer) (*structpb.Struct, error) {
	env := map[string]any{}
	for name, value := range answer.Env {
		env[name] = value
	}
	response, err := structpb.NewStruct(map[string]any{"version": answer.Version, "pod": answer.Pod, "env": env})
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return response, nil
}

func decode(response *structpb.Struct) Answer {
	fields := response.GetFields()
	answer := Answer{
		Version: fields["version"].GetStringValue(),
		Pod:     fields["pod"].GetStringValue(),
	}
	for name, value := range fields["env"].GetStructValue().GetFields() {
		if answer.Env == nil {
			answer.Env = map[string]string{}
		}
		answer.Env[name] = value.GetStringValue()
	}
	return answer
}
