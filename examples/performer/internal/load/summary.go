// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"sync"
	"time"
)

// keptFailures is how many failures a summary describes one by one: enough to tell a cause, few enough to read.
const keptFailures = 5

// Summary is what came of a load.
type Summary struct {
	Calls  int `json:"calls"`
	OK     int `json:"ok"`
	Failed int `json:"failed"`
	// LongestGapMillis is the longest time in milliseconds without a successful answer, the stretches before the
	// first and after the last one included: what a user would have felt as an outage.
	LongestGapMillis int64 `json:"longestGapMillis"`
	// FirstFailures describes the first failures, at most five.
	FirstFailures []Failure `json:"firstFailures,omitempty"`
	// Answers counts the successful calls by who answered, as version/pod.
	Answers map[string]int `json:"answers,omitempty"`
}

// Failure is one call that failed.
type Failure struct {
	// AtMillis is when the call ended, in milliseconds from the start of the load.
	AtMillis int64  `json:"atMillis"`
	Error    string `json:"error"`
}

// recorder gathers results from concurrent calls. Times are offsets from the start of the load.
type recorder struct {
	mu      sync.Mutex
	summary Summary
	lastOK  time.Duration
	longest time.Duration
}

// success records an answer, and calls first where it is the first of that answerer.
func (r *recorder) success(at time.Duration, who string, first func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Calls++
	r.summary.OK++
	if r.summary.Answers == nil {
		r.summary.Answers = map[string]int{}
	}
	r.summary.Answers[who]++
	r.gapUntil(at)
	if r.summary.Answers[who] == 1 {
		first()
	}
}

func (r *recorder) failure(at time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Calls++
	r.summary.Failed++
	if len(r.summary.FirstFailures) < keptFailures {
		r.summary.FirstFailures = append(r.summary.FirstFailures, Failure{AtMillis: at.Milliseconds(), Error: err.Error()})
	}
}

// finish closes the last gap and returns the summary.
func (r *recorder) finish(at time.Duration) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gapUntil(at)
	r.summary.LongestGapMillis = r.longest.Milliseconds()
	return r.summary
}

// gapUntil ends the present gap. Concurrent calls may report slightly out of order; an earlier time than the last
// one is then no gap at all.
func (r *recorder) gapUntil(at time.Duration) {
	if at <= r.lastOK {
		return
	}
	r.longest = max(r.longest, at-r.lastOK)
	r.lastOK = at
}
