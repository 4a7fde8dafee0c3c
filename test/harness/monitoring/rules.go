// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"

	"sigs.k8s.io/yaml"
)

// Rules is the content of a rule file of Prometheus.
type Rules struct {
	Groups []Group `json:"groups"`
}

// Group is a group of rules that are evaluated one after the other.
type Group struct {
	Name  string `json:"name"`
	Rules []Rule `json:"rules"`
}

// Rule is a recording rule or an alerting rule.
type Rule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ReadRules reads a rule file.
func ReadRules(path string) (*Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rules := &Rules{}
	return rules, yaml.UnmarshalStrict(text, rules)
}

// Each calls change with each rule.
func (r *Rules) Each(change func(*Rule)) {
	for _, group := range r.Groups {
		for i := range group.Rules {
			change(&group.Rules[i])
		}
	}
}

// Alerts returns the alerting rules.
func (r *Rules) Alerts() []Rule {
	var alerts []Rule
	r.Each(func(rule *Rule) {
		if rule.Alert != "" {
			alerts = append(alerts, *rule)
		}
	})
	return alerts
}

// Text returns the rules in the form of a file.
func (r *Rules) Text() (string, error) {
	text, err := yaml.Marshal(r)
	return string(text), err
}
