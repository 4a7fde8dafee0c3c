// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// TestBadInput starts the program with invalid values. Each must end it, before it serves or sends
// a request, with a last line that names the flag or variable.
func TestBadInput(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	empty := t.TempDir()
	// Files that nobody can read, root neither.
	unreadable := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Mkdir(filepath.Join(unreadable, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	broken := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key", "kubeconfig"} {
		if err := os.WriteFile(filepath.Join(broken, name), []byte("a: ["), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		env  string
		args []string
		code int
		want string
	}{
		{"log level", "LOG_LEVEL=loud", nil, 2, "environment variable LOG_LEVEL="},
		{"log format", "LOG_FORMAT=xml", nil, 2, "environment variable LOG_FORMAT="},
		{"unknown flag", "", []string{"--wat"}, 2, "--wat"},
		{"port in use", "", []string{"--metrics-bind-address=" + taken.Addr().String()}, 1, "--metrics-bind-address=" + taken.Addr().String() + ": the port is in use"},
		{"health port in use", "", []string{"--health-probe-bind-address=" + taken.Addr().String()}, 1, "--health-probe-bind-address=" + taken.Addr().String() + ": the port is in use"},
		{"address of another host", "", []string{"--metrics-bind-address=192.0.2.1:80"}, 1, "--metrics-bind-address=192.0.2.1:80: cannot listen there"},
		{"order of the lease", "", []string{"--leader-elect", "--leader-elect-renew-deadline=20s"}, 2, "--leader-elect-renew-deadline (20s)"},
		{"namespace", "NAMESPACE=Not_OK", nil, 2, `"Not_OK" cannot be the name of a namespace`},
		{"webhooks", "ENABLE_WEBHOOKS=perhaps", nil, 2, "ENABLE_WEBHOOKS"},
		{"no certificate", "", []string{"--metrics-secure", "--metrics-cert-dir=" + empty}, 1, "--metrics-cert-dir=" + empty + ": tls.crt: no such file"},
		{"certificate that can't be read", "", []string{"--metrics-secure", "--metrics-cert-dir=" + unreadable}, 1, "--metrics-cert-dir=" + unreadable + ": tls.crt: is a directory"},
		{"no certificate in the file", "", []string{"--metrics-secure", "--metrics-cert-dir=" + broken}, 1, "--metrics-cert-dir=" + broken + ": tls.crt and tls.key are not a matching certificate and key"},
		{"profiles in the open", "", []string{"--enable-pprof"}, 2, "--enable-pprof requires --metrics-secure: profiles are served to authorized clients only"},
		{"table of environments that can't be read", "", []string{"--tee-config=" + empty}, 2, "--tee-config=" + empty + ": can't be read: is a directory"},
		{"no kubeconfig of the variable", "KUBECONFIG=" + empty + "/none", nil, 1, `KUBECONFIG="` + empty + `/none": no such file`},
		{"no kubeconfig", "", []string{"--kubeconfig=" + empty + "/none"}, 1, "--kubeconfig=" + empty + "/none: no such file"},
		{"broken kubeconfig", "", []string{"--kubeconfig=" + broken + "/kubeconfig"}, 1, "cannot use kubeconfig " + broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := []string{"KUBECONFIG=" + cluster.Kubeconfig, tt.env}
			args := append([]string{"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"}, tt.args...)
			output, code := controlplane.RunManager(t, env, args...)
			lines := strings.Split(strings.TrimSpace(output), "\n")
			last := lines[len(lines)-1]
			// Where the log is quoted, so are its quotes.
			if code != tt.code || !strings.Contains(strings.ReplaceAll(last, `\"`, `"`), tt.want) {
				t.Errorf("exit code %d, last line %s", code, last)
			}
			if code == 2 && len(lines) > 1 || strings.Contains(output, "goroutine ") || strings.Contains(output, `"Serving`) {
				t.Errorf("more than one line, or begun before it was checked:\n%s", output)
			}
		})
	}
}
