// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// A Problem is why a Performer differs from its spec.
type Problem struct {
	Kind ProblemKind
	// Reason is one of the Reason constants.
	Reason string
	// Message says what is wrong and what would be right. It is the same each time for the same
	// problem, since it goes into a condition.
	Message string
}

// A ProblemKind says who can fix a problem.
type ProblemKind int

const (
	// Waiting: the cluster may fix it by itself, as when a node is added.
	Waiting ProblemKind = iota
	// Failing: the workload itself fails, and is retried.
	Failing
	// Terminal: only a change by somebody helps.
	Terminal
)

// nameProblem returns why no Service can be named after this Performer, or nil.
func nameProblem(name string) *Problem {
	mistake := render.NameMistake(name)
	if mistake == nil {
		return nil
	}
	return &Problem{Kind: Terminal, Reason: ReasonInvalidName, Message: mistake.String()}
}

// specProblem returns the mistakes as the problem that keeps the operator from creating a pod, or nil if
// there are none.
func specProblem(mistakes []render.Mistake) *Problem {
	if len(mistakes) == 0 {
		return nil
	}
	texts := make([]string, len(mistakes))
	for i, m := range mistakes {
		texts[i] = m.String()
	}
	return &Problem{Kind: Terminal, Reason: ReasonInvalidSpec, Message: strings.Join(texts, "; ")}
}
