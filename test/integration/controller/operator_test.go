// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
)

// operator is a controller that runs in this process. Its requests and events are recorded.
type operator struct {
	requests    *requests
	events      *events
	stop        func()
	results     *results
	disruptions chan string // kind and outcome of each, in a buffer
}

// startOperator runs a controller until the test ends or stop is called. Without namespaces it
// watches all of them and uses the finalizer.
func startOperator(t *testing.T, namespaces ...string) *operator {
	t.Helper()
	return startOperatorAs(t, config, namespaces...)
}

// startOperatorAs runs a controller that has the permissions of the given user. It does without nodes and
// PodDisruptionBudgets.
func startOperatorAs(t *testing.T, user *rest.Config, namespaces ...string) *operator {
	t.Helper()
	return startOperatorWith(t, user, controller.Access{}, namespaces...)
}

// startOperatorWith is startOperatorAs with access to optional resources.
func startOperatorWith(t *testing.T, user *rest.Config, access controller.Access, namespaces ...string) *operator {
	t.Helper()
	op := &operator{requests: &requests{}, events: &events{}, results: &results{}, disruptions: make(chan string, 100)}
	watched := rest.CopyConfig(user)
	watched.Wrap(op.requests.record)
	kube, err := kubernetes.NewForConfig(watched)
	if err != nil {
		t.Fatal(err)
	}
	hourglass, err := versioned.NewForConfig(watched)
	if err != nil {
		t.Fatal(err)
	}
	c, err := controller.New(controller.Config{
		Kube: kube, Hourglass: hourglass, Recorder: op.events, Namespaces: namespaces, Workers: 4,
		Hooks: controller.Hooks{SyncEnded: op.results.observe, Disrupted: func(kind, outcome string, _ float64) { op.disruptions <- kind + " " + outcome }},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(klog.NewContext(context.WithoutCancel(t.Context()), ktesting.NewLogger(t, ktesting.NewConfig())))
	c.Allow(access)
	c.Start(ctx)
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	op.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(op.stop)
	return op
}

// requests are those of one operator, other than the lists and watches of its informers.
type requests struct {
	mu   sync.Mutex
	seen []string
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (r *requests) record(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		query := request.URL.Query()
		if request.Method != http.MethodGet || !query.Has("watch") && !query.Has("limit") && !query.Has("resourceVersion") {
			r.mu.Lock()
			r.seen = append(r.seen, request.Method+" "+request.URL.Path)
			r.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

// of returns the requests whose path holds the given text.
func (r *requests) of(text string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
	for _, request := range r.seen {
		if strings.Contains(request, text) {
			found = append(found, request)
		}
	}
	return found
}

// results count the syncs by their result.
type results struct {
	mu     sync.Mutex
	counts map[string]int
}

func (r *results) observe(result string, _ float64, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[result]++
}

func (r *results) count(result string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[result]
}

// takeEvents returns the events about the Performers of a namespace since the last call, each as
// type, reason and message. An operator here watches all namespaces, also those of other tests.
func (op *operator) takeEvents(namespace string) []string {
	op.events.mu.Lock()
	defer op.events.mu.Unlock()
	taken := op.events.by[namespace]
	delete(op.events.by, namespace)
	return taken
}

// events is a record.EventRecorder that keeps the events by namespace.
type events struct {
	mu sync.Mutex
	by map[string][]string
}

func (e *events) Event(object runtime.Object, eventType, reason, message string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by == nil {
		e.by = map[string][]string{}
	}
	namespace := object.(metav1.Object).GetNamespace()
	e.by[namespace] = append(e.by[namespace], eventType+" "+reason+" "+message)
}

func (e *events) Eventf(object runtime.Object, eventType, reason, format string, args ...any) {
	e.Event(object, eventType, reason, fmt.Sprintf(format, args...))
}

func (e *events) AnnotatedEventf(object runtime.Object, _ map[string]string, eventType, reason, format string, args ...any) {
	e.Eventf(object, eventType, reason, format, args...)
}

// restricted returns the config of a user who has only the given permissions.
func restricted(t *testing.T, rules ...rbacv1.PolicyRule) *rest.Config {
	t.Helper()
	user := cluster.NewUser(t)
	user.Grant(t, rules...)
	anonymous := rest.AnonymousClientConfig(config)
	anonymous.QPS = -1
	anonymous.BearerToken = user.Token
	return anonymous
}
