// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// admin reads from the API server as the cluster's admin.
type admin struct {
	base   string
	client *http.Client
}

func (c *cluster) admin() (*admin, error) {
	cert, err := tls.LoadX509KeyPair(c.path("pki", "admin.crt"), c.path("pki", "admin.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.path("pki", "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool},
	}
	return &admin{c.url(), &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// get reads one path; into may be nil when the answer's code is all that counts.
func (a *admin) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return err
	}
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, res.Status)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// exists is a condition: the path can be read.
func (a *admin) exists(path string) func(context.Context) error {
	return func(ctx context.Context) error { return a.get(ctx, path, nil) }
}

// nodeReady is a condition: the node says that it is ready.
func (a *admin) nodeReady(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		var node struct {
			Status struct {
				Conditions []struct{ Type, Status, Message string }
			}
		}
		if err := a.get(ctx, "/api/v1/nodes/"+name, &node); err != nil {
			return err
		}
		message := "it has not reported yet"
		for _, cond := range node.Status.Conditions {
			if cond.Type != "Ready" {
				continue
			}
			if cond.Status == "True" {
				return nil
			}
			message = cond.Message
		}
		return fmt.Errorf("node %s is not ready: %s", name, message)
	}
}

// deploymentReady is a condition: a deployment of kube-system has a ready pod.
func (a *admin) deploymentReady(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		var d struct{ Status struct{ ReadyReplicas int } }
		if err := a.get(ctx, "/apis/apps/v1/namespaces/kube-system/deployments/"+name, &d); err != nil {
			return err
		}
		if d.Status.ReadyReplicas == 0 {
			return fmt.Errorf("no pod of deployment %s is ready", name)
		}
		return nil
	}
}

// apply creates or updates the objects of a manifest.
func (c *cluster) apply(ctx context.Context, manifest string) error {
	return c.kubectl(ctx, manifest, "apply", "--server-side", "--field-manager=localcluster", "-f", "-")
}

// kubectl runs as the cluster's admin.
func (c *cluster) kubectl(ctx context.Context, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, c.program(controlPlane.name, "kubectl"), append([]string{"--kubeconfig=" + c.kubeconfig()}, args...)...)
	// A proxy for the outside is none for an address of this machine's own.
	cmd.Env = append(os.Environ(), "NO_PROXY=*")
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// wait polls a condition until it holds. It gives up early when a component
// that the condition depends on keeps ending, and then, as when time runs out,
// shows what that component wrote last.
func (c *cluster) wait(ctx context.Context, what string, patience time.Duration, components []string, cond func(context.Context) error) error {
	begin := time.Now()
	for {
		last := cond(ctx)
		if last == nil {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		status, err := c.ask(ctx, "status", "")
		if err != nil {
			return errors.Join(err, c.logsOf("supervisor"))
		}
		for _, s := range status.Components {
			for _, name := range components {
				if s.Name == name && s.Restarts >= 5 {
					return errors.Join(fmt.Errorf("waiting for %s: %s keeps ending (%d times)", what, name, s.Restarts), c.logsOf(name))
				}
			}
		}
		if time.Since(begin) > patience {
			return errors.Join(fmt.Errorf("%s: not so after %s: %w", what, since(begin), last), c.logsOf(components...))
		}
	}
}

// logsOf is an error made of the last lines of the components' logs.
func (c *cluster) logsOf(components ...string) error {
	var all []error
	for _, name := range components {
		path := c.path("logs", name+".log")
		all = append(all, fmt.Errorf("the last lines of %s:\n%s", path, tailFile(path, 15)))
	}
	return errors.Join(all...)
}
