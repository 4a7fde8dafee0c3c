// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Waiting begins with the first of these times between two looks and doubles it up to the second,
// which is also how long it may take to notice that what was missing is there.
const (
	minPreflightDelay = time.Second
	maxPreflightDelay = 10 * time.Second
)

// preflight finds out whether the cluster has all that the controller needs before anything else is
// asked of it, so that what is missing is told once and in words, and not by each client in turn.
type preflight struct {
	host       string
	source     string // where the configuration is from, in words
	client     kubernetes.Interface
	namespaces []string             // empty means all
	lease      types.NamespacedName // empty without leader election
	others     []wish               // beside those for Performers and for the lease

	sleep func(context.Context, time.Duration) error

	connected bool // told that the server answers

	state atomic.Pointer[obstacle] // what we wait for; nil before the first look and when all is well
	done  atomic.Bool
}

// newPreflight returns the checks for a manager with these options. The source says where the configuration is from.
func newPreflight(o *Options, clients *clients, source string) *preflight {
	p := &preflight{host: clients.host, source: source, client: clients.checks, namespaces: o.Namespaces, sleep: sleep}
	if o.LeaderElection.Enabled {
		p.lease = o.LeaderElection.lease()
	}
	if o.MetricsSecure {
		p.others = append(p.others, metricsNeeds...)
	}
	if o.EnableWebhooks && o.CertDir == "" {
		p.others = append(p.others, webhookNeeds(o)...)
	}
	return p
}

// obstacle is why the manager cannot work now.
type obstacle struct {
	// kind tells obstacles apart: a text that changes while the kind does not is no news.
	kind    string
	message string // what is wrong and what to do, in one line
	// hopeless says that looking again cannot help without a change to this process.
	hopeless bool
}

// Error implements error.
func (o *obstacle) Error() string { return o.message }

// Check is the readiness check of the cluster: an error until the manager may begin.
func (p *preflight) Check() error {
	if p.done.Load() {
		return nil
	}
	if o := p.state.Load(); o != nil {
		return o
	}
	return errors.New("not checked yet")
}

// wait returns when the controller can begin. It waits as long as waiting can help, says once what
// it waits for and once when that is over, and returns an error when waiting cannot help, or that
// of ctx when it ends.
func (p *preflight) wait(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	told := ""
	for delay := minPreflightDelay; ; delay = min(2*delay, maxPreflightDelay) {
		found := p.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if found == nil {
			if told != "" {
				logger.Info("The cluster has all that was missing, going on")
			}
			p.done.Store(true)
			return nil
		}
		if found.hopeless {
			return found
		}
		p.state.Store(found)
		if found.kind != told {
			logger.Error(nil, "Waiting: "+found.message)
			told, delay = found.kind, minPreflightDelay
		}
		if err := p.sleep(ctx, delay); err != nil {
			return context.Cause(ctx)
		}
	}
}

// look checks once, in the order in which one thing needs another.
func (p *preflight) look(ctx context.Context) *obstacle {
	for _, step := range []func(context.Context) *obstacle{p.lookForServer, p.lookForCRD, p.lookAtPermissions} {
		if found := step(ctx); found != nil {
			return found
		}
	}
	return nil
}

func (p *preflight) lookForServer(ctx context.Context) *obstacle {
	info, err := discovery.ToDiscoveryInterfaceWithContext(p.client.Discovery()).ServerVersionWithContext(ctx)
	switch {
	case err == nil:
		if !p.connected {
			klog.FromContext(ctx).Info("Connected to the API server", "server", p.host, "version", info.GitVersion)
			p.connected = true
		}
		return nil
	case apierrors.IsForbidden(err):
		// It is an API server, one that hides its version.
		return nil
	case apierrors.IsNotFound(err):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the server at %s is not a Kubernetes API server: correct the server's address in %s", p.host, p.source)}
	}
	return p.connectionProblem(err)
}

