// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// cluster is a fake API server whose state the tests change.
type cluster struct {
	*fake.Clientset
	version error                                          // answer to a request for the version
	served  []string                                       // the resources of our API group; nil: no CRD
	evicts  bool                                           // whether it serves Evictions
	refuses func(*authorizationv1.ResourceAttributes) bool // whether the access is not granted
	reviews error                                          // answer to a request for a review
	asked   map[string]*authorizationv1.ResourceAttributes // the reviews made, by verb, resource and namespace
}

func newCluster() *cluster {
	c := &cluster{
		Clientset: fake.NewClientset(),
		served:    []string{"performers", "performers/status"},
		refuses:   func(*authorizationv1.ResourceAttributes) bool { return false },
		asked:     map[string]*authorizationv1.ResourceAttributes{},
	}
	c.PrependReactor("get", "version", func(clienttesting.Action) (bool, runtime.Object, error) {
		return c.version != nil, nil, c.version
	})
	c.PrependReactor("get", "resource", func(clienttesting.Action) (bool, runtime.Object, error) {
		c.Resources = nil
		if c.served != nil {
			list := &metav1.APIResourceList{GroupVersion: "hourglass.eigenlayer.io/v1alpha1"}
			for _, name := range c.served {
				list.APIResources = append(list.APIResources, metav1.APIResource{Name: name})
			}
			c.Resources = append(c.Resources, list)
		}
		if c.evicts {
			c.Resources = append(c.Resources, &metav1.APIResourceList{
				GroupVersion: "lifecycle.k8s.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "evictions"}},
			})
		}
		return false, nil, nil
	})
	c.PrependReactor("create", "selfsubjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if c.reviews != nil {
			return true, nil, c.reviews
		}
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview).DeepCopy()
		attributes := review.Spec.ResourceAttributes
		c.asked[fmt.Sprintf("%s %s/%s in %q", attributes.Verb, attributes.Resource, attributes.Subresource, attributes.Namespace)] = attributes
		review.Status.Allowed = !c.refuses(attributes)
		return true, review, nil
	})
	c.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{Status: authenticationv1.SelfSubjectReviewStatus{
			UserInfo: authenticationv1.UserInfo{Username: "bob"},
		}}, nil
	})
	return c
}

// wait runs a preflight. After each check that fails it runs the next of the steps. It returns the
// logged lines and the delays.
func (c *cluster) wait(t *testing.T, p *Preflight, steps ...func()) (lines []string, waited []time.Duration, err error) {
	t.Helper()
	p.Host, p.Source, p.Client = "https://there:6443", "kubeconfig /k", c
	p.sleep = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		if p.Check() == nil {
			t.Error("ready while waiting")
		}
		if len(steps) == 0 {
			return errors.New("stop")
		}
		steps[0]()
		steps = steps[1:]
		return nil
	}
	var log managertest.Logs
	err = p.Wait(log.Context(t.Context()))
	return log.All(), waited, err
}

func notFound() error {
	return apierrors.NewNotFound(schema.GroupResource{}, "x")
}

func forbidden() error {
	return apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("no"))
}

func refused() error {
	return &url.Error{Op: "Get", URL: "https://there:6443/version", Err: errors.New("dial tcp: connect: connection refused")}
}

// without returns the lines that do not contain part.
func without(lines []string, part string) []string {
	var rest []string
	for _, line := range lines {
		if !strings.Contains(line, part) {
			rest = append(rest, line)
		}
	}
	return rest
}

