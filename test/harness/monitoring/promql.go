// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Names are the selectors and clauses of a PromQL expression.
type Names struct {
	Selectors []Selector
	Clauses   []Clause
}

// Clause is one of by, without, on, ignoring, group_left and group_right, with its labels.
type Clause struct {
	Keyword string
	Labels  []string
}

// Selector selects series of a metric.
type Selector struct {
	Metric   string
	Matchers []Matcher
}

// Matcher is a condition on a label: one of =, !=, =~ and !~, and a text. Values are the alternatives if
// the text is a list of words, else nil.
type Matcher struct {
	Label, Operator, Text string
	Values                []string
}

var (
	token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|\$\w+|[=!]~|[=!<>]=|\S`)
	word  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	// words matches a value that is a list of alternatives without other regular expression syntax.
	words = regexp.MustCompile(`^\w+(\|\w+)*$`)

	clauses   = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	operators = []string{"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"}
)

// NamesIn returns the names in an expression. It does not validate the expression, which promtool does:
// it only splits it into tokens, and skips those that can't be a metric.
func NamesIn(expression string) (Names, error) {
	var names Names
	tokens := token.FindAllString(expression, -1)
	at := func(i int) string {
		if i < len(tokens) {
			return tokens[i]
		}
		return ""
	}
	for i := 0; i < len(tokens); i++ {
		switch this := tokens[i]; {
		case this == "[":
			for i++; at(i) != "]"; i++ {
				if at(i) == "" {
					return names, fmt.Errorf("%s: a range has no closing ]", expression)
				}
			}
		case slices.Contains(clauses, this):
			if at(i+1) != "(" {
				continue // a bare group_left
			}
			clause := Clause{Keyword: this}
			for i += 2; at(i) != ")"; i++ {
				switch {
				case word.MatchString(at(i)):
					clause.Labels = append(clause.Labels, at(i))
				case at(i) != ",":
					return names, fmt.Errorf("%s: invalid label %q after %s", expression, at(i), this)
				}
			}
			names.Clauses = append(names.Clauses, clause)
		case !word.MatchString(this), slices.Contains(operators, this), at(i+1) == "(":
			// Punctuation, a number, an operator, a function.
		case slices.Contains(clauses, at(i+1)):
			// An aggregation with its clause in front.
		default:
			selector := Selector{Metric: this}
			if at(i+1) == "{" {
				for i += 2; at(i) != "}"; i++ {
					if at(i) == "," {
						continue
					}
					matcher := Matcher{Label: at(i), Operator: at(i + 1)}
					value, err := strconv.Unquote(at(i + 2))
					if err != nil || !word.MatchString(matcher.Label) {
						return names, fmt.Errorf("%s: invalid matcher at %q", expression, at(i))
					}
					matcher.Text = value
					if words.MatchString(value) {
						matcher.Values = strings.Split(value, "|")
					}
					selector.Matchers = append(selector.Matchers, matcher)
					i += 2
				}
			}
			names.Selectors = append(names.Selectors, selector)
		}
	}
	return names, nil
}