func (p *preflight) lookForCRD(ctx context.Context) *obstacle {
	list, err := discovery.ToDiscoveryInterfaceWithContext(p.client.Discovery()).
		ServerResourcesForGroupVersionWithContext(ctx, v1alpha1.SchemeGroupVersion.String())
	switch {
	case apierrors.IsForbidden(err):
		// A cluster that restricts discovery; the informers will tell.
		return nil
	case apierrors.IsNotFound(err):
		return &obstacle{kind: "crd", message: fmt.Sprintf("the CRD performers.%s is not installed, or not in version %s: install it with kubectl apply -f deploy/",
			v1alpha1.GroupName, v1alpha1.SchemeGroupVersion.Version)}
	case err != nil:
		return p.connectionProblem(err)
	}
	for _, name := range []string{"performers", "performers/status"} {
		found := false
		for _, resource := range list.APIResources {
			found = found || resource.Name == name
		}
		if !found {
			return &obstacle{kind: "other crd", message: fmt.Sprintf("the installed CRD performers.%s lacks %s: install this version's CRD with kubectl apply -f deploy/", v1alpha1.GroupName, name)}
		}
	}
	return nil
}

// lookAtPermissions is an obstacle when we may not even watch. With a list of namespaces that holds
// up none but the one that it is about, whose roles may yet be made. What else is missing is only
// told, since the controller does without: an API server that refuses a write says so at its object.
func (p *preflight) lookAtPermissions(ctx context.Context) *obstacle {
	logger := klog.FromContext(ctx)
	missing, known, err := missingPermissions(ctx, p.client, wishes(p.namespaces, p.lease, p.others))
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		logger.Info("Not allowed to create selfsubjectaccessreviews, going on without the check")
		return nil
	case len(missing) == 0:
		return nil
	}

	user := whoAmI(ctx, p.client)
	blind := map[string][]string{} // by namespace, what we may not watch there
	for _, m := range missing {
		if m.essential {
			blind[m.namespace] = append(blind[m.namespace], m.String())
		}
	}
	if everywhere := blind[metav1.NamespaceAll]; len(everywhere) > 0 {
		slices.Sort(everywhere)
		list := strings.Join(everywhere, "; ")
		return &obstacle{kind: "permissions: " + list, message: fmt.Sprintf("%s may not %s: grant it, see deploy/", user, list)}
	}
	for _, namespace := range slices.Sorted(maps.Keys(blind)) {
		logger.Error(nil, fmt.Sprintf("Going on without namespace %s until it exists and may be watched: %s may not %s; grant it with a Role, see deploy/",
			namespace, user, strings.Join(blind[namespace], "; ")), "namespace", namespace)
	}
	for _, m := range missing {
		if _, told := blind[m.namespace]; !told {
			logger.Error(nil, fmt.Sprintf("Missing permission: %s may not %s: %s; grant it, see deploy/", user, m, m.without))
		}
	}
	return nil
}

// connectionProblem says in words why a request had no answer, or none of use.
func (p *preflight) connectionProblem(err error) *obstacle {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		notTLS      tls.RecordHeaderError
		urlError    *url.Error
	)
	switch {
	case errors.As(err, &authority):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the certificate of the API server at %s is not signed by the CA in %s: is that for another cluster, or for an earlier one?", p.host, p.source)}
	case errors.As(err, &hostname):
		return &obstacle{hopeless: true, message: fmt.Sprintf("the certificate of the API server at %s is for other names: %s: correct the server's address in %s", p.host, oneLine(hostname), p.source)}
	case errors.As(err, &notTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return &obstacle{hopeless: true, message: fmt.Sprintf("what answers at %s does not speak TLS: correct the server's address in %s", p.host, p.source)}
	case errors.As(err, &certificate):
		return &obstacle{kind: "certificate", message: fmt.Sprintf("the certificate of the API server at %s is not valid: %s: renew it, or correct the clock", p.host, oneLine(certificate))}
	case apierrors.IsUnauthorized(err):
		return &obstacle{kind: "unauthorized", message: fmt.Sprintf("the API server at %s does not accept the credentials in %s: renew them", p.host, p.source)}
	case errors.As(err, &urlError):
		// Its text has the whole request; its cause is what counts.
		err = urlError.Err
	}
	return &obstacle{kind: "unreachable", message: fmt.Sprintf("the API server at %s does not answer: %s: check that the cluster runs and that the address is right", p.host, oneLine(err))}
}

// sleep waits for d or until ctx ends, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