func TestWaitLogsEachRequirementOnce(t *testing.T) {
	nothing := func() {}
	tests := []struct {
		name  string
		begin func(*cluster)
		steps func(*cluster) []func()
		want  []string // a part of each logged line
	}{
		{name: "everything granted", begin: func(*cluster) {}, steps: func(*cluster) []func() { return nil }},
		{
			name:  "API server not there yet",
			begin: func(c *cluster) { c.version = refused() },
			steps: func(c *cluster) []func() {
				return []func(){nothing, func() { c.version = errors.New("another text of the same") }, func() { c.version = nil }}
			},
			want: []string{"Waiting: the API server at https://there:6443 does not answer: dial tcp: connect: connection refused", "has everything that was missing"},
		},
		{
			name:  "credentials refused",
			begin: func(c *cluster) { c.version = apierrors.NewUnauthorized("x") },
			steps: func(c *cluster) []func() { return []func(){nothing, func() { c.version = nil }} },
			want:  []string{"does not accept the credentials in kubeconfig /k", "has everything that was missing"},
		},
		{
			name:  "version hidden",
			begin: func(c *cluster) { c.version = forbidden() },
			steps: func(*cluster) []func() { return nil },
		},
		{
			name:  "CRD missing, then old, then there",
			begin: func(c *cluster) { c.served = nil },
			steps: func(c *cluster) []func() {
				return []func(){nothing, func() { c.served = []string{"performers"} }, func() { c.served = []string{"performers", "performers/status"} }}
			},
			want: []string{"Waiting: the CRD performers.hourglass.eigenlayer.io is not installed", "Waiting: the installed CRD performers.hourglass.eigenlayer.io lacks performers/status", "has everything that was missing"},
		},
		{
			name: "permissions come one by one",
			begin: func(c *cluster) {
				c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
					return a.Verb == "watch" && (a.Resource == "pods" || a.Resource == "services")
				}
			},
			steps: func(c *cluster) []func() {
				return []func(){nothing, func() {
					c.refuses = func(a *authorizationv1.ResourceAttributes) bool { return a.Verb == "watch" && a.Resource == "pods" }
				}, func() {
					c.refuses = func(*authorizationv1.ResourceAttributes) bool { return false }
				}}
			},
			want: []string{
				"Waiting: bob may not watch pods in all namespaces; watch services in all namespaces: grant it",
				"Waiting: bob may not watch pods in all namespaces: grant it",
				"has everything that was missing",
			},
		},
		{
			name: "not essential",
			begin: func(c *cluster) {
				c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
					return a.Resource == "events" || a.Subresource == "status"
				}
			},
			steps: func(*cluster) []func() { return nil },
			want: []string{
				"Missing permission: bob may not update performers/status (hourglass.eigenlayer.io) in all namespaces: the status",
				"Missing permission: bob may not create, patch events in all namespaces: Performers have no events",
			},
		},
		{
			name: "optional",
			begin: func(c *cluster) {
				c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
					return a.Resource == "nodes" || a.Resource == "poddisruptionbudgets" && a.Verb != "get"
				}
			},
			steps: func(*cluster) []func() { return nil },
			want: []string{
				"Working without an optional permission: bob may not list, watch, create, patch, delete poddisruptionbudgets (policy) in all namespaces: Performers have no PodDisruptionBudget",
				"Working without an optional permission: bob may not get, list, watch nodes: Performers don't move before a node is drained",
			},
		},
		{
			name:  "reviews refused",
			begin: func(c *cluster) { c.reviews = forbidden() },
			steps: func(*cluster) []func() { return nil },
			want:  []string{"Skipping the check of permissions"},
		},
		{
			name:  "reviews fail",
			begin: func(c *cluster) { c.reviews = refused() },
			steps: func(c *cluster) []func() { return []func(){func() { c.reviews = nil }} },
			want:  []string{"does not answer", "has everything that was missing"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			tt.begin(c)
			p := New(Config{})
			if p.Check() == nil {
				t.Error("ready before the first check")
			}
			lines, _, err := c.wait(t, p, tt.steps(c)...)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(); err != nil {
				t.Errorf("not ready: %v", err)
			}
			lines = without(lines, "Connected to the API server")
			if len(lines) != len(tt.want) {
				t.Fatalf("logged %q, want %d lines", lines, len(tt.want))
			}
			for i, part := range tt.want {
				if !strings.Contains(lines[i], part) {
					t.Errorf("line %d is %s, want %q in it", i, lines[i], part)
				}
			}
		})
	}
}

