// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
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
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Cluster is an API server and its etcd, with the administrator's clients.
type Cluster struct {
	Config     *rest.Config
	Kubeconfig string
	Kube       kubernetes.Interface
	Hourglass  versioned.Interface

	name    string
	program string
	stop    func() error
}

// Main runs the tests of a package with a cluster of their own, which it passes to use before they
// start, and returns the exit code of the process. flags are further flags of the API server.
func Main(m *testing.M, name string, use func(*Cluster), flags ...string) int {
	return MainWith(m, name, 1, use, flags...)
}

// MainWith is Main with several clusters.
func MainWith(m *testing.M, name string, clusters int, use func(*Cluster), flags ...string) int {
	code, err := runWith(m, name, clusters, use, flags)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func runWith(m *testing.M, name string, clusters int, use func(*Cluster), flags []string) (code int, err error) {
	defer func() {
		_ = os.Remove(managerPath()) // each was built only if a test started it
		_ = os.Remove(managerPath() + "-plain")
	}()
	for i := range clusters {
		c, startErr := start(fmt.Sprintf("%s-%d", name, i), flags)
		if startErr != nil {
			return 1, startErr
		}
		defer func() { err = errors.Join(err, c.Stop()) }()
		if err := c.InstallCRD(context.Background()); err != nil {
			return 1, err
		}
		use(c)
	}
	return m.Run(), nil
}

// start runs the local cluster's API server and etcd as a child that ends with this process,
// however that ends: the child waits for the end of its standard input.
func start(name string, flags []string) (*Cluster, error) {
	c := &Cluster{
		name:    fmt.Sprintf("%s-%d", name, os.Getpid()),
		program: repository.Path("bin", "localcluster"),
	}
	if err := buildLocalCluster(c.program); err != nil {
		return nil, err
	}
	args := []string{"up", "--nodes", "none", "--foreground", "--name", c.name}
	for _, flag := range flags {
		args = append(args, "--arg", "kube-apiserver="+flag)
	}
	up := exec.Command(c.program, args...)
	up.Stderr = os.Stderr
	stdin, err := up.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := up.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := up.Start(); err != nil {
		return nil, err
	}
	c.stop = func() error {
		return errors.Join(stdin.Close(), up.Wait())
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "KUBECONFIG="); ok {
			go io.Copy(io.Discard, stdout) //nolint:errcheck // the rest of its output is not needed
			c.Kubeconfig = path
			if err := c.connect(); err != nil {
				return nil, errors.Join(err, c.Stop())
			}
			return c, nil
		}
	}
	return nil, errors.Join(errors.New("the API server did not start"), c.Stop())
}

// buildLocalCluster brings bin/localcluster up to date. The tests of several packages run at once,
// and one must not replace the program while another starts it.
func buildLocalCluster(program string) error {
	source := repository.Path("hack", "localcluster")
	lock, err := os.Open(source)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", source, err)
	}
	if out, err := exec.Command("go", "build", "-C", source, "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("building localcluster: %w\n%s", err, out)
	}
	return nil
}

// Stop ends the cluster and removes all that it left.
func (c *Cluster) Stop() error { return c.stop() }

// Do stops, starts, restarts or kills a component of the cluster: etcd or kube-apiserver.
func (c *Cluster) Do(ctx context.Context, what, component string) error {
	out, err := exec.CommandContext(ctx, c.program, what, "--name", c.name, component).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", what, component, err, out)
	}
	return nil
}

func (c *Cluster) connect() error {
	var err error
	if c.Config, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig); err != nil {
		return err
	}
	c.Config.QPS = -1
	if c.Kube, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	c.Hourglass, err = versioned.NewForConfig(c.Config)
	return err
}

// CRD is the path at which the API server has our CRD.
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/performers.hourglass.eigenlayer.io"

// InstallCRD applies the CRD as users get it, and waits until it is served.
func (c *Cluster) InstallCRD(ctx context.Context) error {
	file, err := os.ReadFile(repository.Path("manifests", "crd", "bases", "hourglass.eigenlayer.io_performers.yaml"))
	if err != nil {
		return err
	}
	body, err := yaml.YAMLToJSON(file)
	if err != nil {
		return err
	}
	err = c.Kube.Discovery().RESTClient().Patch(types.ApplyPatchType).AbsPath(CRD).
		Param("fieldManager", "test").Param("force", "true").Body(body).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("applying the CRD: %w", err)
	}
	return wait.Poll(ctx, func(ctx context.Context) error {
		_, err := c.Hourglass.HourglassV1alpha1().Performers("default").List(ctx, metav1.ListOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return wait.Stop(err)
		}
		return err
	})
}

// CreateNamespace creates a namespace in which pods can be created, although no controller of
// Kubernetes creates the service account that they run as.
func (c *Cluster) CreateNamespace(t testing.TB) string {
	t.Helper()
	namespace, err := c.Kube.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.NewAccount(t, namespace.Name, "default")
	return namespace.Name
}

// NewAccount creates a service account where there is none of that name.
func (c *Cluster) NewAccount(t testing.TB, namespace, name string) {
	t.Helper()
	_, err := c.Kube.CoreV1().ServiceAccounts(namespace).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}
