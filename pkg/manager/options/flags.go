// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
)

// environment lists the variables that set a flag. If both are given, the flag wins.
var environment = []struct{ variable, flag string }{
	{"NAMESPACE", "namespaces"},
	{"LOG_LEVEL", "v"},
	{"LOG_FORMAT", "logging-format"},
	{"ENABLE_WEBHOOKS", "enable-webhooks"},
}

// Parse reads the command line (without the program's name), and the environment through lookup,
// usually os.LookupEnv. An empty variable counts as unset.
//
// Every error is one line that names the flag or variable, its value and what is accepted.
func Parse(args []string, lookup func(string) (string, bool)) (*Options, error) {
	o := Default()
	fs := o.flags()
	if err := fs.Parse(args); err != nil {
		return nil, readable(err)
	}
	if o.PrintHelp || o.PrintVersion {
		return o, nil
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: the manager takes flags only, see --help", fs.Arg(0))
	}
	if err := o.readEnvironment(fs, lookup); err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	return o, o.readTEEs()
}

// readEnvironment applies the variables whose flag was not set.
func (o *Options) readEnvironment(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	for _, e := range environment {
		if fs.Changed(e.flag) {
			continue
		}
		if err := setFromEnvironment(fs.Lookup(e.flag).Value, e.variable, lookup); err != nil {
			return err
		}
	}
	// POD_NAMESPACE has no flag.
	return setFromEnvironment(text(&o.LeaderElection.PodNamespace, "", checkNamespace), "POD_NAMESPACE", lookup)
}

func setFromEnvironment(target pflag.Value, variable string, lookup func(string) (string, bool)) error {
	given, _ := lookup(variable)
	if given == "" {
		return nil
	}
	if err := target.Set(given); err != nil {
		return fmt.Errorf("environment variable %s=%q: %w", variable, given, err)
	}
	return nil
}

