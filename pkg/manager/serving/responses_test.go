// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
)

// TestUnreadResponsesAreBounded has a client request more than the server holds, and read nothing.
// Another client must get its response.
func TestUnreadResponsesAreBounded(t *testing.T) {
	large := bytes.Repeat([]byte("x"), maxUnread/4)
	limiter := newResponseLimiter()
	s := serve(t, limiter.limit(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(large)
	})))
	for range 8 {
		if _, err := io.WriteString(stranger(t, s), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Get("http://" + s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Equal(body, large) || response.StatusCode != http.StatusAccepted || response.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("status %d, %v, %d bytes, %v", response.StatusCode, response.Header, len(body), err)
	}
}

// TestResponsesAreBuiltInTurns has a client request many responses that take forever to build. Another
// client must get its response, and the client itself a refusal.
func TestResponsesAreBuiltInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := newResponseLimiter().limit(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
			}
		}))
		ctx, stop := context.WithCancel(t.Context())
		get := func(path, address string) int {
			request := httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
			request.RemoteAddr = address
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			return recorder.Code
		}
		const requests = 2 * maxBuilding
		codes := make(chan int, requests)
		for range requests {
			go func() { codes <- get("/slow", "192.0.2.7:1") }()
		}
		synctest.Wait()
		if code := get("/", "192.0.2.8:1"); code != http.StatusOK {
			t.Errorf("another client got %d", code)
		}
		for range requests - maxBuildingPerClient {
			if code := <-codes; code != http.StatusTooManyRequests {
				t.Errorf("the client with too many requests got %d", code)
			}
		}
		stop()
		synctest.Wait()
	})
}
