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

// Dashboard is a dashboard of Grafana, as far as it's looked at here.
type Dashboard struct {
	UID        string  `json:"uid"`
	Title      string  `json:"title"`
	Panels     []Panel `json:"panels"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`
}

// Variable is what is chosen above a dashboard.
type Variable struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	AllValue   string `json:"allValue"`
}

// Panel is one picture, or a row's heading.
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
			Unit       string `json:"unit"`
			NoValue    string `json:"noValue"`
			Thresholds struct {
				Steps []Step `json:"steps"`
			} `json:"thresholds"`
			Custom struct {
				DrawStyle         string `json:"drawStyle"`
				LineInterpolation string `json:"lineInterpolation"`
				Stacking          struct {
					Mode string `json:"mode"`
				} `json:"stacking"`
			} `json:"custom"`
		} `json:"defaults"`
		Overrides []struct {
			Properties []struct {
				ID    string `json:"id"`
				Value any    `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Transformations []struct {
		Options Columns `json:"options"`
	} `json:"transformations"`
	Targets []Query `json:"targets"`
}

// Columns are those of a table: the places of labels and of the value, and what is written in place of a name.
type Columns struct {
	IndexByName  map[string]int    `json:"indexByName"`
	RenameByName map[string]string `json:"renameByName"`
}

// Step is a colour that values have from some value on, the first from anywhere on.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Query is what a panel asks Prometheus.
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

// labelValues is the question for a variable's values: a series and one of its labels.
var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// Choose returns expressions made ready for Prometheus: for each variable "All" is chosen, as Grafana does it, by its
// allValue or else by all values that there are. rateInterval is for $__rate_interval.
func (d *Dashboard) Choose(ctx context.Context, client *prometheus.Client, rateInterval string) (func(expr string) string, error) {
	chosen := []string{"$__rate_interval", rateInterval}
	for _, variable := range d.Templating.List {
		if variable.Type != "query" {
			continue
		}
		values := variable.AllValue
		if values == "" {
			question := labelValues.FindStringSubmatch(variable.Definition)
			if question == nil {
				return nil, fmt.Errorf("variable %s: %q is not understood", variable.Name, variable.Definition)
			}
			// It may name the variables before it.
			series := strings.NewReplacer(chosen...).Replace(question[1])
			samples, err := client.Query(ctx, fmt.Sprintf("group by (%s) (%s)", question[2], series))
			if err != nil {
				return nil, err
			}
			var all []string
			for _, sample := range samples {
				all = append(all, regexp.QuoteMeta(sample.Labels[question[2]]))
			}
			slices.Sort(all)
			// The text stands in a string of PromQL.
			values = "(" + strings.ReplaceAll(strings.Join(all, "|"), `\`, `\\`) + ")"
		}
		chosen = append(chosen, "$"+variable.Name, values)
	}
	return strings.NewReplacer(chosen...).Replace, nil
}
