// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api reads and writes objects as the admin of a cluster.
package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// Client reads from the API server as the cluster's admin.
type Client struct {
	base   string
	client *http.Client
}

// New returns a client of a cluster's API server.
func New(c *state.Cluster) (*Client, error) {
	cert, err := tls.LoadX509KeyPair(c.Path("pki", "admin.crt"), c.Path("pki", "admin.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.Path("pki", "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool},
	}
	return &Client{c.URL(), &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// Get reads a path. into may be nil if only the status code matters.
func (a *Client) Get(ctx context.Context, path string, into any) error {
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

// Exists returns a check that a path can be read.
func (a *Client) Exists(path string) func(context.Context) error {
	return func(ctx context.Context) error { return a.Get(ctx, path, nil) }
}

// NodeReady returns a check that a node is ready, according to a heartbeat of its kubelet since a
// time.
func (a *Client) NodeReady(name string, since time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		var node struct {
			Status struct {
				Conditions []struct {
					Type, Status, Message string
					LastHeartbeatTime     time.Time // in seconds
				}
			}
		}
		if err := a.Get(ctx, "/api/v1/nodes/"+name, &node); err != nil {
			return err
		}
		message := "it has no Ready condition yet"
		for _, cond := range node.Status.Conditions {
			if cond.Type != "Ready" {
				continue
			}
			switch {
			case cond.LastHeartbeatTime.Before(since.Truncate(time.Second)):
				message = "its kubelet has sent no heartbeat yet"
			case cond.Status == "True":
				return nil
			default:
				message = cond.Message
			}
		}
		return fmt.Errorf("node %s is not ready: %s", name, message)
	}
}

// DeploymentReady returns a check that a Deployment in kube-system has a ready pod.
func (a *Client) DeploymentReady(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		var d struct{ Status struct{ ReadyReplicas int } }
		if err := a.Get(ctx, "/apis/apps/v1/namespaces/kube-system/deployments/"+name, &d); err != nil {
			return err
		}
		if d.Status.ReadyReplicas == 0 {
			return fmt.Errorf("deployment kube-system/%s has no ready pod", name)
		}
		return nil
	}
}
