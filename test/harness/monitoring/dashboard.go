// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
)

// Dashboard has the fields of a Grafana dashboard that tests use.
type Dashboard struct {
	UID        string  `json:"uid"`
	Title      string  `json:"title"`
	Panels     []Panel `json:"panels"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`
}

// Variable is a variable whose value the user chooses at the top of a dashboard.
type Variable struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	AllValue   string `json:"allValue"`
}

// Panel is a panel or the heading of a row.
type Panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Datasource  struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	GridPos struct {
		X, Y, W, H int
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []Query `json:"targets"`
}

// Query is a query of a panel.
type Query struct {
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
	Instant      bool   `json:"instant"`
}

// ReadDashboard reads a dashboard from a file.
func ReadDashboard(path string) (*Dashboard, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dashboard := &Dashboard{}
	return dashboard, json.NewDecoder(bytes.NewReader(text)).Decode(dashboard)
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// LabelValues returns the series and the label in the definition of a variable. ok is false if the
// definition has another form.
func (v *Variable) LabelValues() (series, label string, ok bool) {
	match := labelValues.FindStringSubmatch(v.Definition)
	if match == nil {
		return "", "", false
	}
	return match[1], match[2], true
}

// Choose returns a function that replaces the variables in an expression. As with "All" in Grafana, the
// value of each is its allValue, or all values that Prometheus has. rateInterval replaces
// $__rate_interval.
func (d *Dashboard) Choose(ctx context.Context, client *prometheus.Client, rateInterval string) (func(expr string) string, error) {
	chosen := []string{"$__rate_interval", rateInterval}
	for _, variable := range d.Templating.List {
		if variable.Type != "query" {
			continue
		}
		values := variable.AllValue
		if values == "" {
			series, label, ok := variable.LabelValues()
			if !ok {
				return nil, fmt.Errorf("variable %s: invalid definition %q: expected label_values(SERIES, LABEL)", variable.Name, variable.Definition)
			}
			// The series may use earlier variables.
			series = strings.NewReplacer(chosen...).Replace(series)
			samples, err := client.Query(ctx, fmt.Sprintf("group by (%s) (%s)", label, series))
			if err != nil {
				return nil, err
			}
			var all []string
			for _, sample := range samples {
				all = append(all, regexp.QuoteMeta(sample.Labels[label]))
			}
			slices.Sort(all)
			// The value is inserted into a PromQL string.
			values = "(" + strings.ReplaceAll(strings.Join(all, "|"), `\`, `\\`) + ")"
		}
		chosen = append(chosen, "$"+variable.Name, values)
	}
	return strings.NewReplacer(chosen...).Replace, nil
}