// TestEvictionResponder checks where the controller is to be a responder, and what is logged where it can't be.
func TestEvictionResponder(t *testing.T) {
	const unserved = "Working without --eviction-responder: the API server does not serve evictions in lifecycle.k8s.io/v1alpha1: to change that, set"
	refuse := func(subresource, namespace string) func(*authorizationv1.ResourceAttributes) bool {
		return func(a *authorizationv1.ResourceAttributes) bool {
			return a.Resource == "evictions" && a.Subresource == subresource && a.Namespace == namespace
		}
	}
	for _, tt := range []struct {
		name       string
		on, served bool
		refuses    func(*authorizationv1.ResourceAttributes) bool
		want       []string
		logs       string
	}{
		{"off", false, true, refuse("", "a"), nil, ""},
		{"on", true, true, refuse("", "elsewhere"), []string{"a", "b"}, ""},
		{"not served", true, false, refuse("", "a"), nil, unserved},
		{"no permission to watch them", true, true, refuse("", "a"), []string{"b"}, "may not list, watch evictions (lifecycle.k8s.io) in namespace a: the operator is no responder of Evictions"},
		{"no permission to report", true, true, refuse("status", "b"), []string{"a"}, "may not patch evictions/status (lifecycle.k8s.io) in namespace b: the operator is no responder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			c.evicts, c.refuses = tt.served, tt.refuses
			p := New(Config{Namespaces: []string{"a", "b"}, EvictionResponder: tt.on})
			lines, _, err := c.wait(t, p)
			if err != nil {
				t.Fatal(err)
			}
			lines = without(lines, "Connected to the API server")
			if !slices.Equal(p.Evictions(), tt.want) || (len(lines) == 1) != (tt.logs != "") || tt.logs != "" && !strings.Contains(lines[0], tt.logs) {
				t.Errorf("responder in %q, want %q; logged %q", p.Evictions(), tt.want, lines)
			}
		})
	}
	t.Run("it is logged once", func(t *testing.T) {
		c := newCluster()
		c.refuses = func(a *authorizationv1.ResourceAttributes) bool { return a.Resource == "pods" }
		lines, _, err := c.wait(t, New(Config{EvictionResponder: true}), func() {}, func() {
			c.refuses = func(*authorizationv1.ResourceAttributes) bool { return false }
		})
		if log := strings.Join(lines, "\n"); err != nil || strings.Count(log, unserved) != 1 {
			t.Errorf("%v, logged %s", err, log)
		}
	})
}

// TestWaitSkipsNamespaces has three namespaces, one of them without a role and one with half of it.
func TestWaitSkipsNamespaces(t *testing.T) {
	c := newCluster()
	c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
		return a.Namespace == "foreign" || a.Namespace == "half" && a.Resource == "events"
	}
	lines, waited, err := c.wait(t, New(Config{Namespaces: []string{"ours", "half", "foreign"}}))
	if err != nil || len(waited) > 0 {
		t.Fatalf("waited %s, %v", waited, err)
	}
	lines = without(lines, "Connected to the API server")
	if len(lines) != 2 || !strings.Contains(lines[0], "Skipping namespace foreign until it exists and the manager may watch it: bob may not list, watch, get, patch performers") ||
		!strings.Contains(lines[1], "may not create, patch events in namespace half") {
		t.Errorf("logged %q", lines)
	}
}

// TestOptionalPermissions checks what the controller is allowed to use.
func TestOptionalPermissions(t *testing.T) {
	for _, tt := range []struct {
		name       string
		namespaces []string
		refuses    func(*authorizationv1.ResourceAttributes) bool
		nodes      bool
		budgets    []string
	}{
		{"all", nil, func(*authorizationv1.ResourceAttributes) bool { return false }, true, []string{metav1.NamespaceAll}},
		{"none", nil, func(a *authorizationv1.ResourceAttributes) bool {
			return a.Resource == "nodes" && a.Verb == "watch" || a.Resource == "poddisruptionbudgets" && a.Verb == "delete"
		}, false, nil},
		{"Roles", []string{"a", "b"}, func(a *authorizationv1.ResourceAttributes) bool { return a.Namespace == "" }, false, []string{"a", "b"}},
		{"a Role without budgets", []string{"a", "b"}, func(a *authorizationv1.ResourceAttributes) bool {
			return a.Namespace == "a" && a.Resource == "poddisruptionbudgets"
		}, true, []string{"b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			c.refuses = tt.refuses
			p := New(Config{Namespaces: tt.namespaces})
			if _, _, err := c.wait(t, p); err != nil {
				t.Fatal(err)
			}
			if p.Nodes() != tt.nodes || !slices.Equal(p.Budgets(), tt.budgets) {
				t.Errorf("nodes %t, budgets %q, want %t, %q", p.Nodes(), p.Budgets(), tt.nodes, tt.budgets)
			}
		})
	}
}

