// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/options"
)

// requestTimeout is the timeout of requests for the preflight and for events. The controller's
// clients have none, because it would end their watches; their requests end with their context.
const requestTimeout = 10 * time.Second

// clients has one client for each use, with a connection and a rate limiter of its own, so that no
// use waits for another.
type clients struct {
	host      string
	kube      kubernetes.Interface // for the controller
	hourglass versioned.Interface  // for the controller
	checks    kubernetes.Interface // for the preflight
	events    kubernetes.Interface
	election  kubernetes.Interface
	standby   kubernetes.Interface // to watch the Lease
	reviews   kubernetes.Interface // of clients that request metrics
	webhooks  kubernetes.Interface // for the webhooks' CA; nil if the manager issues no certificates
}

// newClients returns the clients for the cluster of config. It makes no request.
func newClients(config *rest.Config, o *options.Options) (*clients, error) {
	// A request that hangs must leave time for another attempt before the lease is lost.
	electionTimeout := max(time.Second, o.LeaderElection.RenewDeadline/2)

	var errs []error
	kube := func(config *rest.Config) kubernetes.Interface {
		client, err := kubernetes.NewForConfig(config)
		errs = append(errs, err)
		return client
	}
	// The API server has custom resources as JSON only.
	hourglass, err := versioned.NewForConfig(dedicated(config, "", 0))
	errs = append(errs, err)
	c := &clients{
		host:      config.Host,
		hourglass: hourglass,
		kube:      kube(protobuf(dedicated(config, "", 0))),
		checks:    kube(dedicated(config, "start-up", requestTimeout)),
		events:    kube(protobuf(dedicated(config, "events", requestTimeout))),
		election:  kube(protobuf(dedicated(config, "leader-election", electionTimeout))),
		standby:   kube(protobuf(dedicated(config, "leader-election", 0))),
		reviews:   kube(protobuf(dedicated(config, "metrics", requestTimeout))),
	}
	if o.EnableWebhooks && o.CertDir == "" {
		c.webhooks = kube(protobuf(dedicated(config, "webhooks", 0)))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("invalid configuration for the cluster at %s: %s", config.Host, errtext.OneLine(err))
	}
	return c, nil
}

// dedicated returns a copy of config for one use. It has a user agent of its own, and a dialer of
// its own, because client-go shares the connection among clients with the same configuration.
func dedicated(config *rest.Config, use string, timeout time.Duration) *rest.Config {
	copied := rest.CopyConfig(config)
	copied.Timeout = timeout
	if copied.Dial == nil {
		copied.Dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	if use != "" {
		copied.UserAgent += "/" + use
	}
	return copied
}

func protobuf(config *rest.Config) *rest.Config {
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	return config
}

// loadConfig loads the client configuration by client-go's rules: --kubeconfig, the files in
// KUBECONFIG, ~/.kube/config, the pod's service account. The second result describes which it was.
func loadConfig(o *options.Options) (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	// configSource reports missing files with an error instead.
	rules.WarnIfAllMissing = false
	rules.ExplicitPath = o.Kubeconfig

	source, err := configSource(o.Kubeconfig, os.Getenv(clientcmd.RecommendedConfigPathEnvVar), rules.Precedence)
	if err != nil {
		return nil, "", err
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		if source == inCluster && (clientcmd.IsEmptyConfig(err) || errors.Is(err, rest.ErrNotInCluster)) {
			return nil, "", fmt.Errorf("no cluster: neither --kubeconfig nor KUBECONFIG is set, %s does not exist, and this is not a pod of a cluster: set --kubeconfig", strings.Join(rules.Precedence, " and "))
		}
		if clientcmd.IsEmptyConfig(err) {
			return nil, "", fmt.Errorf("cannot use %s: it names no cluster: set its current-context", source)
		}
		return nil, "", fmt.Errorf("cannot use %s: %s", source, errtext.OneLine(err))
	}
	config.QPS, config.Burst = float32(o.KubeAPIQPS), o.Burst()
	build := CurrentBuild()
	config.UserAgent = fmt.Sprintf("hourglass-operator/%s (%s)", build.Version, build.Platform)
	return config, source, nil
}

const inCluster = "the pod's service account"

// configSource describes where the configuration comes from. It refuses a file that was set and
// does not exist, because client-go would use the next location, perhaps another cluster.
func configSource(flag, variable string, files []string) (string, error) {
	if flag != "" {
		if _, err := os.Stat(flag); err != nil {
			return "", fmt.Errorf("--kubeconfig=%s: %w", flag, errtext.WithoutPath(err))
		}
		return "kubeconfig " + flag, nil
	}
	var found []string
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			found = append(found, filepath.Clean(file))
		}
	}
	switch {
	case len(found) > 0:
		return "kubeconfig " + strings.Join(found, string(filepath.ListSeparator)), nil
	case variable != "":
		return "", fmt.Errorf("environment variable KUBECONFIG=%q: no such file: correct it, or unset it to use the pod's service account", variable)
	}
	return inCluster, nil
}
