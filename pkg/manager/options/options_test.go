// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// environ returns a lookup in a list of NAME=value.
func environ(list ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, entry := range list {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  []string
		want func(*Options) // turns the defaults into the expected options
	}{
		{name: "nothing", want: func(*Options) {}},
		{
			name: "the arguments of existing Deployments",
			args: []string{"--leader-elect", "--health-probe-bind-address=:9081", "--metrics-bind-address=:9080",
				"--webhook-port=9444", "--cert-dir=/certs", "--metrics-secure=false", "--enable-http2=false"},
			want: func(o *Options) {
				o.LeaderElection.Enabled = true
				o.HealthProbeBindAddress, o.MetricsBindAddress = ":9081", ":9080"
				o.WebhookPort, o.CertDir = 9444, "/certs"
			},
		},
		{
			name: "the environment of existing Deployments",
			env:  []string{"NAMESPACE=hourglass-system", "ENABLE_WEBHOOKS=false", "LOG_LEVEL=info", "LOG_FORMAT=json", "POD_NAMESPACE=here"},
			want: func(o *Options) {
				o.Namespaces, o.LogFormat, o.LeaderElection.PodNamespace = []string{"hourglass-system"}, "json", "here"
			},
		},
		{
			name: "empty variables are unset",
			env:  []string{"NAMESPACE=", "ENABLE_WEBHOOKS=", "LOG_LEVEL=", "LOG_FORMAT=", "POD_NAMESPACE="},
			want: func(*Options) {},
		},
		{
			name: "a flag wins over its variable, even an invalid one",
			args: []string{"--namespaces=a", "-v=4", "--logging-format=text"},
			env:  []string{"NAMESPACE=B!", "LOG_LEVEL=loud", "LOG_FORMAT=xml"},
			want: func(o *Options) { o.Namespaces, o.LogLevel = []string{"a"}, LogLevel{Verbosity: 4} },
		},
		{
			name: "an empty flag wins too",
			args: []string{"--namespaces="},
			env:  []string{"NAMESPACE=b"},
			want: func(*Options) {},
		},
		{
			name: "namespaces with spaces and twice",
			args: []string{"--namespaces= b, a ,b"},
			want: func(o *Options) { o.Namespaces = []string{"b", "a"} },
		},
		{
			name: "lease",
			args: []string{"--leader-elect=true", "--leader-elect-lease-duration=60s", "--leader-elect-renew-deadline=40s",
				"--leader-elect-retry-period=5s", "--leader-elect-resource-name=other", "--leader-elect-resource-namespace=there"},
			want: func(o *Options) {
				o.LeaderElection = LeaderElection{Enabled: true, LeaseDuration: time.Minute, RenewDeadline: 40 * time.Second,
					RetryPeriod: 5 * time.Second, ResourceName: "other", ResourceNamespace: "there"}
			},
		},
		{
			name: "limits",
			args: []string{"--kube-api-qps=50", "--kube-api-burst", "75", "--workers=3", "--cluster-domain=corp.example",
				"--retry-first-delay=1s", "--retry-last-delay=1m"},
			want: func(o *Options) {
				o.FirstRetry, o.LastRetry = time.Second, time.Minute
				o.KubeAPIQPS, o.KubeAPIBurst, o.Workers, o.ClusterDomain = 50, 75, 3, "corp.example"
			},
		},
		{
			name: "disruptions",
			args: []string{"--drain-taints= example.com/going, Old,Old", "--max-failovers=25%", "--eviction-responder"},
			want: func(o *Options) {
				o.DrainTaints, o.MaxFailovers = []string{"example.com/going", "Old"}, intstr.FromString("25%")
				o.EvictionResponder = true
			},
		},
		{
			name: "no taints, no failovers",
			args: []string{"--drain-taints=", "--max-failovers=0"},
			want: func(o *Options) { o.DrainTaints, o.MaxFailovers = []string{}, intstr.FromInt32(0) },
		},
		{
			name: "servers off, or on ports that the system chooses",
			args: []string{"--metrics-bind-address=0", "--health-probe-bind-address=127.0.0.1:0"},
			want: func(o *Options) { o.MetricsBindAddress, o.HealthProbeBindAddress = "0", "127.0.0.1:0" },
		},
		{
			name: "the same port of two hosts",
			args: []string{"--metrics-bind-address=127.0.0.1:9000", "--health-probe-bind-address=[::1]:9000"},
			want: func(o *Options) {
				o.MetricsBindAddress, o.HealthProbeBindAddress = "127.0.0.1:9000", "[::1]:9000"
			},
		},
		{
			name: "help accepts an invalid rest",
			args: []string{"--help", "--enable-pprof"},
			env:  []string{"LOG_LEVEL=loud"},
			want: func(o *Options) { o.PrintHelp, o.EnablePprof = true, true },
		},
		{
			name: "secure metrics",
			args: []string{"--metrics-secure", "--metrics-cert-dir=/certs", "--enable-pprof", "--enable-http2"},
			want: func(o *Options) {
				o.MetricsSecure, o.MetricsCertDir, o.EnablePprof, o.EnableHTTP2 = true, "/certs", true, true
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.args, environ(tt.env...))
			if err != nil {
				t.Fatal(err)
			}
			want := Default()
			tt.want(want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  []string
		want []string // parts of the message: the flag or variable, and what is accepted
	}{
		{"unknown flag", []string{"--wat"}, nil, []string{"--wat", "--help"}},
		{"one dash", []string{"-metrics-bind-address=:1"}, nil, []string{"-metrics-bind-address", "two dashes"}},
		{"argument", []string{"run"}, nil, []string{`"run"`, "flags"}},
		{"no value", []string{"--workers"}, nil, []string{"--workers needs a value"}},
		{"bad syntax", []string{"---x"}, nil, []string{"---x", "--help"}},
		{"not a number", []string{"--workers=many"}, nil, []string{`--workers="many"`, "from 1 to 1024"}},
		{"retries in the wrong order", []string{"--retry-first-delay=1m", "--retry-last-delay=1s"}, nil, []string{"--retry-last-delay (1s)", "--retry-first-delay (1m0s)"}},
		{"no retry", []string{"--retry-first-delay=0s"}, nil, []string{`--retry-first-delay="0s"`, "above 0"}},
		{"no workers", []string{"--workers=0"}, nil, []string{`--workers="0"`, "from 1 to 1024"}},
		{"not a bool", []string{"--leader-elect=maybe"}, nil, []string{`--leader-elect="maybe"`, "true or false"}},
		{"no port", []string{"--metrics-bind-address=8080"}, nil, []string{"--metrics-bind-address", "host:port"}},
		{"port too large", []string{"--health-probe-bind-address=:65536"}, nil, []string{"--health-probe-bind-address", "0 to 65535"}},
		{"one port for two servers", []string{"--health-probe-bind-address=127.0.0.1:8080"}, nil, []string{"--metrics-bind-address", "--health-probe-bind-address", "different ports"}},
		{"webhook port", []string{"--webhook-port=0"}, nil, []string{"--webhook-port", "1 to 65535"}},
		{"secure metrics without a server", []string{"--metrics-secure", "--metrics-bind-address=0"}, nil, []string{"--metrics-secure", "--metrics-bind-address=0"}},
		{"certificate for plain metrics", []string{"--metrics-cert-dir=/certs"}, nil, []string{"--metrics-cert-dir=/certs", "--metrics-secure"}},
		{"profiles for everybody", []string{"--enable-pprof"}, nil, []string{"--enable-pprof", "--metrics-secure"}},
		{"webhooks on the port of metrics", []string{"--enable-webhooks", "--webhook-port=8080"}, nil, []string{"--metrics-bind-address", "--webhook-port", "8080"}},
		{"webhooks on the port of health", []string{"--webhook-port=8081"}, []string{"ENABLE_WEBHOOKS=true"}, []string{"--health-probe-bind-address", "--webhook-port", "8081"}},
		{"certificates with a short lifetime", []string{"--webhook-certificate-lifetime=30s"}, nil, []string{"--webhook-certificate-lifetime", "at least 1m"}},
		{"webhook port", []string{"--webhook-port=0"}, nil, []string{"--webhook-port", "1 to 65535"}},
		{"invalid name of a Secret", []string{"--webhook-ca-secret=A"}, nil, []string{"--webhook-ca-secret", "lower-case"}},
		{"webhooks neither on nor off", nil, []string{"ENABLE_WEBHOOKS=yes"}, []string{"ENABLE_WEBHOOKS", "true or false"}},
		{"namespace name", []string{"--namespaces=ok,Not_OK"}, nil, []string{"--namespaces", `"Not_OK"`, "lower-case"}},
		{"namespace star", nil, []string{"NAMESPACE=*"}, []string{"NAMESPACE", "leave it empty"}},
		{"namespace empty item", nil, []string{"NAMESPACE=a,,b"}, []string{"NAMESPACE", `""`, "1 to 63"}},
		{"own namespace", nil, []string{"POD_NAMESPACE=A"}, []string{"POD_NAMESPACE", "lower-case"}},
		{"log level", nil, []string{"LOG_LEVEL=loud"}, []string{"LOG_LEVEL", "debug, info, warn, error"}},
		{"log level that shows secrets", []string{"-v=8"}, nil, []string{"--v", "0 to 7", "secrets"}},
		{"module that shows secrets", []string{"--vmodule=request=8"}, nil, []string{"--vmodule", "0 to 7", "secrets"}},
		{"module with a malformed pattern", []string{"--vmodule=leader[=4"}, nil, []string{"--vmodule", "file=verbosity"}},
		{"module without verbosity", []string{"--vmodule=request"}, nil, []string{"--vmodule", "file=verbosity"}},
		{"module with JSON", []string{"--vmodule=leader=4", "--logging-format=json"}, nil, []string{"--vmodule", "--logging-format=text"}},
		{"log format", nil, []string{"LOG_FORMAT=xml"}, []string{"LOG_FORMAT", "text or json"}},
		{"lease order", []string{"--leader-elect-renew-deadline=15s"}, nil, []string{"--leader-elect-lease-duration (15s)", "longer than", "--leader-elect-renew-deadline (15s)"}},
		{"retry order", []string{"--leader-elect-retry-period=9s"}, nil, []string{"--leader-elect-renew-deadline (10s)", "longer than 1.2 times", "--leader-elect-retry-period (9s)"}},
		{"lease of a fraction of a second", []string{"--leader-elect-lease-duration=15500ms"}, nil, []string{"--leader-elect-lease-duration", "whole number of seconds"}},
		{"duration of zero", []string{"--leader-elect-retry-period=0s"}, nil, []string{"--leader-elect-retry-period", "above 0"}},
		{"duration without unit", []string{"--leader-elect-retry-period=2"}, nil, []string{"--leader-elect-retry-period", "such as 15s"}},
		{"lease name", []string{"--leader-elect-resource-name=Lease"}, nil, []string{"--leader-elect-resource-name", "lower-case"}},
		{"lease namespace", []string{"--leader-elect-resource-namespace=a.b"}, nil, []string{"--leader-elect-resource-namespace", "lower-case"}},
		{"QPS that client-go would replace by 5", []string{"--kube-api-qps=0"}, nil, []string{"--kube-api-qps", "-1 for no limit"}},
		{"QPS that is not a number", []string{"--kube-api-qps=NaN"}, nil, []string{"--kube-api-qps", "from 0.1 to 1000000"}},
		{"QPS with which nothing makes progress", []string{"--kube-api-qps=1e-9"}, nil, []string{"--kube-api-qps", "from 0.1 to 1000000"}},
		{"burst alone", []string{"--kube-api-burst=9"}, nil, []string{"--kube-api-burst", "--kube-api-qps"}},
		{"file name of two lines", []string{"--kubeconfig=/a\nb"}, nil, []string{`--kubeconfig="/a\nb"`, "file or folder"}},
		{"unknown flag of two lines", []string{"--a\nb"}, nil, []string{"--a b", "--help"}},
		{"a taint with an effect", []string{"--drain-taints=ok,example.com/a:NoSchedule"}, nil, []string{"--drain-taints", `"example.com/a:NoSchedule" cannot be the key of a taint`, "without a value or an effect"}},
		{"a taint with a value", []string{"--drain-taints=a=b"}, nil, []string{"--drain-taints", `"a=b"`}},
		{"no key", []string{"--drain-taints=a,,b"}, nil, []string{"--drain-taints", `"" cannot be`}},
		{"a taint of two prefixes", []string{"--drain-taints=a/b/c"}, nil, []string{"--drain-taints", `"a/b/c"`}},
		{"failovers of a fraction", []string{"--max-failovers=0.1"}, nil, []string{`--max-failovers="0.1"`, "from 1% to 100%"}},
		{"failovers of nothing", []string{"--max-failovers=0%"}, nil, []string{"--max-failovers", "from 1% to 100%"}},
		{"failovers of more than all", []string{"--max-failovers=101%"}, nil, []string{"--max-failovers", "from 1% to 100%"}},
		{"negative failovers", []string{"--max-failovers=-1"}, nil, []string{"--max-failovers", "from 0 to 1000000"}},
		{"cluster domain", []string{"--cluster-domain=.local"}, nil, []string{"--cluster-domain", "DNS name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.args, environ(tt.env...))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q: %s", part, err)
				}
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 250 {
				t.Errorf("not one readable line: %s", err)
			}
		})
	}
}

func TestIgnoredOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"", ""},
		{"--webhook-port=9443 --enable-http2=false", ""}, // the defaults
		{"--enable-webhooks --webhook-port=1 --webhook-ca-secret=s --enable-http2", ""},
		{"--leader-elect --leader-elect-lease-duration=20s", ""},
		{"--metrics-secure --enable-http2", ""},
		{"--webhook-port=1 --cert-dir=/certs", "--webhook-port=1 has no effect without --enable-webhooks; --cert-dir=/certs has no effect without --enable-webhooks"},
		{"--enable-webhooks --cert-dir=/certs --webhook-service=s", "--webhook-service=s has no effect with --cert-dir"},
		{"--enable-http2", "--enable-http2=true has no effect without --metrics-secure or --enable-webhooks"},
		{"--leader-elect-lease-duration=20s", "--leader-elect-lease-duration=20s has no effect without --leader-elect"},
	} {
		o, err := Parse(strings.Fields(tt.args), environ())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(o.Ignored(), "; "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.args, got, tt.want)
		}
	}
}

func TestBurst(t *testing.T) {
	for _, tt := range []struct {
		qps   float64
		burst int
		want  int
	}{{-1, 0, 0}, {10, 0, 20}, {0.1, 0, 1}, {10, 15, 15}} {
		if got := (&Options{KubeAPIQPS: tt.qps, KubeAPIBurst: tt.burst}).Burst(); got != tt.want {
			t.Errorf("QPS %g and burst %d: got %d, want %d", tt.qps, tt.burst, got, tt.want)
		}
	}
}

