// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"
)

// writeCertificate puts a new certificate into a folder and returns it.
func writeCertificate(t *testing.T, dir string) *tls.Certificate {
	t.Helper()
	return writeCertificateOf(t, dir, time.Now())
}

// writeCertificateOf is writeCertificate at another time.
func writeCertificateOf(t *testing.T, dir string, now time.Time) *tls.Certificate {
	t.Helper()
	c, err := selfSigned(now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		keyFile:         {Type: "PRIVATE KEY", Bytes: key},
	} {
		// As Kubernetes does it: one state or the other, never half of one.
		temporary := filepath.Join(dir, name+".new")
		if err := os.WriteFile(temporary, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestFileCertificatesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	var log logLines
	first := writeCertificate(t, dir)
	c, err := newFileCertificates("metrics-cert-dir", dir, klog.FromContext(log.context(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	expect := func(what string, want *tls.Certificate) {
		t.Helper()
		got, err := c.get(nil)
		if err != nil || !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
			t.Errorf("%s: another certificate, or %v", what, err)
		}
	}
	expect("at first", first)

	second := writeCertificate(t, dir)
	expect("too early to look again", first)
	now = now.Add(filesCheckedEvery)
	expect("changed", second)

	for _, broken := range []func(){
		func() { os.WriteFile(filepath.Join(dir, keyFile), []byte("x"), 0o600) },
		func() { os.Remove(filepath.Join(dir, keyFile)) },
	} {
		broken()
		for range 3 {
			now = now.Add(filesCheckedEvery)
			expect("broken", second)
		}
	}
	third := writeCertificate(t, dir)
	now = now.Add(filesCheckedEvery)
	expect("mended", third)
	if log.count("Cannot read the new certificate, still serving the old one") != 2 || log.count("Read a new certificate") != 2 {
		t.Errorf("logged %q", log.all())
	}
}

func TestFileCertificatesRefuse(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(dir string)
		want  string
	}{
		{"no folder", func(dir string) { os.RemoveAll(dir) }, "tls.crt: no such file or directory"},
		{"no key", func(dir string) { os.Remove(filepath.Join(dir, keyFile)) }, "tls.key: no such file or directory"},
		{"a folder instead", func(dir string) {
			os.Remove(filepath.Join(dir, certificateFile))
			os.Mkdir(filepath.Join(dir, certificateFile), 0o700)
		}, "tls.crt: is a directory"},
		{"no certificate", func(dir string) { os.WriteFile(filepath.Join(dir, certificateFile), []byte("a\nb"), 0o600) }, "tls.crt and tls.key are not a matching certificate and key: "},
		{"another key", func(dir string) {
			key, _ := os.ReadFile(filepath.Join(dir, keyFile))
			writeCertificate(t, dir)
			os.WriteFile(filepath.Join(dir, keyFile), key, 0o600)
		}, "tls.crt and tls.key are not a matching certificate and key: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeCertificate(t, dir)
			tt.spoil(dir)
			_, err := newFileCertificates("metrics-cert-dir", dir, klog.FromContext(t.Context()))
			if err == nil || !strings.HasPrefix(err.Error(), "--metrics-cert-dir="+dir+": "+tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOwnCertificatesAreRenewed(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := newOwnCertificates()
	c.now = func() time.Time { return now }
	first, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.Leaf
	if err := leaf.VerifyHostname("localhost"); err != nil || now.Before(leaf.NotBefore) || leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("%v, from %s, %s", err, leaf.NotBefore, leaf.PublicKeyAlgorithm)
	}
	now = leaf.NotAfter.Add(-ownRenewal)
	if again, err := c.get(nil); err != nil || again != first {
		t.Errorf("made anew too early: %v", err)
	}
	now = now.Add(time.Second)
	second, err := c.get(nil)
	if err != nil || second == first || !second.Leaf.NotAfter.After(leaf.NotAfter) {
		t.Errorf("not made anew: %v", err)
	}
}

// TestSecureServer asks a server with all sorts of clients.
func TestSecureServer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		http2    bool
		client   *tls.Config
		protocol string
		fails    bool
	}{
		{"usual", false, &tls.Config{}, "HTTP/1.1", false},
		{"TLS 1.2", false, &tls.Config{MaxVersion: tls.VersionTLS12}, "HTTP/1.1", false},
		{"TLS 1.1", false, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "", true},
		{"HTTP/2 on", true, &tls.Config{}, "HTTP/2.0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoints{metrics: http.NotFoundHandler(), certificates: newOwnCertificates(),
				protect: func(next http.Handler) http.Handler { return next }}
			servers, err := e.listen(t.Context(), &Options{MetricsBindAddress: "127.0.0.1:0", HealthProbeBindAddress: "0", EnableHTTP2: tt.http2})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- servers[0].serve() }()
			defer func() {
				servers[0].stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			tt.client.InsecureSkipVerify = true
			transport := &http.Transport{TLSClientConfig: tt.client, ForceAttemptHTTP2: true}
			defer transport.CloseIdleConnections()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+servers[0].listener.Addr().String()+"/metrics", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := (&http.Client{Transport: transport}).Do(request)
			switch {
			case tt.fails && err == nil:
				response.Body.Close()
				t.Error("accepted")
			case tt.fails:
			case err != nil:
				t.Error(err)
			default:
				response.Body.Close()
				if response.Proto != tt.protocol {
					t.Errorf("speaks %s", response.Proto)
				}
			}
		})
	}
}

// TestProfilesAreGuarded wants each path of a profile behind the guard, and none without the flag.
func TestProfilesAreGuarded(t *testing.T) {
	for _, on := range []bool{true, false} {
		var guarded []string
		e := &endpoints{metrics: http.NotFoundHandler(), certificates: newOwnCertificates(),
			protect: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					guarded = append(guarded, r.URL.Path)
					w.WriteHeader(http.StatusForbidden)
				})
			}}
		servers, err := e.listen(t.Context(), &Options{MetricsBindAddress: "127.0.0.1:0", HealthProbeBindAddress: "0", EnablePprof: on})
		if err != nil {
			t.Fatal(err)
		}
		defer servers[0].stop()
		var want []string
		for _, path := range []string{"", "cmdline", "profile", "symbol", "trace", "heap", "goroutine"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/"+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			servers[0].http.Handler.ServeHTTP(discard{}, request)
			if on {
				want = append(want, request.URL.Path)
			}
		}
		if strings.Join(guarded, " ") != strings.Join(want, " ") {
			t.Errorf("pprof %v: guarded %v, want %v", on, guarded, want)
		}
	}
}

// discard is a ResponseWriter that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), errors.ErrUnsupported }
func (discard) WriteHeader(int)             {}
