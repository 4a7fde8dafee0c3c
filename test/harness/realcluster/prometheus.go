//go:build linux

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Target is an endpoint that Prometheus scrapes.
type Target struct {
	// Job is the label job of its metrics. Each target has its own.
	Job string
	// Address is host:port.
	Address string
	// TLS selects https, with any certificate.
	TLS bool
	// Token is the bearer token to send, if any.
	Token string
	// Labels are added to its metrics, as by a ServiceMonitor. They may contain another job.
	Labels map[string]string
}

// Prometheus is a running Prometheus.
type Prometheus struct {
	prometheus.Client
}

// StartPrometheus starts Debian's Prometheus, which scrapes the targets every second until the end
// of the test. It downloads the program if it is missing, and skips the test on systems other than
// Debian.
func (c *Cluster) StartPrometheus(t *testing.T, targets ...Target) *Prometheus {
	t.Helper()
	return c.StartPrometheusWithRules(t, "", targets...)
}

// StartPrometheusWithRules is StartPrometheus with the text of a rule file, which Prometheus
// evaluates every second.
func (c *Cluster) StartPrometheusWithRules(t *testing.T, rules string, targets ...Target) *Prometheus {
	t.Helper()
	program := prometheus.Program(t, "prometheus")
	var scrapes []any
	for _, target := range targets {
		scrape := map[string]any{
			"job_name":       target.Job,
			"honor_labels":   true,
			"static_configs": []any{map[string]any{"targets": []string{target.Address}, "labels": target.Labels}},
		}
		if target.TLS {
			scrape["scheme"] = "https"
			scrape["tls_config"] = map[string]any{"insecure_skip_verify": true}
		}
		if target.Token != "" {
			scrape["authorization"] = map[string]any{"credentials": target.Token}
		}
		scrapes = append(scrapes, scrape)
	}
	dir := t.TempDir()
	settings := map[string]any{
		"global":         map[string]any{"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
		"scrape_configs": scrapes,
	}
	if rules != "" {
		path := filepath.Join(dir, "rules.yaml")
		if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
			t.Fatal(err)
		}
		settings["rule_files"] = []string{path}
	}
	config, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "prometheus.yml") // JSON is YAML
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	address := c.Background(t, regexp.MustCompile(`msg="Listening on" address=(\S+)`), program,
		"--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	return &Prometheus{prometheus.Client{URL: "http://" + address}}
}

// Forward forwards a local port to a port of a pod until the end of the test, and returns the local
// address.
func (c *Cluster) Forward(t *testing.T, namespace, pod string, port int) string {
	t.Helper()
	return c.Background(t, regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`), filepath.Join(c.binDir, "kubectl"),
		"port-forward", "--namespace="+namespace, "--address=127.0.0.1", "pod/"+pod, ":"+strconv.Itoa(port))
}

// PromtoolCheck checks the text of a scrape with Debian's promtool.
func PromtoolCheck(t *testing.T, text string) {
	t.Helper()
	if output, err := (command{stdin: text}).run(t.Context(), prometheus.Program(t, "promtool"), "check", "metrics"); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// Stored returns a check that a query has exactly one value, want.
func (p *Prometheus) Stored(query string, want float64) func(context.Context) error {
	return func(ctx context.Context) error {
		samples, err := p.Query(ctx, query)
		if err == nil && (len(samples) != 1 || samples[0].Value != want) {
			err = fmt.Errorf("%s is %v, want %v", query, samples, want)
		}
		return err
	}
}

// Nothing returns a check that a query has no values.
func (p *Prometheus) Nothing(query string) func(context.Context) error {
	return func(ctx context.Context) error {
		samples, err := p.Query(ctx, query)
		if err == nil && len(samples) > 0 {
			err = fmt.Errorf("%s is %v, want nothing", query, samples)
		}
		return err
	}
}

// ScrapeError returns the error of the last scrape of a job, "" if it succeeded.
func (p *Prometheus) ScrapeError(ctx context.Context, job string) (string, error) {
	var answer struct {
		ActiveTargets []struct {
			Labels    map[string]string
			LastError string
		}
	}
	if err := p.Get(ctx, "targets?state=active", &answer); err != nil {
		return "", err
	}
	for _, target := range answer.ActiveTargets {
		if target.Labels["job"] == job {
			return target.LastError, nil
		}
	}
	return "", fmt.Errorf("no job %s", job)
}

// Background starts a program, with KUBECONFIG set for the cluster, that runs until the end of the
// test or of this process. It waits until the output of the program matches announcement, and
// returns the match of the pattern's group.
func (c *Cluster) Background(t *testing.T, announcement *regexp.Regexp, name string, args ...string) string {
	t.Helper()
	printed := &output{pattern: announcement, found: make(chan string, 1)}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	cmd.Stdout, cmd.Stderr = printed, printed
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended := make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		// For the kernel, the parent is the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ended <- cmd.Run()
	}()
	t.Cleanup(func() {
		<-finished
		if t.Failed() {
			t.Logf("%s %s printed:\n%s", filepath.Base(name), strings.Join(args, " "), printed)
		}
	})
	select {
	case found := <-printed.found:
		return found
	case err := <-ended:
		t.Fatalf("%s ended: %v", filepath.Base(name), err)
	case <-time.After(wait.Timeout):
		t.Fatalf("%s has not printed %s", filepath.Base(name), announcement)
	}
	return ""
}

// output keeps the output of a program and sends the first match of a pattern.
type output struct {
	pattern *regexp.Regexp
	found   chan string

	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	// An incomplete line could match partly.
	lines := o.text.Bytes()[:bytes.LastIndexByte(o.text.Bytes(), '\n')+1]
	if match := o.pattern.FindSubmatch(lines); match != nil {
		select {
		case o.found <- string(match[1]):
		default:
		}
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
