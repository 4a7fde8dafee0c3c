// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairness

import (
	"context"
	"sync"
)

// Turns limits how much is done at a time, in total and for each client. A client waits for its own
// turns first, so that at most perClient of its requests are in the queue for those of everybody.
type Turns struct {
	perClient int
	all       chan struct{} // one element for each turn that is taken

	mu      sync.Mutex
	clients map[string]*clientTurns // those with or in wait of a turn
}

// clientTurns are the turns of one client.
type clientTurns struct {
	taken chan struct{} // one element for each turn that is taken, or waited for in the queue of all
	users int           // how many calls of Take use this value; guarded by the lock of Turns
}

// NewTurns returns turns of which all clients together have total, and each perClient.
func NewTurns(total, perClient int) *Turns {
	return &Turns{perClient: perClient, all: make(chan struct{}, total), clients: map[string]*clientTurns{}}
}

// Take waits for a turn of a client. The caller must call done at the end of the turn. Without a
// turn when ctx ends, Take returns the cause.
func (t *Turns) Take(ctx context.Context, client string) (done func(), err error) {
	own := t.join(client)
	select {
	case own.taken <- struct{}{}:
	case <-ctx.Done():
		t.leave(client)
		return nil, context.Cause(ctx)
	}
	select {
	case t.all <- struct{}{}:
	case <-ctx.Done():
		<-own.taken
		t.leave(client)
		return nil, context.Cause(ctx)
	}
	return func() {
		<-t.all
		<-own.taken
		t.leave(client)
	}, nil
}

// Taken returns the number of turns that are taken.
func (t *Turns) Taken() int { return len(t.all) }

func (t *Turns) join(client string) *clientTurns {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.clients[client]
	if own == nil {
		own = &clientTurns{taken: make(chan struct{}, t.perClient)}
		t.clients[client] = own
	}
	own.users++
	return own
}

func (t *Turns) leave(client string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients[client].users--; t.clients[client].users == 0 {
		delete(t.clients, client)
	}
}
