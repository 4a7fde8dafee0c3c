// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadOptions(t *testing.T) {
	code := 3
	for _, test := range []struct {
		name string
		env  map[string]string
		want Options
		// wantError is a part of the error, "" if there is none.
		wantError string
	}{
		{
			name: "defaults",
			env:  map[string]string{EnvPodName: "p"},
			want: Options{Port: 9090, Version: "dev", Pod: "p", Drain: 5 * time.Second},
		},
		{
			name: "all set",
			env: map[string]string{
				EnvPodName: "p", EnvPort: "8080", EnvVersion: "v2", EnvReadyAfter: "3s", EnvExitCode: "3", EnvDrain: "1s",
			},
			want: Options{Port: 8080, Version: "v2", Pod: "p", ReadyAfter: 3 * time.Second, Exit: &code, Drain: time.Second},
		},
		{
			name: "never ready",
			env:  map[string]string{EnvPodName: "p", EnvReadyAfter: "never"},
			want: Options{Port: 9090, Version: "dev", Pod: "p", NeverReady: true, Drain: 5 * time.Second},
		},
		{name: "port that is not a number", env: map[string]string{EnvPort: "http"}, wantError: "GRPC_PORT: invalid port \"http\": expected a number from 1 to 65535"},
		{name: "port out of range", env: map[string]string{EnvPort: "70000"}, wantError: "GRPC_PORT: invalid port \"70000\": expected a number from 1 to 65535"},
		{name: "delay that is not a duration", env: map[string]string{EnvReadyAfter: "soon"},
			wantError: "PERFORMER_READY_AFTER: invalid duration \"soon\": expected a duration such as 5s, or \"never\""},
		{name: "negative delay", env: map[string]string{EnvReadyAfter: "-1s"}, wantError: "PERFORMER_READY_AFTER: invalid duration \"-1s\""},
		{name: "exit code out of range", env: map[string]string{EnvExitCode: "256"}, wantError: "PERFORMER_EXIT_CODE: invalid exit code \"256\": expected a number from 0 to 255"},
		{name: "drain that is not a duration", env: map[string]string{EnvDrain: "1"}, wantError: "PERFORMER_DRAIN: invalid duration \"1\": expected a duration such as 5s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadOptions(func(name string) (string, bool) {
				value, set := test.env[name]
				return value, set
			})
			switch {
			case test.wantError != "":
				if err == nil || !strings.Contains(err.Error(), test.wantError) {
					t.Errorf("got error %v, want one with %q", err, test.wantError)
				}
			case err != nil:
				t.Error(err)
			case !reflect.DeepEqual(got, test.want):
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestReadOptionsDefaultsThePodToTheHostName(t *testing.T) {
	options, err := ReadOptions(func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	if options.Pod == "" {
		t.Error("the pod name is empty, want the host name")
	}
}
