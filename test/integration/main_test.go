// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
)

// The API server that all tests of this package share, each in a namespace of its own.
var (
	config     *rest.Config
	kubeconfig string
	kube       kubernetes.Interface
	hourglass  versioned.Interface
)

func TestMain(m *testing.M) {
	code, err := runWithControlPlane(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runWithControlPlane(m *testing.M) (code int, err error) {
	stop, err := startControlPlane()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := installCRD(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func repositoryRoot() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// startControlPlane runs the local cluster's API server and etcd as a child that ends with this
// process, however that ends: the child waits for the end of its standard input.
func startControlPlane() (stop func() error, err error) {
	program := filepath.Join(repositoryRoot(), "bin", "localcluster")
	build := exec.Command("go", "build", "-C", filepath.Join(repositoryRoot(), "hack", "localcluster"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building localcluster: %w\n%s", err, out)
	}
	cluster := exec.Command(program, "up", "--nodes", "none", "--foreground", "--name", fmt.Sprintf("integration-%d", os.Getpid()))
	cluster.Stderr = os.Stderr
	stdin, err := cluster.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cluster.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cluster.Start(); err != nil {
		return nil, err
	}
	stop = func() error {
		return errors.Join(stdin.Close(), cluster.Wait())
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "KUBECONFIG="); ok {
			go io.Copy(io.Discard, stdout) //nolint:errcheck // what it prints from here on is of no interest
			kubeconfig = path
			return stop, connect()
		}
	}
	return nil, errors.Join(errors.New("the API server did not start"), stop())
}

func connect() error {
	var err error
	if config, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		return err
	}
	config.QPS = -1
	if kube, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	hourglass, err = versioned.NewForConfig(config)
	return err
}

// installCRD applies the CRD as users get it.
func installCRD() error {
	file, err := os.ReadFile(filepath.Join(repositoryRoot(), "manifests", "crd", "bases", "hourglass.eigenlayer.io_performers.yaml"))
	if err != nil {
		return err
	}
	body, err := yaml.YAMLToJSON(file)
	if err != nil {
		return err
	}
	ctx := context.Background()
	const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	err = kube.Discovery().RESTClient().Patch(types.ApplyPatchType).AbsPath(crds, "performers.hourglass.eigenlayer.io").
		Param("fieldManager", "test").Param("force", "true").Body(body).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("applying the CRD: %w", err)
	}
	return poll(ctx, func(ctx context.Context) (bool, error) {
		_, err := hourglass.HourglassV1alpha1().Performers("default").List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// newNamespace makes a namespace in which pods can be made, though no controller of Kubernetes
// makes the service account that they run as.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace, err := kube.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kube.CoreV1().ServiceAccounts(namespace.Name).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return namespace.Name
}
