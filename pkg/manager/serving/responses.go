// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/fairness"
)

// Limits on the responses with metrics, which take memory and time to build, and memory until the
// client has read them.
const (
	maxBuilding          = 4 // responses that are built in parallel
	maxBuildingPerClient = 2
	buildTimeout         = 5 * time.Second // for the wait before a response is built
	maxUnread            = 64 << 20        // bytes of responses that are being written
)

// responseLimiter limits the memory that the responses of a handler take.
type responseLimiter struct {
	building *fairness.Turns
	unread   *fairness.Pool
}

func newResponseLimiter() *responseLimiter {
	return &responseLimiter{fairness.NewTurns(maxBuilding, maxBuildingPerClient), fairness.NewPool(maxUnread)}
}

// limit wraps a handler. Each response is built in memory first, so that a client that reads it
// slowly, or never, delays no other.
func (l *responseLimiter) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := fairness.Client(r.RemoteAddr)
		built, err := l.build(next, r, client)
		if err != nil {
			http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
			return
		}
		connection := http.NewResponseController(w)
		holding := l.unread.Enter(client, int64(built.body.Len()), func() { _ = connection.SetWriteDeadline(time.Now()) })
		defer holding.Leave()
		maps.Copy(w.Header(), built.header)
		w.WriteHeader(built.status)
		// A write fails only if the client is gone or too slow.
		_, _ = w.Write(built.body.Bytes())
	})
}

// build has the handler build a response in a turn of the client.
func (l *responseLimiter) build(next http.Handler, r *http.Request, client string) (*response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), buildTimeout)
	defer cancel()
	done, err := l.building.Take(ctx, client)
	if err != nil {
		return nil, err
	}
	defer done()
	built := &response{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(built, r)
	return built, nil
}

// response is a ResponseWriter that keeps the response.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *response) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *response) Write(data []byte) (int, error) { return r.body.Write(data) }
