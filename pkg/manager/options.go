// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Options are all that one can choose about a manager. ParseOptions makes them.
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

	LeaderElection LeaderElectionOptions

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
	// empty and nil mean render.DefaultTEEs.
	TEEConfig string
	TEEs      map[string]render.TEE

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

// LeaderElectionOptions say whether and how several managers agree which one works.
type LeaderElectionOptions struct {
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

// DefaultOptions returns the options of a manager that was given no flag and no environment.
func DefaultOptions() *Options {
	return &Options{
		MetricsBindAddress:     ":8080",
		HealthProbeBindAddress: ":8081",
		LeaderElection: LeaderElectionOptions{
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
		LogFormat:         formatText,
		LogFlushFrequency: 5 * time.Second,
	}
}

// Validate checks what no single option tells: combinations, and what this version lacks.
// The error names the options and what would be right.
func (o *Options) Validate() error {
	switch {
	case o.MetricsSecure && o.MetricsBindAddress == "0":
		return fmt.Errorf("--metrics-secure has no effect with --metrics-bind-address=0: give only one of them")
	case o.MetricsCertDir != "" && !o.MetricsSecure:
		return fmt.Errorf("--metrics-cert-dir=%s has no effect without --metrics-secure: give both or neither", o.MetricsCertDir)
	case o.EnablePprof && !o.MetricsSecure:
		return fmt.Errorf("--enable-pprof needs --metrics-secure: profiles are served only to those who are allowed to get them")
	case sameAddress(o.MetricsBindAddress, o.HealthProbeBindAddress):
		return fmt.Errorf("--metrics-bind-address and --health-probe-bind-address are both %s: give them different ports", o.MetricsBindAddress)
	case o.EnableWebhooks && o.wantsWebhookPort(o.MetricsBindAddress):
		return fmt.Errorf("--metrics-bind-address and --webhook-port are both %d: give them different ports", o.WebhookPort)
	case o.EnableWebhooks && o.wantsWebhookPort(o.HealthProbeBindAddress):
		return fmt.Errorf("--health-probe-bind-address and --webhook-port are both %d: give them different ports", o.WebhookPort)
	case o.WebhookCertificateLifetime < time.Minute:
		return fmt.Errorf("--webhook-certificate-lifetime (%s) must be at least 1m", o.WebhookCertificateLifetime)
	case o.VModule != "" && o.LogFormat != formatText:
		return fmt.Errorf("--vmodule=%s works with --logging-format=text only: give only one of them", o.VModule)
	case o.KubeAPIBurst > 0 && o.KubeAPIQPS < 0:
		return fmt.Errorf("--kube-api-burst=%d has no effect without --kube-api-qps: give both or neither", o.KubeAPIBurst)
	}
	if o.LastRetry < o.FirstRetry {
		return fmt.Errorf("--retry-last-delay (%s) must not be shorter than --retry-first-delay (%s)", o.LastRetry, o.FirstRetry)
	}
	return o.LeaderElection.validate()
}

// withoutEffect says which options were given that do nothing beside the others, and why. They are no
// error, since existing charts and Deployments give some of them always.
func (o *Options) withoutEffect() []string {
	ownCertificates := []string{"webhook-service", "webhook-configuration", "webhook-ca-secret", "webhook-certificate-lifetime"}
	given, standard := o.flags(), DefaultOptions().flags()
	var texts []string
	for _, group := range []struct {
		used  bool
		why   string
		flags []string
	}{
		{o.EnableWebhooks, "without --enable-webhooks", append([]string{"webhook-port", "cert-dir"}, ownCertificates...)},
		{!o.EnableWebhooks || o.CertDir == "", "with --cert-dir", ownCertificates},
		{o.EnableWebhooks || o.MetricsSecure, "without --metrics-secure or --enable-webhooks", []string{"enable-http2"}},
		{o.LeaderElection.Enabled, "without --leader-elect", []string{
			"leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period",
			"leader-elect-resource-name", "leader-elect-resource-namespace",
		}},
	} {
		for _, name := range group.flags {
			if value := given.Lookup(name).Value.String(); !group.used && value != standard.Lookup(name).Value.String() {
				texts = append(texts, fmt.Sprintf("--%s=%s has no effect %s", name, value, group.why))
			}
		}
	}
	return texts
}

// validate checks that a leader gives up before a standby may take over, and tries often enough
// before it gives up; client-go demands the same, but says so in other terms.
func (l *LeaderElectionOptions) validate() error {
	if l.LeaseDuration <= l.RenewDeadline {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be longer than --leader-elect-renew-deadline (%s)", l.LeaseDuration, l.RenewDeadline)
	}
	if l.LeaseDuration < time.Second || l.LeaseDuration%time.Second != 0 {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be a whole number of seconds, at least 1s", l.LeaseDuration)
	}
	// client-go lets a try be late by a random part of this factor.
	if l.RenewDeadline.Seconds() <= l.RetryPeriod.Seconds()*leaseJitter {
		return fmt.Errorf("--leader-elect-renew-deadline (%s) must be longer than %g times --leader-elect-retry-period (%s)", l.RenewDeadline, leaseJitter, l.RetryPeriod)
	}
	return nil
}

// burst is the burst that goes with the QPS.
func (o *Options) burst() int {
	if o.KubeAPIBurst > 0 {
		return o.KubeAPIBurst
	}
	return max(0, int(math.Ceil(2*o.KubeAPIQPS)))
}

// wantsWebhookPort tells whether a server at the address would surely want the port of the webhooks.
func (o *Options) wantsWebhookPort(address string) bool {
	return sameAddress(address, net.JoinHostPort("", strconv.Itoa(o.WebhookPort)))
}

// sameAddress tells whether two servers would surely want the same port of the same host.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || hostA == "" || hostB == ""
}
