// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// narrow are the permissions with which existing installations run an operator: no leases, secrets,
// config maps, nodes, namespaces or endpoint slices.
var narrow = []rbacv1.PolicyRule{
	rule("", "pods", "services", "endpoints", "events"),
	rule("apps", "deployments"),
	rule("hourglass.eigenlayer.io", "performers", "performers/status", "performers/finalizers"),
}

func rule(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources,
		Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}}
}

// kubeconfigFor makes a service account with the given permissions, and a kubeconfig for it.
func kubeconfigFor(t *testing.T, rules []rbacv1.PolicyRule) string {
	t.Helper()
	ctx := t.Context()
	namespace := newNamespace(t)
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Rules: rules}
	if _, err := kube.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: namespace},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "default", Namespace: namespace}},
	}
	if _, err := kube.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := kube.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	user := file.Contexts[file.CurrentContext].AuthInfo
	file.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*file, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// managerProgram builds the manager, once.
var managerProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "manager")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "manager")
	out, err := exec.Command("go", "build", "-o", program, "github.com/Layr-Labs/hourglass-operator/cmd/manager").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the manager: %w\n%s", err, out)
	}
	return program, nil
})

// manager is a running manager program.
type manager struct {
	*testing.T
	cmd *exec.Cmd
	log *safeBuffer
	end chan error
}

// startManager runs the manager with ports of its own choice.
func startManager(t *testing.T, kubeconfig string, args ...string) *manager {
	t.Helper()
	program, err := managerProgram()
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{T: t, log: &safeBuffer{}, end: make(chan error, 1)}
	m.cmd = exec.Command(program, append([]string{"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"}, args...)...)
	m.cmd.Env = []string{"KUBECONFIG=" + kubeconfig}
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.end <- m.cmd.Wait() }()
	t.Cleanup(func() {
		_ = m.cmd.Process.Kill() // it may have ended by itself
		if t.Failed() {
			t.Logf("the manager's log:\n%s", m.log)
		}
	})
	return m
}

// address returns where one of the manager's servers listens, as its log tells.
func (m *manager) address(server string) string {
	m.Helper()
	pattern := regexp.MustCompile(`"Serving ` + server + `" address="([^"]+)"`)
	var address string
	waitUntil(m.T, "the "+server+" server", func() bool {
		if found := pattern.FindStringSubmatch(m.log.String()); found != nil {
			address = found[1]
		}
		return address != ""
	})
	return address
}

func (m *manager) get(server, path string) (status int, body string) {
	m.Helper()
	response, err := http.Get("http://" + m.address(server) + path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

func (m *manager) awaitReady() {
	m.Helper()
	eventually(m.T, "ready", func(context.Context) string {
		if status, body := m.get("health", "/readyz?verbose"); status != http.StatusOK {
			return body
		}
		return ""
	})
}

func (m *manager) awaitLog(text string) {
	m.Helper()
	eventually(m.T, "log line", func(context.Context) string {
		if !strings.Contains(m.log.String(), text) {
			return fmt.Sprintf("no %q in the log", text)
		}
		return ""
	})
}

// stop sends SIGTERM and returns how the manager ended.
func (m *manager) stop() error {
	m.Helper()
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		m.Fatal(err)
	}
	return <-m.end
}

// safeBuffer is a buffer that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestManagerUnderNarrowPermissions(t *testing.T) {
	const secret = "a-value-that-must-not-be-logged"
	w := newWorld(t)
	m := startManager(t, kubeconfigFor(t, narrow), "-v=5")
	m.awaitReady()
	w.running("a", func(p *v1alpha1.Performer) {
		p.Spec.Config.Environment = map[string]string{"PASSWORD": secret}
	})
	w.patch("a", `{"spec":{"version":"2"}}`)
	w.makeReady("performer-a-1")
	w.awaitPerformer("a", "ready on the second pod", func(p *v1alpha1.Performer) bool {
		return isReady(p) && p.Status.PodName == "performer-a-1"
	})
	eventually(t, "an event", func(ctx context.Context) string {
		events, err := kube.CoreV1().Events(w.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=a,reason=PodReady"})
		if err != nil {
			return err.Error()
		}
		if len(events.Items) == 0 {
			return "none"
		}
		if e := events.Items[0]; e.Type != corev1.EventTypeNormal || e.InvolvedObject.Kind != "Performer" || e.Source.Component == "" {
			t.Errorf("event %+v", e)
		}
		return ""
	})
	if err := hourglass.HourglassV1alpha1().Performers(w.namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaitNoPod("performer-a-1")

	status, families := m.get("metrics", "/metrics")
	for _, family := range []string{
		`workqueue_depth{`, `workqueue_adds_total{`, `rest_client_requests_total{`, `go_goroutines`, `process_resident_memory_bytes`,
		`hourglass_reconcile_total{result="success"}`,
	} {
		if !strings.Contains(families, family) {
			t.Errorf("status %d, and no %s in the metrics", status, family)
		}
	}
	if err := m.stop(); err != nil {
		t.Errorf("SIGTERM ends the manager with %v", err)
	}
	if strings.Contains(m.log.String(), secret) {
		t.Error("the log holds a value of the environment")
	}
}

func TestManagerSaysWhatItMayNotDo(t *testing.T) {
	rules := append([]rbacv1.PolicyRule{}, narrow...)
	rules[0] = rule("", "services", "events")
	m := startManager(t, kubeconfigFor(t, rules))
	m.awaitLog("may not list, watch, get, create, patch, delete pods in all namespaces")
	if status, body := m.get("health", "/readyz?verbose"); status == http.StatusOK {
		t.Errorf("ready without the pods:\n%s", body)
	}
	if status, _ := m.get("health", "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz says %d: a restart would not help", status)
	}
	if err := m.stop(); err != nil {
		t.Errorf("SIGTERM ends the waiting manager with %v", err)
	}
}

// TestStandbyTakesOver stops the leader of two, and wants the standby to go on.
func TestStandbyTakesOver(t *testing.T) {
	w := newWorld(t)
	rules := append([]rbacv1.PolicyRule{rule("coordination.k8s.io", "leases")}, narrow...)
	kubeconfig := kubeconfigFor(t, rules)
	args := []string{"--leader-elect", "--leader-elect-resource-namespace=" + w.namespace}
	first := startManager(t, kubeconfig, args...)
	first.awaitReady()
	first.awaitLog("Starting workers")
	second := startManager(t, kubeconfig, args...)
	second.awaitReady()
	w.running("a")
	if strings.Contains(second.log.String(), "Starting workers") {
		t.Error("two work at once")
	}
	if err := first.stop(); err != nil {
		t.Errorf("SIGTERM ends the leader with %v", err)
	}
	w.running("b")
	lease, err := kube.CoordinationV1().Leases(w.namespace).Get(t.Context(), "b8e8a8a8.hourglass.eigenlayer.io", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if transitions := lease.Spec.LeaseTransitions; transitions == nil || *transitions < 1 {
		t.Errorf("lease %+v", lease.Spec)
	}
	if err := second.stop(); err != nil {
		t.Errorf("SIGTERM ends the second leader with %v", err)
	}
}