// Existing Deployments rely on these names and defaults.
func TestFlagsThatClientsUse(t *testing.T) {
	fs := Default().flags()
	for name, want := range map[string]string{
		"metrics-bind-address":        ":8080",
		"health-probe-bind-address":   ":8081",
		"leader-elect":                "false",
		"leader-elect-resource-name":  "b8e8a8a8.hourglass.eigenlayer.io",
		"leader-elect-lease-duration": "15s",
		"metrics-secure":              "false",
		"enable-http2":                "false",
		"kubeconfig":                  "",
		"webhook-port":                "9443",
	} {
		flag := fs.Lookup(name)
		if flag == nil {
			t.Errorf("no flag --%s", name)
		} else if flag.DefValue != want {
			t.Errorf("--%s is %q by default, want %q", name, flag.DefValue, want)
		}
	}
}

func TestHelpIsReadable(t *testing.T) {
	help := Help()
	Default().flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(help, "--"+f.Name) {
			t.Errorf("--help lacks --%s", f.Name)
		}
		if f.Usage == "" {
			t.Errorf("--%s has no usage", f.Name)
		}
	})
	for _, e := range environment {
		if !strings.Contains(help, e.variable) {
			t.Errorf("--help lacks %s", e.variable)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 101 {
			t.Errorf("too long for a terminal: %q", line)
		}
	}
}
