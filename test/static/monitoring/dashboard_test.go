// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/monitoring"
	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

var plainDashboard = repository.Path("deploy/monitoring/plain/dashboard.json")

func readDashboard(t *testing.T) *monitoring.Dashboard {
	t.Helper()
	dashboard, err := monitoring.ReadDashboard(plainDashboard)
	if err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Fatal("no panels")
	}
	return dashboard
}

func TestPanels(t *testing.T) {
	ids, titles, taken := map[int]bool{}, map[string]bool{}, map[string]string{}
	for _, panel := range readDashboard(t).Panels {
		// A row may have the title of a panel.
		title := "row " + panel.Title
		if panel.Type != "row" {
			title = panel.Title
		}
		if ids[panel.ID] || titles[title] {
			t.Errorf("panel %d %q: duplicate ID or title", panel.ID, panel.Title)
		}
		ids[panel.ID], titles[title] = true, true
		at := panel.GridPos
		if at.W < 1 || at.H < 1 || at.X < 0 || at.X+at.W > 24 {
			t.Errorf("panel %q at %+v is outside the 24 columns", panel.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				cell := fmt.Sprint(x, ",", y)
				if other, ok := taken[cell]; ok {
					t.Fatalf("panels %q and %q overlap", panel.Title, other)
				}
				taken[cell] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		switch {
		case !strings.HasSuffix(panel.Description, "."):
			t.Errorf("panel %q has no description", panel.Title)
		case panel.Datasource.UID != "${datasource}":
			t.Errorf("panel %q has the data source %q, want ${datasource}", panel.Title, panel.Datasource.UID)
		case len(panel.Targets) == 0:
			t.Errorf("panel %q has no query", panel.Title)
		case panel.Type == "timeseries" && panel.FieldConfig.Defaults.Unit == "":
			t.Errorf("panel %q has no unit", panel.Title)
		}
		for _, query := range panel.Targets {
			// A stat with several values needs a legend too.
			named := panel.Type == "timeseries" || panel.Type == "stat" && strings.HasPrefix(query.Expr, "sum by")
			if named != (query.LegendFormat != "") {
				t.Errorf("panel %q: unexpected legend %q", panel.Title, query.LegendFormat)
			}
			// Grafana knows how often Prometheus scrapes. A rate needs at least two scrapes.
			if strings.Contains(query.Expr, "rate(") && !strings.Contains(query.Expr, "[$__rate_interval]") {
				t.Errorf("panel %q: the range of a rate is not $__rate_interval", panel.Title)
			}
		}
	}
}

func TestTheConfigMapHasTheSameDashboard(t *testing.T) {
	text, err := os.ReadFile(repository.Path("deploy/monitoring/grafana-dashboard.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Metadata struct{ Labels map[string]string }
		Data     map[string]string
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	if object.Metadata.Labels["grafana_dashboard"] != "1" {
		t.Errorf("labels %v: Grafana's sidecar ignores the ConfigMap", object.Metadata.Labels)
	}
	plain, err := os.ReadFile(plainDashboard)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(plain, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(object.Data["hourglass-operator.json"]), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the dashboard differs from the plain one")
	}
}

// answers returns a client of a Prometheus that answers every query with result, and records the queries.
func answers(t *testing.T, queries *[]string, result string) *prometheus.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*queries = append(*queries, r.URL.Query().Get("query"))
		fmt.Fprintf(w, `{"status":"success","data":{"result":%s}}`, result)
	}))
	t.Cleanup(server.Close)
	return &prometheus.Client{URL: server.URL}
}

func TestChoose(t *testing.T) {
	dashboard := &monitoring.Dashboard{}
	dashboard.Templating.List = []monitoring.Variable{
		{Name: "datasource", Type: "datasource"},
		{Name: "cluster", Type: "query", Definition: "label_values(hourglass_build_info, cluster)", AllValue: ".*"},
		{Name: "job", Type: "query", Definition: `label_values(hourglass_build_info{cluster=~"$cluster"}, job)`},
		{Name: "namespace", Type: "query", Definition: "label_values(x, namespace)", AllValue: ".*"},
	}
	var queries []string
	client := answers(t, &queries, `[{"metric":{"job":"b"},"value":[1,"1"]},{"metric":{"job":"a.c"},"value":[1,"1"]}]`)
	choose, err := dashboard.Choose(t.Context(), client, "30s")
	if err != nil {
		t.Fatal(err)
	}
	const want = `rate(y{job=~"(a\\.c|b)",namespace=~".*"}[30s])`
	if got := choose(`rate(y{job=~"$job",namespace=~"$namespace"}[$__rate_interval])`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(queries) != 1 || queries[0] != `group by (job) (hourglass_build_info{cluster=~".*"})` {
		t.Errorf("queries %q", queries)
	}
}

// TestPageNamesPanels checks that the panels which the page names exist.
func TestPageNamesPanels(t *testing.T) {
	_, section, _ := strings.Cut(pageText(t, page), "\n## The dashboard\n")
	section, _, _ = strings.Cut(section, "\n## ")
	named := regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(strings.Join(strings.Fields(section), " "), -1)
	if len(named) < 7 {
		t.Errorf("%s names %d panels, want at least 7", page, len(named))
	}
	titles := map[string]bool{}
	for _, panel := range readDashboard(t).Panels {
		titles[panel.Title] = true
	}
	for _, name := range named {
		if !titles[name[1]] {
			t.Errorf("%s names the panel %q, which the dashboard does not have", page, name[1])
		}
	}
}
