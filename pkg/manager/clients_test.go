// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

const goodKubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://there:6443"}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadConfig(t *testing.T) {
	good, other := writeFile(t, "good", goodKubeconfig), writeFile(t, "other", strings.ReplaceAll(goodKubeconfig, "there", "elsewhere"))
	for _, tt := range []struct {
		name     string
		flag     string
		variable string
		host     string
		source   string
	}{
		{"flag", good, "", "https://there:6443", "kubeconfig " + good},
		{"variable", "", good, "https://there:6443", "kubeconfig " + good},
		{"flag before variable", other, good, "https://elsewhere:6443", "kubeconfig " + other},
		{"list of which one exists", "", "/nonexistent/x:" + good, "https://there:6443", "kubeconfig " + good},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tt.variable)
			config, source, err := loadConfig(&options.Options{Kubeconfig: tt.flag, KubeAPIQPS: 50})
			if err != nil {
				t.Fatal(err)
			}
			if config.Host != tt.host || source != tt.source {
				t.Errorf("got %s from %s", config.Host, source)
			}
			if config.QPS != 50 || config.Burst != 100 || !strings.HasPrefix(config.UserAgent, "hourglass-operator/") {
				t.Errorf("QPS %g, burst %d, user agent %s", config.QPS, config.Burst, config.UserAgent)
			}
		})
	}
}

func TestLoadConfigRefuses(t *testing.T) {
	empty, broken := writeFile(t, "empty", ""), writeFile(t, "broken", "a: [")
	dangling := writeFile(t, "dangling", strings.Replace(goodKubeconfig, "cluster: c,", "cluster: d,", 1))
	for _, tt := range []struct {
		name     string
		flag     string
		variable string
		want     string
	}{
		{"missing file of the flag", "/nonexistent/x", "", "--kubeconfig=/nonexistent/x: no such file or directory"},
		{"missing file of the variable", "", "/nonexistent/x", `environment variable KUBECONFIG="/nonexistent/x": no such file`},
		{"empty", empty, "", "names no cluster: set its current-context"},
		{"broken", broken, "", "yaml: line 1"},
		{"undefined cluster", dangling, "", "cluster"},
		{"folder", t.TempDir(), "", "is a directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tt.variable)
			// As outside of a cluster.
			t.Setenv("KUBERNETES_SERVICE_HOST", "")
			_, _, err := loadConfig(&options.Options{Kubeconfig: tt.flag})
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %s, want %q in one line", err, tt.want)
			}
		})
	}
}

func TestConfigSourceWithoutAnyFile(t *testing.T) {
	source, err := configSource("", "", []string{"/nonexistent/config"})
	if err != nil || source != inCluster {
		t.Errorf("got %q, %v", source, err)
	}
}

func TestDedicatedConfigsShareNothing(t *testing.T) {
	config := &rest.Config{Host: "https://there", UserAgent: "me"}
	one, two := dedicated(config, "events", time.Second), dedicated(config, "", 0)
	if one.UserAgent != "me/events" || two.UserAgent != "me" || one.Timeout != time.Second || two.Timeout != 0 {
		t.Errorf("got %s %s and %s %s", one.UserAgent, one.Timeout, two.UserAgent, two.Timeout)
	}
	if config.Timeout != 0 || config.Dial != nil || config.UserAgent != "me" {
		t.Error("changed the original")
	}
	first, err := rest.TransportFor(one)
	if err != nil {
		t.Fatal(err)
	}
	second, err := rest.TransportFor(two)
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("two uses share a connection")
	}
}

func TestNewClients(t *testing.T) {
	c, err := newClients(&rest.Config{Host: "https://there", QPS: -1}, options.Default())
	if err != nil {
		t.Fatal(err)
	}
	if c.kube == c.events || c.kube == c.election || c.kube == c.checks {
		t.Error("clients are shared")
	}
	_, err = newClients(&rest.Config{Host: "https://there", TLSClientConfig: rest.TLSClientConfig{CAFile: "/nonexistent/ca"}}, options.Default())
	if err == nil || !strings.HasPrefix(err.Error(), "invalid configuration for the cluster at https://there: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
