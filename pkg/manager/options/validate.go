// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"time"

	"k8s.io/client-go/tools/leaderelection"
)

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
	case o.VModule != "" && o.LogFormat != FormatText:
		return fmt.Errorf("--vmodule=%s works with --logging-format=text only: give only one of them", o.VModule)
	case o.KubeAPIBurst > 0 && o.KubeAPIQPS < 0:
		return fmt.Errorf("--kube-api-burst=%d has no effect without --kube-api-qps: give both or neither", o.KubeAPIBurst)
	}
	if o.LastRetry < o.FirstRetry {
		return fmt.Errorf("--retry-last-delay (%s) must not be shorter than --retry-first-delay (%s)", o.LastRetry, o.FirstRetry)
	}
	return o.LeaderElection.validate()
}

// Ignored says which options were given that do nothing beside the others, and why. They are no
// error, since existing charts and Deployments give some of them always.
func (o *Options) Ignored() []string {
	ownCertificates := []string{"webhook-service", "webhook-configuration", "webhook-ca-secret", "webhook-certificate-lifetime"}
	given, standard := o.flags(), Default().flags()
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
func (l *LeaderElection) validate() error {
	if l.LeaseDuration <= l.RenewDeadline {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be longer than --leader-elect-renew-deadline (%s)", l.LeaseDuration, l.RenewDeadline)
	}
	if l.LeaseDuration < time.Second || l.LeaseDuration%time.Second != 0 {
		return fmt.Errorf("--leader-elect-lease-duration (%s) must be a whole number of seconds, at least 1s", l.LeaseDuration)
	}
	// client-go lets a try be late by a random part of this factor.
	if l.RenewDeadline.Seconds() <= l.RetryPeriod.Seconds()*leaderelection.JitterFactor {
		return fmt.Errorf("--leader-elect-renew-deadline (%s) must be longer than %g times --leader-elect-retry-period (%s)", l.RenewDeadline, leaderelection.JitterFactor, l.RetryPeriod)
	}
	return nil
}

// burst is the burst that goes with the QPS.
func (o *Options) Burst() int {
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
