//go:build linux

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package framework

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
)

// Target is what Prometheus scrapes.
type Target struct {
	// Job is the label job of all that comes from it, so each has its own.
	Job string
	// Address is host:port.
	Address string
	// TLS is for https, with any certificate.
	TLS bool
	// Token is the bearer token to show, if any.
	Token string
}

// Prometheus is a running Prometheus.
type Prometheus struct {
	url string
}

// StartPrometheus starts Debian's Prometheus, which scrapes the targets each second until the test's end. It is fetched
// where it is missing, and skips the test on another system than Debian.
func (c *Cluster) StartPrometheus(t *testing.T, targets ...Target) *Prometheus {
	t.Helper()
	program := prometheusProgram(t, "prometheus")
	var scrapes []any
	for _, target := range targets {
		scrape := map[string]any{
			"job_name":       target.Job,
			"static_configs": []any{map[string]any{"targets": []string{target.Address}}},
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
	config, err := json.Marshal(map[string]any{
		"global":         map[string]any{"scrape_interval": "1s", "scrape_timeout": "1s"},
		"scrape_configs": scrapes,
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "prometheus.yml") // JSON is YAML
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	address := c.background(t, regexp.MustCompile(`msg="Listening on" address=(\S+)`), program,
		"--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	return &Prometheus{url: "http://" + address}
}

// Forward makes a port of a pod reachable from here until the test's end, and returns the address.
func (c *Cluster) Forward(t *testing.T, namespace, pod string, port int) string {
	t.Helper()
	return c.background(t, regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`), filepath.Join(c.binDir, "kubectl"),
		"port-forward", "--namespace="+namespace, "--address=127.0.0.1", "pod/"+pod, ":"+strconv.Itoa(port))
}

// PromtoolCheck has Debian's promtool judge the text of a scrape.
func PromtoolCheck(t *testing.T, text string) {
	t.Helper()
	if output, err := (command{stdin: text}).run(t.Context(), prometheusProgram(t, "promtool"), "check", "metrics"); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// Sample is one value that Prometheus has stored.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query returns what Prometheus answers to an instant query.
func (p *Prometheus) Query(ctx context.Context, query string) ([]Sample, error) {
	var result []struct {
		Metric map[string]string
		Value  []any
	}
	if err := p.get(ctx, "query?query="+url.QueryEscape(query), &struct{ Result any }{&result}); err != nil {
		return nil, err
	}
	var samples []Sample
	for _, r := range result {
		if len(r.Value) != 2 {
			return nil, fmt.Errorf("%s: a sample that is none: %v", query, r.Value)
		}
		value, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{r.Metric, value})
	}
	return samples, nil
}

// Stored returns a check that a query has one value, and which.
func (p *Prometheus) Stored(query string, want float64) func(context.Context) error {
	return func(ctx context.Context) error {
		samples, err := p.Query(ctx, query)
		if err == nil && (len(samples) != 1 || samples[0].Value != want) {
			err = fmt.Errorf("%s is %v, want %v", query, samples, want)
		}
		return err
	}
}

// Nothing returns a check that a query has no value.
func (p *Prometheus) Nothing(query string) func(context.Context) error {
	return func(ctx context.Context) error {
		samples, err := p.Query(ctx, query)
		if err == nil && len(samples) > 0 {
			err = fmt.Errorf("%s is %v, want nothing", query, samples)
		}
		return err
	}
}

// ScrapeError returns what went wrong in the last scrape of a job, "" if nothing did.
func (p *Prometheus) ScrapeError(ctx context.Context, job string) (string, error) {
	var answer struct {
		ActiveTargets []struct {
			Labels    map[string]string
			LastError string
		}
	}
	if err := p.get(ctx, "targets?state=active", &answer); err != nil {
		return "", err
	}
	for _, target := range answer.ActiveTargets {
		if target.Labels["job"] == job {
			return target.LastError, nil
		}
	}
	return "", fmt.Errorf("no job %s", job)
}

// get asks Prometheus' API and decodes the data of its answer.
func (p *Prometheus) get(ctx context.Context, path string, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/"+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("Prometheus answers %s to %s: %w", response.Status, path, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("Prometheus answers %s to %s: %s", response.Status, path, answer.Error)
	}
	return nil
}

// background starts a program that runs until the test's end, or this process' however that comes. It returns what the
// group of a pattern matches in what the program says, for which it waits.
func (c *Cluster) background(t *testing.T, announcement *regexp.Regexp, name string, args ...string) string {
	t.Helper()
	said := &output{pattern: announcement, found: make(chan string, 1)}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended := make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		// To the kernel the parent is the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ended <- cmd.Run()
	}()
	t.Cleanup(func() {
		<-finished
		if t.Failed() {
			t.Logf("%s %s said:\n%s", filepath.Base(name), strings.Join(args, " "), said)
		}
	})
	select {
	case found := <-said.found:
		return found
	case err := <-ended:
		t.Fatalf("%s ended: %v", filepath.Base(name), err)
	case <-time.After(Patience):
		t.Fatalf("%s has not said %s", filepath.Base(name), announcement)
	}
	return ""
}

// output keeps what a program says, and tells the first match of a pattern.
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
	// A line that is not whole yet could match in part.
	whole := o.text.Bytes()[:bytes.LastIndexByte(o.text.Bytes(), '\n')+1]
	if match := o.pattern.FindSubmatch(whole); match != nil {
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

// prometheusProgram returns the path of a program of Debian's package prometheus: the system's, or that of a package
// unpacked into the cache, which starts no service.
func prometheusProgram(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("this test takes Prometheus from Debian's package: install Prometheus by hand, with promtool")
	}
	path, err := cachedProgram(t.Context(), "prometheus", name)
	if err != nil {
		t.Fatalf("unpacking Debian's package prometheus: %v", err)
	}
	return path
}

// cachedProgram returns the path of a program of a Debian package in the cache, to where the package is fetched if need be.
func cachedProgram(ctx context.Context, pkg, name string) (string, error) {
	cache := os.Getenv("HOURGLASS_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "hourglass-operator")
	}
	program := filepath.Join("usr", "bin", name)
	if there, _ := filepath.Glob(filepath.Join(cache, pkg+"-*", program)); len(there) > 0 {
		return there[len(there)-1], nil
	}

	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "."+pkg+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(os.Stderr, "Fetching Debian's package %s, to unpack it into the cache\n", pkg)
	download := command{dir: work}
	if _, err := download.run(ctx, "apt-get", "-q", "-q", "download", pkg); err != nil {
		// There may be no list of packages yet.
		if _, updateErr := download.run(ctx, "apt-get", "-q", "-q", "update"); updateErr != nil {
			return "", errors.Join(err, updateErr)
		}
		if _, err := download.run(ctx, "apt-get", "-q", "-q", "download", pkg); err != nil {
			return "", err
		}
	}
	files, err := filepath.Glob(filepath.Join(work, pkg+"_*.deb"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("apt-get has brought %q: %w", files, errors.Join(err, os.ErrNotExist))
	}
	unpacked := filepath.Join(work, "unpacked")
	if _, err := download.run(ctx, "dpkg-deb", "--extract", files[0], unpacked); err != nil {
		return "", err
	}
	// The file is called name_version_architecture.deb.
	version := strings.Split(filepath.Base(files[0]), "_")[1]
	final := filepath.Join(cache, pkg+"-"+version)
	// Somebody else may have been faster.
	if err := os.Rename(unpacked, final); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return filepath.Join(final, program), nil
}
