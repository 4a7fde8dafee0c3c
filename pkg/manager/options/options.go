// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// Options are all that one can choose about a manager. Parse makes them.
type Options struct {
	// MetricsBindAddress and HealthProbeBindAddress are host:port, or "0" for no such server.
	MetricsBindAddress     string
	HealthProbeBindAddress string
	// MetricsSecure serves metrics over TLS, to those whom the API server allows to get /metrics.
	MetricsSecure bool
	// MetricsCertDir holds tls.crt and tls.key; empty means a certificate of our own making.
	MetricsCertDir string
	// EnablePprof serves profiles beside the metrics, if those are secure.
	EnablePprof bool
	// EnableHTTP2 is for TLS listeners; the plain ones speak HTTP/1.1 whatever it says.
	EnableHTTP2 bool

	LeaderElection LeaderElection

	// Kubeconfig is a file, or empty for client-go's usual places.
	Kubeconfig string
	// KubeAPIQPS and KubeAPIBurst limit requests to the API server; a QPS of -1 means no limit on
	// our side, a burst of 0 twice the QPS.
	KubeAPIQPS   float64
	KubeAPIBurst int

	// Namespaces are those to watch, without duplicates; none means all.
	Namespaces []string
	// ClusterDomain is the domain under which Services have their DNS names.
	ClusterDomain string
	// Workers is how many Performers are worked on at once.
	Workers int
	// FirstRetry and LastRetry bound the delay after which an error about a Performer is tried again.
	FirstRetry, LastRetry time.Duration
	// TEEConfig is the file with the table of trusted execution environments, and TEEs what it holds;
	// empty and nil mean performer.DefaultTEEs.
	TEEConfig string
	TEEs      map[string]performer.TEE

	// EnableWebhooks serves admission webhooks on WebhookPort.
	EnableWebhooks bool
	WebhookPort    int
	// CertDir holds tls.crt and tls.key of the webhook server; empty means self-issued certificates,
	// which the remaining fields configure.
	CertDir string
	// WebhookService is the Service in the manager's own namespace by which the API server reaches the
	// webhooks, WebhookConfiguration the name of both configurations that say so, and WebhookCASecret the
	// Secret of the authority, which is made where it is missing.
	WebhookService, WebhookConfiguration, WebhookCASecret string
	// WebhookCertificateLifetime is that of the certificate that the webhook server shows.
	WebhookCertificateLifetime time.Duration

	LogLevel  LogLevel
	LogFormat string
	// VModule gives single files a verbosity of their own, in klog's notation.
	VModule           string
	LogFlushFrequency time.Duration

	// CheckOnly asks for a look at the cluster instead of a manager: Check.
	CheckOnly bool
	// PrintVersion and PrintHelp ask for a text instead of a manager.
	PrintVersion bool
	PrintHelp    bool
}

// LeaderElection say whether and how several managers agree which one works.
type LeaderElection struct {
	Enabled       bool
	LeaseDuration time.Duration
	RenewDeadline time.Duration
	RetryPeriod   time.Duration
	ResourceName  string
	// ResourceNamespace is where the Lease is; empty means the manager's own namespace, which the
	// pod's service account tells, else PodNamespace, else defaultNamespace.
	ResourceNamespace string
	PodNamespace      string
}

// defaultNamespace is where the operator is installed by default.
const defaultNamespace = "hourglass-system"

// Default returns the options of a manager that was given no flag and no environment.
func Default() *Options {
	return &Options{
		MetricsBindAddress:     ":8080",
		HealthProbeBindAddress: ":8081",
		LeaderElection: LeaderElection{
			LeaseDuration: 15 * time.Second,
			RenewDeadline: 10 * time.Second,
			RetryPeriod:   2 * time.Second,
			// The name that managers have always used for it here, so that an old and a new one
			// never act at once.
			ResourceName: "b8e8a8a8.hourglass.eigenlayer.io",
		},
		// The API server shares itself out with API Priority and Fairness, which knows the load;
		// a fixed limit here would only make a manager slow while the server is idle.
		KubeAPIQPS:    -1,
		ClusterDomain: "cluster.local",
		Workers:       16,
		FirstRetry:    controller.DefaultFirstRetry,
		LastRetry:     controller.DefaultLastRetry,
		WebhookPort:   9443,

		WebhookService:             "hourglass-operator-webhook-service",
		WebhookConfiguration:       "hourglass-operator-webhook",
		WebhookCASecret:            "hourglass-operator-webhook-ca",
		WebhookCertificateLifetime: 24 * time.Hour,

		LogLevel:          LogLevel{Verbosity: levelInfo},
		LogFormat:         FormatText,
		LogFlushFrequency: 5 * time.Second,
	}
}
