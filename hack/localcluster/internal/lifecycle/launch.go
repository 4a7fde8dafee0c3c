// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// daemons lists the cluster's daemons.
func (c *cluster) daemons(l layout) []daemon {
	all := []daemon{c.etcd(l), c.apiServer(l)}
	if c.Nodes != nodesNone {
		all = append(all, c.controllerManager(l), c.scheduler(l))
	}
	switch c.Nodes {
	case nodesReal:
		all = append(all, nodeDaemons(c, l)...)
	case nodesFake:
		all = append(all, c.kwokDaemon(l))
	}
	return all
}

func (c *cluster) writeFiles(spec supervisorSpec) error {
	if err := c.writeControlPlane(); err != nil {
		return err
	}
	var err error
	switch c.Nodes {
	case nodesReal:
		err = c.writeNode()
	case nodesFake:
		err = c.writeKwok()
	}
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("supervisor.json"), data, 0o600)
}

// leash ties a supervisor to this process: if this process ends, however it
// does, without letting go, the supervisor ends the cluster.
type leash struct {
	pipe  *os.File
	ended <-chan error
}

// letGo lets the cluster outlive this process.
func (l *leash) letGo() error {
	_, err := l.pipe.Write([]byte{detach})
	return errors.Join(err, l.pipe.Close())
}

// startSupervisor starts the supervisor and waits until it answers. That of a
// real node is process 1 of a process namespace and has mounts and network of
// its own: when it dies, be it by SIGKILL, the kernel ends every process in
// there, containers included, and takes the mounts, links and tables with it.
func startSupervisor(c *cluster) (*leash, error) {
	log, err := os.OpenFile(c.path("logs", "supervisor.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, superviseCommand, c.dir)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), envMarker+"="+c.dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = read, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.Nodes == nodesReal {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the supervisor: %w", err)
	}
	c.Supervisor = cmd.Process.Pid
	if err := c.save(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.After(10 * time.Second); ; {
		if _, err := c.ask(context.Background(), "status", ""); err == nil {
			return &leash{write, ended}, nil
		}
		select {
		case err := <-ended:
			return nil, errors.Join(fmt.Errorf("the supervisor ended: %w", err), c.logsOf("supervisor"))
		case <-deadline:
			return nil, errors.Join(errors.New("the supervisor does not answer"), c.logsOf("supervisor"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// startAll starts the components in order and waits until the cluster can be
// used.
func (c *cluster) startAll(ctx context.Context, o upOptions) error {
	api, err := c.admin()
	if err != nil {
		return err
	}
	server := []string{"etcd", "kube-apiserver"}
	if err := c.start(ctx, server...); err != nil {
		return err
	}
	say("Starting etcd and API server.")
	for _, path := range []string{"/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"} {
		if err := c.wait(ctx, "a ready API server", 2*time.Minute, server, api.exists(path)); err != nil {
			return err
		}
	}
	if c.Nodes == nodesNone {
		return nil
	}
	say("Starting controller manager and scheduler.")
	if err := c.start(ctx, "kube-controller-manager", "kube-scheduler"); err != nil {
		return err
	}
	if c.Nodes == nodesReal {
		err = c.startNode(ctx, api)
	} else {
		err = c.startFakeNodes(ctx, api, o.fakeNodes)
	}
	if err != nil {
		return err
	}
	return c.wait(ctx, "a working controller manager", time.Minute, []string{"kube-controller-manager"},
		api.exists("/api/v1/namespaces/default/serviceaccounts/default"))
}

func (c *cluster) start(ctx context.Context, components ...string) error {
	for _, name := range components {
		if _, err := c.ask(ctx, "start", name); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) startFakeNodes(ctx context.Context, api *admin, n int) error {
	say("Starting kwok, with %d simulated node(s).", n)
	if err := c.startKwok(ctx); err != nil {
		return err
	}
	var all strings.Builder
	for i := range n {
		manifest, err := simulatedNode{Name: fakeNodeName(i)}.manifest()
		if err != nil {
			return err
		}
		all.WriteString("---\n" + manifest)
	}
	if err := c.apply(ctx, all.String()); err != nil {
		return err
	}
	for i := range n {
		if err := c.wait(ctx, "ready simulated nodes", time.Minute, []string{kwok.name}, api.nodeReady(fakeNodeName(i))); err != nil {
			return err
		}
	}
	return nil
}

func fakeNodeName(i int) string { return fmt.Sprintf("fake-%d", i) }

func (c *cluster) startNode(ctx context.Context, api *admin) error {
	say("Starting containerd, kubelet and kube-proxy.")
	if err := c.start(ctx, "containerd"); err != nil {
		return err
	}
	if err := c.wait(ctx, "a ready containerd", time.Minute, []string{"containerd"}, c.containerdReady); err != nil {
		return err
	}
	if err := c.loadOwnImages(ctx); err != nil {
		return err
	}
	if err := c.start(ctx, "kubelet", "kube-proxy"); err != nil {
		return err
	}
	if err := c.apply(ctx, dnsManifest); err != nil {
		return err
	}
	if err := c.wait(ctx, "a ready node", 2*time.Minute, []string{"kubelet", "containerd"}, api.nodeReady(c.nodeName())); err != nil {
		return err
	}
	say("Starting CoreDNS.")
	return c.wait(ctx, "a ready name server", 2*time.Minute, []string{"kube-proxy", "kubelet"}, api.deploymentReady("coredns"))
}
