// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"k8s.io/client-go/tools/leaderelection"
)

// Validate checks the combination of the options; each single value was checked when it was set.
// The error names the flags, their values and what is accepted.
func (o *Options) Validate() error {
	switch {
	case o.MetricsSecure && o.MetricsBindAddress == "0":
		return fmt.Errorf("--metrics-secure has no effect with --metrics-bind-address=0: set only one of them")
	case o.MetricsCertDir != "" && !o.MetricsSecure:
		return fmt.Errorf("--metrics-cert-dir=%s has no effect without --metrics-secure: set both or neither", o.MetricsCertDir)
	case o.EnablePprof && !o.MetricsSecure:
		return fmt.Errorf("--enable-pprof requires --metrics-secure: profiles are served to authorized clients only")
	case sameAddress(o.MetricsBindAddress, o.HealthProbeBindAddress):
		return fmt.Errorf("--metrics-bind-address and --health-probe-bind-address are both %s: set different ports", o.MetricsBindAddress)
	case o.EnableWebhooks && o.isWebhookPort(o.MetricsBindAddress):
		return fmt.Errorf("--metrics-bind-address and --webhook-port are both %d: set different ports", o.WebhookPort)
	case o.EnableWebhooks && o.isWebhookPort(o.HealthProbeBindAddress):
		return fmt.Errorf("--health-probe-bind-address and --webhook-port are both %d: set different ports", o.WebhookPort)
	case o.WebhookCertificateLifetime < time.Minute:
		return fmt.Errorf("--webhook-certificate-lifetime (%s) must be at least 1m", o.WebhookCertificateLifetime)
	case o.VModule != "" && o.LogFormat != FormatText:
		return fmt.Errorf("--vmodule=%s requires --logging-format=text: set only one of them", o.VModule)
	case o.KubeAPIBurst > 0 && o.KubeAPIQPS < 0:
		return fmt.Errorf("--kube-api-burst=%d has no effect without --kube-api-qps: set both or neither", o.KubeAPIBurst)
	case o.LastRetry < o.FirstRetry:
		return fmt.Errorf("--retry-last-delay (%s) must not be shorter than --retry-first-delay (%s)", o.LastRetry, o.FirstRetry)
	}
	return o.LeaderElection.validate()
}

// validate checks that a leader gives up before a standby may take over, and that it has several
// attempts before that. client-go requires the same, but its errors don't name our flags.
func (l *LeaderElection) validate() error {
	if l.LeaseDuration <= l.RenewDeadline {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be longer than --leader-elect-renew-deadline (%s)", l.LeaseDuration, l.RenewDeadline)
	}
	if l.LeaseDuration < time.Second || l.LeaseDuration%time.Second != 0 {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be a whole number of seconds, at least 1s", l.LeaseDuration)
	}
	// client-go delays each attempt by a random part of this factor.
	const jitter = leaderelection.JitterFactor
	if l.RenewDeadline.Seconds() <= l.RetryPeriod.Seconds()*jitter {
		return fmt.Errorf("--leader-elect-renew-deadline (%s) must be longer than %g times --leader-elect-retry-period (%s)", l.RenewDeadline, jitter, l.RetryPeriod)
	}
	return nil
}

// Ignored lists the options that were set and have no effect in this combination, with the reason.
// They are no errors, because existing charts and Deployments always set some of them.
func (o *Options) Ignored() []string {
	ownCertificates := []string{"webhook-service", "webhook-configuration", "webhook-ca-secret", "webhook-certificate-lifetime"}
	current, defaults := o.flags(), Default().flags()
	var ignored []string
	for _, group := range []struct {
		used   bool
		reason string
		flags  []string
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
			if value := current.Lookup(name).Value.String(); !group.used && value != defaults.Lookup(name).Value.String() {
				ignored = append(ignored, fmt.Sprintf("--%s=%s has no effect %s", name, value, group.reason))
			}
		}
	}
	return ignored
}

// isWebhookPort reports whether a server at the address would need the port of the webhooks.
func (o *Options) isWebhookPort(address string) bool {
	return sameAddress(address, net.JoinHostPort("", strconv.Itoa(o.WebhookPort)))
}

// sameAddress reports whether two servers would need the same port of the same host.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || hostA == "" || hostB == ""
}