// flags returns the flags that set o. Their defaults are the present values of o.
func (o *Options) flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("manager", pflag.ContinueOnError)
	fs.SortFlags = false
	// The caller prints errors. pflag would print the whole help with each.
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}

	isBool := func(name, shorthand string, target *bool, usage string) {
		fs.VarPF(boolean(target), name, shorthand, usage).NoOptDefVal = "true"
	}

	fs.Var(names(&o.Namespaces), "namespaces", "namespaces to watch, separated by commas; empty: all (or environment NAMESPACE)")
	fs.Var(text(&o.ClusterDomain, "domain", checkDomainName), "cluster-domain", "DNS domain of the cluster, as it appears in Performers' endpoints")
	fs.Var(integer(&o.Workers, 1, 1024), "workers", "number of Performers that are reconciled in parallel")
	fs.Var(duration(&o.FirstRetry), "retry-first-delay", "delay before a failed reconciliation is retried; doubles with each further failure of the same Performer")
	fs.Var(duration(&o.LastRetry), "retry-last-delay", "longest delay before a failed reconciliation is retried")
	fs.Var(taintKeys(&o.DrainTaints), "drain-taints", "keys of taints, separated by commas, that a node gets before it is drained; a cordoned node and one that shuts down always count as drained")
	fs.Var(share(&o.MaxFailovers), "max-failovers", "number of Performers that may move away from lost nodes at the same time, or a percentage of all serving pods, which never means fewer than "+strconv.Itoa(controller.LeastFailovers)+"; 0: none moves before Kubernetes deletes its pod")
	isBool("eviction-responder", "", &o.EvictionResponder, "response to Evictions of lifecycle.k8s.io/v1alpha1, where the API server serves them: the successor of a Performer's pod serves before the pod is evicted")
	fs.Var(text(&o.TEEConfig, "file", checkPath), "tee-config", "YAML or JSON table of trusted execution environments, read at start; empty: sgx, sev, sev-snp and tdx as documented")

	fs.Var(text(&o.Kubeconfig, "file", checkPath), "kubeconfig", "kubeconfig file to reach the cluster with; empty: environment KUBECONFIG, ~/.kube/config, then the pod's service account")
	fs.Var(qps(&o.KubeAPIQPS), "kube-api-qps", "maximum number of requests per second to the API server; -1: no limit here, the server's Priority and Fairness decides")
	fs.Var(integer(&o.KubeAPIBurst, 0, 2_000_000), "kube-api-burst", "maximum number of requests in a burst, with --kube-api-qps; 0: twice the QPS")

	isBool("leader-elect", "", &o.LeaderElection.Enabled, "leader election through a Lease, so that only one of several managers works")
	fs.Var(duration(&o.LeaderElection.LeaseDuration), "leader-elect-lease-duration", "how long a standby waits after the last renewal before it takes over")
	fs.Var(duration(&o.LeaderElection.RenewDeadline), "leader-elect-renew-deadline", "how long the leader tries to renew the Lease before it gives up")
	fs.Var(duration(&o.LeaderElection.RetryPeriod), "leader-elect-retry-period", "time between two attempts to acquire or renew the Lease")
	fs.Var(text(&o.LeaderElection.ResourceName, "name", checkDomainName), "leader-elect-resource-name", "name of the Lease")
	fs.Var(text(&o.LeaderElection.ResourceNamespace, "name", checkNamespace), "leader-elect-resource-namespace", "namespace of the Lease; empty: the manager's own (its service account's, or environment POD_NAMESPACE), else "+defaultNamespace)

	fs.Var(text(&o.MetricsBindAddress, "address", checkBindAddress), "metrics-bind-address", `address of the metrics server, which speaks plain HTTP without --metrics-secure; "0": no metrics server`)
	fs.Var(text(&o.HealthProbeBindAddress, "address", checkBindAddress), "health-probe-bind-address", `address of the server for /healthz and /readyz; "0": no such server`)
	isBool("metrics-secure", "", &o.MetricsSecure, "metrics over TLS, for clients whose bearer token is allowed to get /metrics")
	fs.Var(text(&o.MetricsCertDir, "folder", checkPath), "metrics-cert-dir", "folder with tls.crt and tls.key for --metrics-secure, read again when they change; empty: a self-signed certificate")
	isBool("enable-pprof", "", &o.EnablePprof, "profiles at /debug/pprof/, for clients that are allowed to get them; requires --metrics-secure")
	isBool("enable-http2", "", &o.EnableHTTP2, "HTTP/2 on TLS listeners")

	isBool("enable-webhooks", "", &o.EnableWebhooks, "admission webhooks, which reject an invalid Performer when it is created or changed (or environment ENABLE_WEBHOOKS)")
	fs.Var(integer(&o.WebhookPort, 1, 65535), "webhook-port", "port of the webhook server")
	fs.Var(text(&o.CertDir, "folder", checkPath), "cert-dir", "folder with tls.crt and tls.key for the webhooks, read again when they change; empty: certificates that the manager issues itself, from a CA that it keeps in a Secret and writes into the webhook configurations")
	fs.Var(text(&o.WebhookService, "name", checkDomainName), "webhook-service", "Service of the webhooks, in the manager's own namespace")
	fs.Var(text(&o.WebhookConfiguration, "name", checkDomainName), "webhook-configuration", "name of the ValidatingWebhookConfiguration and the MutatingWebhookConfiguration that refer to that Service")
	fs.Var(text(&o.WebhookCASecret, "name", checkDomainName), "webhook-ca-secret", "Secret of the webhooks' CA, in the manager's own namespace; created if missing")
	fs.Var(duration(&o.WebhookCertificateLifetime), "webhook-certificate-lifetime", "lifetime of the certificates that the manager issues itself; they are renewed when a third of it is left")

	fs.VarP(level(&o.LogLevel), "v", "v", fmt.Sprintf("log level: debug, info, warn, error, or a verbosity from 0 to %d (or environment LOG_LEVEL)", maxVerbosity))
	fs.Var(text(&o.LogFormat, "format", checkLogFormat), "logging-format", "log format: text or json (or environment LOG_FORMAT)")
	fs.Var(text(&o.VModule, "list", checkVModule), "vmodule", "verbosity of single source files, as file=verbosity separated by commas; text format only")
	fs.Var(duration(&o.LogFlushFrequency), "log-flush-frequency", "longest time that log lines are buffered")

	isBool("check", "", &o.CheckOnly, "check that the cluster has everything that a manager with these flags needs and, with --leader-elect, that one leads; report and exit")
	isBool("version", "", &o.PrintVersion, "print the version and exit")
	isBool("help", "h", &o.PrintHelp, "print this text and exit")
	return fs
}

// Help returns the text that --help prints.
func Help() string {
	return `The manager of the Hourglass Operator: runs a Pod and a Service for every Performer.

Usage:
  manager [flags]

Flags:
` + Default().flags().FlagUsagesWrapped(100) + `
Environment:
  KUBECONFIG       as --kubeconfig, or a list of files as for kubectl
  NAMESPACE        as --namespaces
  LOG_LEVEL        as -v
  LOG_FORMAT       as --logging-format
  POD_NAMESPACE    the manager's own namespace, used if no service account provides it
  ENABLE_WEBHOOKS  as --enable-webhooks

A flag wins over its variable. Exit codes: 0 stopped on request, 1 failed, 2 invalid option.
`
}

// readable turns an error of pflag into one line with the flag, its value and what is accepted.
func readable(err error) error {
	var (
		invalid *pflag.InvalidValueError
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s=%s: %w", invalid.GetFlag().Name, strconv.Quote(invalid.GetValue()), invalid.Unwrap())
	case errors.As(err, &unknown):
		if arg := unknown.GetSpecifiedShortnames(); arg != "" {
			return fmt.Errorf("unknown flag -%s: flags are spelled with two dashes, see --help", arg)
		}
		return fmt.Errorf("unknown flag --%s: see --help for all flags", strings.ReplaceAll(unknown.GetSpecifiedName(), "\n", " "))
	case errors.As(err, &missing):
		return fmt.Errorf("--%s needs a value: set --%[1]s=VALUE", missing.GetFlag().Name)
	}
	return fmt.Errorf("%s: see --help", strings.ReplaceAll(err.Error(), "\n", " "))
}
