// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestNodeReady: what the API server still shows of an earlier kubelet does not make a node ready.
func TestNodeReady(t *testing.T) {
	heartbeat := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		status string
		since  time.Time
		want   string
	}{
		{"True", time.Time{}, ""},
		{"True", heartbeat.Add(-time.Second), ""},
		// The heartbeat has no fraction of a second.
		{"True", heartbeat.Add(999 * time.Millisecond), ""},
		{"True", heartbeat.Add(time.Second), "no heartbeat"},
		{"False", heartbeat, "the reason"},
		{"Unknown", time.Time{}, "the reason"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"status":{"conditions":[{"type":"MemoryPressure","status":"False"},
				{"type":"Ready","status":%q,"message":"the reason","lastHeartbeatTime":%q}]}}`, c.status, heartbeat.Format(time.RFC3339))
		}))
		err := (&Client{server.URL, server.Client()}).NodeReady("one", c.since)(t.Context())
		server.Close()
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) && c.want != "" {
			t.Errorf("Ready is %s, since %s: %v, want %q", c.status, c.since, err, c.want)
		}
	}
}
