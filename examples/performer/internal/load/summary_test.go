// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	refused := errors.New("refused")
	type result struct {
		at time.Duration
		// answerer is the version/pod that answered, "" for a failure.
		answerer string
	}
	for _, test := range []struct {
		name    string
		results []result
		end     time.Duration
		want    Summary
	}{
		{
			name: "no answer at all is one gap",
			end:  time.Second,
			want: Summary{LongestGapMillis: 1000},
		},
		{
			name:    "the gap before the first answer counts",
			results: []result{{400 * time.Millisecond, "v1/a"}},
			end:     500 * time.Millisecond,
			want:    Summary{Calls: 1, OK: 1, LongestGapMillis: 400, Answers: map[string]int{"v1/a": 1}},
		},
		{
			name:    "the gap after the last answer counts",
			results: []result{{100 * time.Millisecond, "v1/a"}},
			end:     500 * time.Millisecond,
			want:    Summary{Calls: 1, OK: 1, LongestGapMillis: 400, Answers: map[string]int{"v1/a": 1}},
		},
		{
			name: "failures don't end a gap",
			results: []result{
				{100 * time.Millisecond, "v1/a"}, {200 * time.Millisecond, ""}, {450 * time.Millisecond, "v2/b"},
			},
			end: 500 * time.Millisecond,
			want: Summary{
				Calls: 3, OK: 2, Failed: 1, LongestGapMillis: 350,
				FirstFailures: []Failure{{AtMillis: 200, Error: "refused"}},
				Answers:       map[string]int{"v1/a": 1, "v2/b": 1},
			},
		},
		{
			name:    "answers that report out of order are not a gap",
			results: []result{{300 * time.Millisecond, "v1/a"}, {290 * time.Millisecond, "v1/a"}, {310 * time.Millisecond, "v1/a"}},
			end:     310 * time.Millisecond,
			want:    Summary{Calls: 3, OK: 3, LongestGapMillis: 300, Answers: map[string]int{"v1/a": 3}},
		},
		{
			name:    "an answer after the end still ends its gap",
			results: []result{{100 * time.Millisecond, "v1/a"}, {600 * time.Millisecond, "v1/a"}},
			end:     500 * time.Millisecond,
			want:    Summary{Calls: 2, OK: 2, LongestGapMillis: 500, Answers: map[string]int{"v1/a": 2}},
		},
		{
			name:    "only the first failures are described",
			results: make([]result, keptFailures+2),
			want: Summary{
				Calls: keptFailures + 2, Failed: keptFailures + 2,
				FirstFailures: []Failure{{0, "refused"}, {0, "refused"}, {0, "refused"}, {0, "refused"}, {0, "refused"}},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r recorder
			for _, result := range test.results {
				if result.answerer == "" {
					r.failure(result.at, refused)
				} else {
					r.success(result.at, result.answerer, func() {})
				}
			}
			if got := r.finish(test.end); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}
