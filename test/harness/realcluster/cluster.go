// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
)

const (
	// EnvKubeconfig is the kubeconfig of an existing cluster to use. The images must be on its
	// nodes.
	EnvKubeconfig = "E2E_KUBECONFIG"
	// EnvAuditLog is the path of the audit log of that cluster. Without it the tests that read the
	// log are skipped.
	EnvAuditLog = "E2E_AUDIT_LOG"
	// EnvKeep, if not empty, keeps the suite's own cluster running, so that the next run starts
	// faster.
	EnvKeep = "E2E_KEEP"
)

// Cluster is a running cluster with the operator in it.
type Cluster struct {
	// Kube and Performers are clients with an administrator's rights and no rate limit.
	Kube       kubernetes.Interface
	Performers versioned.Interface

	// root is the repository's folder.
	root       string
	kubeconfig string
	// binDir is the folder of kubectl, "" if kubectl is on the path.
	binDir   string
	auditLog string
	// ownName is the name of the suite's own cluster, "" for an existing one.
	ownName string
	// nodes is the number of real nodes of the suite's own cluster.
	nodes int
	// borrowed is true for an existing cluster. It outlives the tests, so everything that Start
	// creates in it must be deleted again.
	borrowed bool
	// ended is closed when the suite's own cluster is gone. It is nil for an existing one.
	ended <-chan struct{}
	// simulated is locked by the tests that use simulated nodes.
	simulated sync.RWMutex
	// undo are the functions that delete what Start created, called in reverse order.
	undo []func(context.Context) error
}

// Start starts a cluster, or uses the one that the environment names, and installs the operator.
// The caller must call Stop, even after an error.
func Start(ctx context.Context) (*Cluster, error) {
	c, err := StartEmpty(ctx)
	if err != nil {
		return c, err
	}
	return c, c.installOperator(ctx)
}

// StartEmpty is Start without the operator, for tests that install it themselves.
func StartEmpty(ctx context.Context) (*Cluster, error) {
	c := &Cluster{nodes: 1}
	if err := c.start(ctx); err != nil {
		return c, err
	}
	return c, c.addCaller(ctx)
}

// start starts the suite's own cluster, or uses an existing one, and connects to it.
func (c *Cluster) start(ctx context.Context) error {
	var err error
	if c.root, err = repositoryRoot(); err != nil {
		return err
	}
	if c.kubeconfig = os.Getenv(EnvKubeconfig); c.kubeconfig != "" {
		c.auditLog, c.borrowed = os.Getenv(EnvAuditLog), true
	} else if err := c.startOwn(ctx); err != nil {
		return fmt.Errorf("starting a cluster: %w", err)
	}
	if err := c.connect(); err != nil {
		return fmt.Errorf("connecting with %s: %w", c.kubeconfig, err)
	}
	return nil
}

func (c *Cluster) addCaller(ctx context.Context) error {
	if err := c.startCaller(ctx); err != nil {
		return fmt.Errorf("starting the pod that calls performers: %w", err)
	}
	return nil
}

func (c *Cluster) installOperator(ctx context.Context) error {
	if err := c.install(ctx); err != nil {
		return fmt.Errorf("installing the operator: %w", err)
	}
	return nil
}

// Stop deletes what Start created.
func (c *Cluster) Stop(ctx context.Context) error {
	var errs []error
	for len(c.undo) > 0 {
		last := len(c.undo) - 1
		undo := c.undo[last]
		c.undo = c.undo[:last]
		errs = append(errs, undo(ctx))
	}
	return errors.Join(errs...)
}

func (c *Cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return err
	}
	// The clients must not slow down the tests.
	config.QPS = -1
	if c.Kube, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	c.Performers, err = versioned.NewForConfig(rest.CopyConfig(config))
	return err
}

// Environment returns the environment variables with which other programs find the cluster, and its
// kubectl first on the path.
func (c *Cluster) Environment() []string {
	variables := []string{"KUBECONFIG=" + c.kubeconfig}
	if c.binDir != "" {
		variables = append(variables, "PATH="+c.binDir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	return variables
}

// Kubectl runs kubectl in the root of the repository, as the documentation does, and returns its
// standard output.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectl(ctx, "", args...)
}

// Apply applies YAML in a namespace and returns the output of kubectl.
func (c *Cluster) Apply(ctx context.Context, namespace, yaml string) (string, error) {
	return c.kubectl(ctx, yaml, "apply", "-n", namespace, "-f", "-")
}

// ApplyStrictly is Apply, but also returns an error, after it has applied, if there are warnings.
func (c *Cluster) ApplyStrictly(ctx context.Context, namespace, yaml string) (string, error) {
	return c.kubectl(ctx, yaml, "apply", "-n", namespace, "--warnings-as-errors", "-f", "-")
}

// Delete deletes the objects in YAML, if they exist, without waiting until they are gone.
func (c *Cluster) Delete(ctx context.Context, yaml string) error {
	_, err := c.kubectl(ctx, yaml, "delete", "--ignore-not-found", "--wait=false", "-f", "-")
	return err
}

// Run runs a program in the root of the repository, with the variables of Environment, and returns
// its standard output.
func (c *Cluster) Run(ctx context.Context, program string, args ...string) (string, error) {
	if program == "kubectl" {
		// The kubectl on the path of the tests may be another one.
		return c.Kubectl(ctx, args...)
	}
	return command{dir: c.root, env: c.Environment()}.run(ctx, program, args...)
}

// MustRun is Run, and fails the test if the program fails.
func (c *Cluster) MustRun(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := c.Run(t.Context(), program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func (c *Cluster) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	kubectl := command{dir: c.root, env: []string{"KUBECONFIG=" + c.kubeconfig}, stdin: stdin}
	return kubectl.run(ctx, filepath.Join(c.binDir, "kubectl"), args...)
}