func TestWaitGivesUpOnFatal(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"another server", notFound(), "not a Kubernetes API server: correct the server's address in kubeconfig /k"},
		{"another authority", &url.Error{Err: x509.UnknownAuthorityError{}}, "not signed by the CA in kubeconfig /k"},
		{"another name", &url.Error{Err: x509.HostnameError{Host: "there", Certificate: &x509.Certificate{}}}, "is for other names"},
		{"no TLS", &url.Error{Err: tls.RecordHeaderError{Msg: "x"}}, "does not speak TLS"},
		{"no TLS, reported by net/http", &url.Error{Err: errors.New("http: server gave HTTP response to HTTPS client")}, "does not speak TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			c.version = tt.err
			_, waited, err := c.wait(t, New(Config{}))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			if len(waited) > 0 {
				t.Errorf("waited %s", waited)
			}
		})
	}
}

func TestWaitBacksOff(t *testing.T) {
	c := newCluster()
	c.version = refused()
	nothing := func() {}
	_, waited, err := c.wait(t, New(Config{}), nothing, nothing, nothing, nothing, nothing, func() { c.version = nil })
	if err != nil {
		t.Fatal(err)
	}
	want := "[1s 2s 4s 8s 10s 10s]"
	if got := fmt.Sprint(waited); got != want {
		t.Errorf("waited %s, want %s", got, want)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	c := newCluster()
	c.served = nil
	ctx, stop := context.WithCancelCause(new(managertest.Logs).Context(t.Context()))
	why := errors.New("received SIGTERM")
	p := &Preflight{Config: Config{Client: c}, sleep: func(context.Context, time.Duration) error { stop(why); return ctx.Err() }}
	if err := p.Wait(ctx); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestPermissionsFollowTheWatchScope(t *testing.T) {
	lease := types.NamespacedName{Namespace: "home", Name: "the-lease"}
	for _, tt := range []struct {
		name   string
		config Config
		asked  []string
		not    []string
	}{
		{"all namespaces", Config{SecureMetrics: true}, []string{`create tokenreviews/ in ""`, `list pods/ in ""`, `update performers/status in ""`}, []string{`get leases/ in ""`}},
		{"two namespaces", Config{Namespaces: []string{"a", "b"}, Lease: lease}, []string{`watch leases/ in "home"`, `list pods/ in "a"`, `delete services/ in "b"`, `create events/ in "b"`, `get leases/ in "home"`}, []string{`list pods/ in ""`, `list pods/ in "home"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster()
			missing, known, err := missingPermissions(t.Context(), c, tt.config.requiredPermissions())
			if len(missing) > 0 || !known || err != nil {
				t.Fatalf("got %v, %v, %v", missing, known, err)
			}
			for _, key := range tt.asked {
				if c.asked[key] == nil {
					t.Errorf("not checked: %s", key)
				}
			}
			for _, key := range tt.not {
				if c.asked[key] != nil {
					t.Errorf("checked: %s", key)
				}
			}
		})
	}
}

// The default role allows to create any Lease, but to change only one.
func TestPermissionForOneLease(t *testing.T) {
	c := newCluster()
	c.refuses = func(a *authorizationv1.ResourceAttributes) bool {
		return a.Resource == "leases" && (a.Verb == "create") != (a.Name == "")
	}
	config := Config{Lease: types.NamespacedName{Namespace: "home", Name: "the-lease"}}
	missing, known, err := missingPermissions(t.Context(), c, config.requiredPermissions())
	if len(missing) > 0 || !known || err != nil {
		t.Errorf("got %v, %v, %v", missing, known, err)
	}
}
