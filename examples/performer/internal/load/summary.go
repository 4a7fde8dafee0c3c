// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"sync"
	"time"
)

// keptFailures is how many failures a summary describes: enough to find the cause, few enough to
// read.
const keptFailures = 5

// Summary is the result of a load.
type Summary struct {
	Calls  int `json:"calls"`
	OK     int `json:"ok"`
	Failed int `json:"failed"`
	// LongestGapMillis is the longest time in milliseconds without a successful answer, which a
	// user sees as an outage. It includes the time before the first and after the last answer.
	LongestGapMillis int64 `json:"longestGapMillis"`
	// FirstFailures describes the first failures, at most five.
	FirstFailures []Failure `json:"firstFailures,omitempty"`
	// Answers counts the successful calls by the version/pod that answered.
	Answers map[string]int `json:"answers,omitempty"`
}

// Failure is one call that failed.
type Failure struct {
	// AtMillis is when the call ended, in milliseconds from the start of the load.
	AtMillis int64  `json:"atMillis"`
	Error    string `json:"error"`
}

// recorder collects the results of concurrent calls. Times are offsets from the start of the load.
type recorder struct {
	mu      sync.Mutex
	summary Summary
	lastOK  time.Duration
	longest time.Duration
}

// success records an answer of a version/pod, and calls first if it is the first one.
func (r *recorder) success(at time.Duration, answerer string, first func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Calls++
	r.summary.OK++
	if r.summary.Answers == nil {
		r.summary.Answers = map[string]int{}
	}
	r.summary.Answers[answerer]++
	r.gapUntil(at)
	if r.summary.Answers[answerer] == 1 {
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

// finish ends the last gap and returns the summary.
func (r *recorder) finish(at time.Duration) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gapUntil(at)
	r.summary.LongestGapMillis = r.longest.Milliseconds()
	return r.summary
}

// gapUntil ends the current gap. Concurrent calls may report slightly out of order, so a time
// before that of the last answer is not a gap.
func (r *recorder) gapUntil(at time.Duration) {
	if at <= r.lastOK {
		return
	}
	r.longest = max(r.longest, at-r.lastOK)
	r.lastOK = at
}
