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
)

// environment lists the variables that stand in for a flag; the flag wins where both are given.
var environment = []struct{ variable, flag string }{
	{"NAMESPACE", "namespaces"},
	{"LOG_LEVEL", "v"},
	{"LOG_FORMAT", "logging-format"},
	{"ENABLE_WEBHOOKS", "enable-webhooks"},
}

// Parse reads the command line (without the program's name) and the environment through
// lookup, for which os.LookupEnv serves. An empty variable counts as unset.
//
// Every error is one line that names the flag or variable and says what would be right.
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
		return nil, fmt.Errorf("unexpected argument %q: all options are flags, see --help", fs.Arg(0))
	}
	if err := o.readEnvironment(fs, lookup); err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	return o, o.readTEEs()
}

// readEnvironment applies the variables whose flag was not given.
func (o *Options) readEnvironment(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	for _, e := range environment {
		if fs.Changed(e.flag) {
			continue
		}
		if err := setFromEnvironment(fs.Lookup(e.flag).Value, e.variable, lookup); err != nil {
			return err
		}
	}
	// This has no flag.
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

// flags returns the flags that fill in o. Their defaults are what o holds now.
func (o *Options) flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("manager", pflag.ContinueOnError)
	fs.SortFlags = false
	// The caller decides what to print of an error; pflag would add the whole help to it.
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}

	isBool := func(name, shorthand string, target *bool, usage string) {
		fs.VarPF(boolean(target), name, shorthand, usage).NoOptDefVal = "true"
	}

	fs.Var(names(&o.Namespaces), "namespaces", "watch only these namespaces, separated by commas; empty: all (or environment NAMESPACE)")
	fs.Var(text(&o.ClusterDomain, "domain", checkDomainName), "cluster-domain", "DNS domain of the cluster, as it appears in Performers' endpoints")
	fs.Var(integer(&o.Workers, 1, 1024), "workers", "how many Performers to work on at once")
	fs.Var(duration(&o.FirstRetry), "retry-first-delay", "delay before a failed reconciliation is retried; doubles with each further failure of the same Performer")
	fs.Var(duration(&o.LastRetry), "retry-last-delay", "upper bound of that delay")
	fs.Var(text(&o.TEEConfig, "file", checkPath), "tee-config", "YAML or JSON table of trusted execution environments, read at start; empty: sgx, sev, sev-snp and tdx as documented")

	fs.Var(text(&o.Kubeconfig, "file", checkPath), "kubeconfig", "how to reach the cluster; empty: environment KUBECONFIG, ~/.kube/config, then the pod's service account")
	fs.Var(qps(&o.KubeAPIQPS), "kube-api-qps", "most requests per second to the API server; -1: no limit here, the server's Priority and Fairness decides")
	fs.Var(integer(&o.KubeAPIBurst, 0, 2_000_000), "kube-api-burst", "most requests in a burst, with --kube-api-qps; 0: twice the QPS")

	isBool("leader-elect", "", &o.LeaderElection.Enabled, "elect a leader through a Lease, so that only one of several managers works")
	fs.Var(duration(&o.LeaderElection.LeaseDuration), "leader-elect-lease-duration", "after how long without renewal another manager takes over")
	fs.Var(duration(&o.LeaderElection.RenewDeadline), "leader-elect-renew-deadline", "after how long without success the leader gives up")
	fs.Var(duration(&o.LeaderElection.RetryPeriod), "leader-elect-retry-period", "time between two tries to take or renew the Lease")
	fs.Var(text(&o.LeaderElection.ResourceName, "name", checkDomainName), "leader-elect-resource-name", "name of the Lease")
	fs.Var(text(&o.LeaderElection.ResourceNamespace, "name", checkNamespace), "leader-elect-resource-namespace", "namespace of the Lease; empty: the manager's own (its service account's, or environment POD_NAMESPACE), else "+defaultNamespace)

	fs.Var(text(&o.MetricsBindAddress, "address", checkBindAddress), "metrics-bind-address", `where /metrics is served, over plain HTTP unless --metrics-secure; "0": nowhere`)
	fs.Var(text(&o.HealthProbeBindAddress, "address", checkBindAddress), "health-probe-bind-address", `where /healthz and /readyz are served; "0": nowhere`)
	isBool("metrics-secure", "", &o.MetricsSecure, "serve metrics over TLS, to those whose bearer token is allowed to get /metrics")
	fs.Var(text(&o.MetricsCertDir, "folder", checkPath), "metrics-cert-dir", "folder with tls.crt and tls.key for --metrics-secure, read again when they change; empty: a self-signed certificate of its own")
	isBool("enable-pprof", "", &o.EnablePprof, "with --metrics-secure, serve profiles at /debug/pprof/ to those who are allowed to get them")
	isBool("enable-http2", "", &o.EnableHTTP2, "allow HTTP/2 on TLS listeners")

	isBool("enable-webhooks", "", &o.EnableWebhooks, "serve admission webhooks, which refuse a faulty Performer when it is created or changed (or environment ENABLE_WEBHOOKS)")
	fs.Var(integer(&o.WebhookPort, 1, 65535), "webhook-port", "port of the webhooks")
	fs.Var(text(&o.CertDir, "folder", checkPath), "cert-dir", "folder with tls.crt and tls.key for the webhooks, read again when they change; empty: certificates that the manager issues itself, from a CA that it keeps in a Secret and writes into the webhook configurations")
	fs.Var(text(&o.WebhookService, "name", checkDomainName), "webhook-service", "Service in the manager's own namespace that leads to the webhooks")
	fs.Var(text(&o.WebhookConfiguration, "name", checkDomainName), "webhook-configuration", "name of the ValidatingWebhookConfiguration and the MutatingWebhookConfiguration that point to that Service")
	fs.Var(text(&o.WebhookCASecret, "name", checkDomainName), "webhook-ca-secret", "Secret in the manager's own namespace that holds the webhooks' CA; created if missing")
	fs.Var(duration(&o.WebhookCertificateLifetime), "webhook-certificate-lifetime", "lifetime of the certificates that the manager issues itself; renewed when a third of it is left")

	fs.VarP(level(&o.LogLevel), "v", "v", fmt.Sprintf("what to log: debug, info, warn, error, or a verbosity from 0 to %d (or environment LOG_LEVEL)", maxVerbosity))
	fs.Var(text(&o.LogFormat, "format", checkLogFormat), "logging-format", "text or json (or environment LOG_FORMAT)")

	fs.Var(text(&o.VModule, "list", checkVModule), "vmodule", "verbosity of single source files, as file=verbosity separated by commas; text format only")
	fs.Var(duration(&o.LogFlushFrequency), "log-flush-frequency", "longest time that log lines are buffered")

	isBool("check", "", &o.CheckOnly, "check that the cluster has all that a manager with these flags needs and, with --leader-elect, that one leads; report and exit")
	isBool("version", "", &o.PrintVersion, "print the version and exit")
	isBool("help", "h", &o.PrintHelp, "print this text and exit")
	return fs
}

// Help is the text that --help prints.
func Help() string {
	return `The manager of the Hourglass Operator: gives every Performer its Pod and its Service.

Usage:
  manager [flags]

Flags:
` + Default().flags().FlagUsagesWrapped(100) + `
Environment:
  KUBECONFIG       as --kubeconfig; several files may be given, as kubectl reads them
  NAMESPACE        as --namespaces
  LOG_LEVEL        as -v
  LOG_FORMAT       as --logging-format
  POD_NAMESPACE    the manager's own namespace, used if no service account provides it
  ENABLE_WEBHOOKS  as --enable-webhooks

A flag wins over its variable. Exit codes: 0 stopped as asked, 1 failed, 2 bad option.
`
}

// readable turns what pflag says into one line: the flag, its value, and what would be right.
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
		return fmt.Errorf("--%s needs a value: write --%[1]s=VALUE", missing.GetFlag().Name)
	}
	return fmt.Errorf("%s: see --help", strings.ReplaceAll(err.Error(), "\n", " "))
}
