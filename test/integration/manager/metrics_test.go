// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// reviewing is what a manager with secure metrics needs in addition to its other permissions.
var reviewing = []rbacv1.PolicyRule{
	{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
	{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
}

// getSecurely sends a GET to a manager's metrics server over TLS, with the bearer token unless it
// is empty.
func getSecurely(t *testing.T, m *controlplane.Manager, path, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+m.Address("metrics")+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestSecureMetrics(t *testing.T) {
	ns := cluster.Namespace(t)
	m := controlplane.StartManager(t, kubeconfigFor(t, append(controlplane.Narrow(), reviewing...)...), "--metrics-secure", "--enable-pprof")
	m.AwaitReady()
	ns.Running("a")
	stranger, scraper, profiler := cluster.NewUser(t), cluster.NewUser(t), cluster.NewUser(t)
	profiler.Grant(t, rbacv1.PolicyRule{NonResourceURLs: []string{"/debug/pprof/*"}, Verbs: []string{"get"}})
	scraper.Grant(t, rbacv1.PolicyRule{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}})
	for _, tt := range []struct {
		name, path, token string
		want              int
		part              string // of what a 200 brings; nobody else may see any of it
	}{
		{"nobody", "/metrics", "", 401, ""},
		{"a forged token", "/metrics", scraper.Token + "x", 401, ""},
		{"a user without the permission", "/metrics", stranger.Token, 403, ""},
		{"a user with it", "/metrics", scraper.Token, 200, `hourglass_performer_ready{name="a",namespace="` + ns.Name + `"} 1`},
		{"the same, who wants more", "/debug/pprof/goroutine?debug=1", scraper.Token, 403, ""},
		{"a user with the permission for profiles", "/debug/pprof/goroutine?debug=1", profiler.Token, 200, "goroutine profile: total"},
		{"the same, who wants metrics", "/metrics", profiler.Token, 403, ""},
	} {
		status, body := getSecurely(t, m, tt.path, tt.token)
		if status != tt.want || !strings.Contains(body, tt.part) || status != 200 && (strings.Contains(body, "hourglass_") || strings.Contains(body, "profile:")) {
			t.Errorf("%s: status %d", tt.name, status)
		}
	}
	// Plain HTTP returns nothing.
	if status, body := m.Get("metrics", "/metrics"); status == 200 || strings.Contains(body, "hourglass_") {
		t.Errorf("plain HTTP: status %d", status)
	}
	if strings.Contains(m.Log.String(), scraper.Token) {
		t.Error("the log holds a token")
	}
}

func TestSecureMetricsWithoutTokenReviews(t *testing.T) {
	m := controlplane.StartManager(t, kubeconfigFor(t, controlplane.Narrow()...), "--metrics-secure")
	m.AwaitReady()
	m.AwaitLog("may not create tokenreviews (authentication.k8s.io): nobody can read the metrics")
	scraper := cluster.NewUser(t)
	scraper.Grant(t, rbacv1.PolicyRule{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}})
	if status, _ := getSecurely(t, m, "/metrics", scraper.Token); status != 500 {
		t.Errorf("status %d", status)
	}
}
