// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Options are the settings of a manager. Parse reads them from flags and the environment.
type Options struct {
	// MetricsBindAddress and HealthProbeBindAddress are host:port, or "0" for no such server.
	MetricsBindAddress     string
	HealthProbeBindAddress string
	// MetricsSecure serves metrics over TLS, to clients that the API server allows to get /metrics.
	MetricsSecure bool
	// MetricsCertDir is the folder with tls.crt and tls.key. Empty means a self-signed certificate.
	MetricsCertDir string
	// EnablePprof serves profiles next to the metrics. It requires MetricsSecure.
	EnablePprof bool
	// EnableHTTP2 allows HTTP/2 on TLS listeners. Plain listeners always speak HTTP/1.1.
	EnableHTTP2 bool

	LeaderElection LeaderElection

	// Kubeconfig is the path of a kubeconfig file, or empty for client-go's default locations.
	Kubeconfig string
	// KubeAPIQPS and KubeAPIBurst limit the requests to the API server. A QPS of -1 means no limit
	// on the client's side, a burst of 0 means twice the QPS.
	KubeAPIQPS   float64
	KubeAPIBurst int

	// Namespaces are the namespaces to watch, without duplicates. None means all namespaces.
	Namespaces []string
	// ClusterDomain is the DNS domain of the cluster's Services.
	ClusterDomain string
	// Workers is how many Performers are reconciled in parallel.
	Workers int
	// FirstRetry and LastRetry are the shortest and the longest delay before a failed
	// reconciliation of a Performer is retried.
	FirstRetry, LastRetry time.Duration
	// DrainTaints are the keys of the taints that a node gets before it is drained, in addition to
	// spec.unschedulable. Empty means none; it is never nil.
	DrainTaints []string
	// MaxFailovers is how many Performers may move away from lost nodes at the same time: a number, or a
	// percentage of all serving pods.
	MaxFailovers intstr.IntOrString
	// EvictionResponder makes the operator a responder of Evictions of Performers' pods.
	EvictionResponder bool
	// TEEConfig is the path of the table of trusted execution environments, and TEEs its content.
	// Empty and nil mean render.DefaultTEEs.
	TEEConfig string
	TEEs      map[string]render.TEE

	// EnableWebhooks serves admission webhooks on WebhookPort.
	EnableWebhooks bool
	WebhookPort    int
	// CertDir is the folder with tls.crt and tls.key of the webhook server. Empty means that the
	// manager issues the certificates itself; the remaining fields configure that.
	CertDir string
	// WebhookService is the Service in the manager's own namespace through which the API server
	// reaches the webhooks. WebhookConfiguration is the name of both webhook configurations that
	// refer to it. WebhookCASecret is the Secret of the CA; it is created if missing.
	WebhookService, WebhookConfiguration, WebhookCASecret string
	// WebhookCertificateLifetime is the lifetime of the webhook server's certificate.
	WebhookCertificateLifetime time.Duration

	LogLevel  LogLevel
	LogFormat string
	// VModule sets the verbosity of single source files, in klog's notation.
	VModule           string
	LogFlushFrequency time.Duration

	// CheckOnly checks the cluster instead of running a manager.
	CheckOnly bool
	// PrintVersion and PrintHelp print a text instead of running a manager.
	PrintVersion bool
	PrintHelp    bool
}

// LeaderElection are the settings of leader election among several managers.
type LeaderElection struct {
	Enabled       bool
	LeaseDuration time.Duration
	RenewDeadline time.Duration
	RetryPeriod   time.Duration
	ResourceName  string
	// ResourceNamespace is the namespace of the Lease. Empty means the manager's own namespace.
	ResourceNamespace string
	// PodNamespace is the manager's own namespace if no service account provides it.
	PodNamespace string
}

// defaultNamespace is where the operator is installed by default.
const defaultNamespace = "hourglass-system"

// Default returns the options of a manager without any flag or environment variable.
func Default() *Options {
	return &Options{
		MetricsBindAddress:     ":8080",
		HealthProbeBindAddress: ":8081",
		LeaderElection: LeaderElection{
			LeaseDuration: 15 * time.Second,
			RenewDeadline: 10 * time.Second,
			RetryPeriod:   2 * time.Second,
			// All released managers use this name. Another one would let an old and a new manager
			// lead at the same time.
			ResourceName: "b8e8a8a8.hourglass.eigenlayer.io",
		},
		// API Priority and Fairness limits clients on the server, where the load is known. A fixed
		// limit here would only slow a manager down while the server is idle.
		KubeAPIQPS:    -1,
		ClusterDomain: "cluster.local",
		Workers:       16,
		FirstRetry:    controller.DefaultFirstRetry,
		LastRetry:     controller.DefaultLastRetry,
		DrainTaints:   controller.DefaultDrainTaints(),
		MaxFailovers:  controller.DefaultMaxFailovers,
		WebhookPort:   9443,

		WebhookService:             "hourglass-operator-webhook-service",
		WebhookConfiguration:       "hourglass-operator-webhook",
		WebhookCASecret:            "hourglass-operator-webhook-ca",
		WebhookCertificateLifetime: 24 * time.Hour,

		LogLevel:          LogLevel{Verbosity: infoVerbosity},
		LogFormat:         FormatText,
		LogFlushFrequency: 5 * time.Second,
	}
}

// Burst returns the number of requests in a burst: KubeAPIBurst, or twice the QPS if that is 0.
func (o *Options) Burst() int {
	if o.KubeAPIBurst > 0 {
		return o.KubeAPIBurst
	}
	return max(0, int(math.Ceil(2*o.KubeAPIQPS)))
}
