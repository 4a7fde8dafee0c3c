// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairness

import "sync"

// Pool bounds what all clients hold together. When it is full, the client that holds the most loses
// its least recently used holding. So a client can use all of the pool while nobody else needs it,
// and a client that holds little always gets in.
type Pool struct {
	capacity int64

	mu       sync.Mutex
	holdings map[*Holding]struct{}
	held     map[string]int64 // by client
	total    int64
	uses     int64 // so far, of all holdings
}

// Holding is what a client holds, such as one connection.
type Holding struct {
	pool   *Pool
	client string
	// evict takes the holding away from the client.
	evict func()

	// The pool's lock guards the fields below.
	size int64
	// used is the number of the last use. A time would not do: two uses may have the same.
	used int64
}

// NewPool returns an empty pool.
func NewPool(capacity int64) *Pool {
	return &Pool{capacity: capacity, holdings: map[*Holding]struct{}{}, held: map[string]int64{}}
}

// Enter adds a holding of a client. The pool calls evict, at most once, when it takes the holding
// back. That may be before Enter or Grow returns, and it is the only way in which they fail. evict
// must not block.
func (p *Pool) Enter(client string, size int64, evict func()) *Holding {
	h := &Holding{pool: p, client: client, evict: evict}
	p.mu.Lock()
	p.holdings[h] = struct{}{}
	p.mu.Unlock()
	h.Grow(size)
	return h
}

// Grow adds to a holding, and marks it as used.
func (h *Holding) Grow(size int64) {
	for _, evicted := range h.pool.grow(h, size) {
		evicted.evict()
	}
}

// Use marks a holding as used.
func (h *Holding) Use() { h.Grow(0) }

// Leave removes a holding from the pool.
func (h *Holding) Leave() {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	h.pool.remove(h)
}

// grow returns the holdings to evict.
func (p *Pool) grow(h *Holding, size int64) (evicted []*Holding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.holdings[h]; !ok {
		return nil // evicted
	}
	h.size += size
	p.uses++
	h.used = p.uses
	p.held[h.client] += size
	p.total += size
	for p.total > p.capacity {
		victim := p.victim(h.client)
		p.remove(victim)
		evicted = append(evicted, victim)
	}
	return evicted
}

// remove does nothing if the holding was removed before.
func (p *Pool) remove(h *Holding) {
	if _, ok := p.holdings[h]; !ok {
		return
	}
	delete(p.holdings, h)
	p.total -= h.size
	if p.held[h.client] -= h.size; p.held[h.client] == 0 {
		delete(p.held, h.client)
	}
}

// victim returns the holding to take back for the benefit of a client: the least recently used of
// the client that holds most. Where several hold most it is one of the client's own, if possible.
func (p *Pool) victim(beneficiary string) *Holding {
	most := beneficiary
	for client, size := range p.held {
		if size > p.held[most] {
			most = client
		}
	}
	var victim *Holding
	for h := range p.holdings {
		if h.client == most && h.size > 0 && (victim == nil || h.used < victim.used) {
			victim = h
		}
	}
	return victim
}
