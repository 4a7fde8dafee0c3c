// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// replicas are several keepers in one cluster, with one clock, whose passes and caches a test moves on
// by hand.
type replicas struct {
	*testing.T
	client *fake.Clientset
	all    []*Keeper
	now    time.Time
}

const (
	home    = "hourglass-system"
	secret  = "ca"
	service = "webhooks"
	config  = "hourglass"
)

func newReplicas(t *testing.T, count int) *replicas {
	t.Helper()
	reference := admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: home, Name: service}}
	elsewhere := admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: home, Name: "other"}, CABundle: []byte("theirs")}
	r := &replicas{T: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), client: fake.NewClientset(
		&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: config}, Webhooks: []admissionregistrationv1.ValidatingWebhook{
			{Name: "a.example.com", ClientConfig: reference, TimeoutSeconds: new(int32(7))},
			{Name: "b.example.com", ClientConfig: elsewhere},
		}},
		&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: config}, Webhooks: []admissionregistrationv1.MutatingWebhook{
			{Name: "a.example.com", ClientConfig: reference},
		}},
	)}
	for range count {
		r.add()
	}
	return r
}

// add starts another replica.
func (r *replicas) add() *Keeper {
	r.Helper()
	k, err := NewKeeper(KeeperConfig{
		Client: r.client, Namespace: home, Secret: secret, Service: service, Configuration: config,
		ClusterDomain: "cluster.local", Lifetime: 24 * time.Hour,
	})
	if err != nil {
		r.Fatal(err)
	}
	k.now = func() time.Time { return r.now }
	r.all = append(r.all, k)
	return k
}

// refresh gives a replica's caches what the cluster has now.
func (r *replicas) refresh(k *Keeper) {
	r.Helper()
	var secrets, validating, mutating []any
	if s, err := r.client.CoreV1().Secrets(home).Get(r.Context(), secret, metav1.GetOptions{}); err == nil {
		secrets = append(secrets, s)
	}
	if c, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{}); err == nil {
		validating = append(validating, c)
	}
	if c, err := r.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{}); err == nil {
		mutating = append(mutating, c)
	}
	for _, err := range []error{
		k.secrets.GetStore().Replace(secrets, ""), k.validating.GetStore().Replace(validating, ""), k.mutating.GetStore().Replace(mutating, ""),
	} {
		if err != nil {
			r.Fatal(err)
		}
	}
}

// settle lets all replicas see everything and do what is due, until that is nothing.
func (r *replicas) settle() {
	r.Helper()
	for range 4 {
		for _, k := range r.all {
			r.refresh(k)
			if _, err := k.pass(r.Context()); err != nil && !apierrors.IsAlreadyExists(err) {
				r.Fatal(err)
			}
		}
	}
}

func (r *replicas) deleteSecret() {
	r.Helper()
	if err := r.client.CoreV1().Secrets(home).Delete(r.Context(), secret, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		r.Fatal(err)
	}
}

// saveSecret returns the Secret as it can be created anew, or nil if there is none.
func (r *replicas) saveSecret() *corev1.Secret {
	r.Helper()
	saved, err := r.client.CoreV1().Secrets(home).Get(r.Context(), secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		r.Fatal(err)
	}
	saved.ResourceVersion = ""
	return saved
}

func (r *replicas) create(s *corev1.Secret) {
	r.Helper()
	if s == nil {
		return
	}
	if _, err := r.client.CoreV1().Secrets(home).Create(r.Context(), s, metav1.CreateOptions{}); err != nil {
		r.Fatal(err)
	}
}

func (r *replicas) bundle() []byte {
	r.Helper()
	c, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(r.Context(), config, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	return c.Webhooks[0].ClientConfig.CABundle
}

// handshake tells what an API server with the bundle says of the certificate that a replica shows.
func (r *replicas) handshake(k *Keeper, bundle []byte) error {
	shown, err := k.GetCertificate(nil)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err = shown.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: service + "." + home + ".svc", CurrentTime: r.now})
	return err
}

func (r *replicas) serials() []string {
	var all []string
	for _, k := range r.all {
		all = append(all, k.shown.Load().Leaf.SerialNumber.String())
	}
	return all
}

func TestKeeperBegins(t *testing.T) {
	r := newReplicas(t, 2)
	if err := r.all[0].Check(); err == nil {
		t.Error("ready without a certificate")
	}
	r.settle()
	for i, k := range r.all {
		if err := k.Check(); err != nil {
			t.Errorf("replica %d is not ready, so no leader can be: %v", i, err)
		}
	}
	if len(r.bundle()) > 0 {
		t.Error("a replica that does not lead has patched the configuration")
	}
	r.all[1].leading.Store(true)
	r.settle()
	for i, k := range r.all {
		if err := r.handshake(k, r.bundle()); err != nil {
			t.Errorf("replica %d: %v", i, err)
		}
	}
	written, err := r.client.CoreV1().Secrets(home).Get(t.Context(), secret, metav1.GetOptions{})
	if err != nil || written.Type != corev1.SecretTypeTLS || written.Labels[performer.LabelManagedBy] != performer.ManagedBy {
		t.Errorf("Secret %v of type %s, %v", written.Labels, written.Type, err)
	}
	validating, err := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), config, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if w := validating.Webhooks; len(w) != 2 || *w[0].TimeoutSeconds != 7 || w[0].ClientConfig.Service.Name != service || string(w[1].ClientConfig.CABundle) != "theirs" {
		t.Errorf("the configuration has more changes than one: %+v", w)
	}
	mutating, err := r.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), config, metav1.GetOptions{})
	if err != nil || string(mutating.Webhooks[0].ClientConfig.CABundle) != string(r.bundle()) {
		t.Errorf("the other configuration has another bundle, %v", err)
	}

	// While nothing is due nothing is written.
	writes := len(r.client.Actions())
	before := r.serials()
	r.settle()
	for _, action := range r.client.Actions()[writes:] {
		if action.GetVerb() != "get" {
			t.Errorf("%s %s", action.GetVerb(), action.GetResource().Resource)
		}
	}
	if now := r.serials(); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Error("there are other certificates")
	}
}

func TestCertificateIsRenewedBeforeItEnds(t *testing.T) {
	r := newReplicas(t, 1)
	r.all[0].leading.Store(true)
	r.settle()
	for range 5 {
		before := r.serials()[0]
		next, err := r.all[0].pass(t.Context())
		if err != nil || next <= 0 || next > lookAnyway {
			t.Fatalf("looks again in %s, %v", next, err)
		}
		r.now = dueAt(r.all[0].shown.Load().Leaf)
		if err := r.handshake(r.all[0], r.bundle()); err != nil {
			t.Fatal(err)
		}
		r.settle()
		if r.serials()[0] == before {
			t.Fatal("it is not renewed when it is due")
		}
	}
}

// TestCertificateOutlivesItsSecret has a Secret that can't be read nor written any more, though the authority that was in
// it is still trusted.
func TestCertificateOutlivesItsSecret(t *testing.T) {
	r := newReplicas(t, 1)
	k := r.all[0]
	k.leading.Store(true)
	r.settle()
	r.deleteSecret()
	r.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: secret}, Data: map[string][]byte{"tls.crt": []byte("a stranger's")}})
	r.refresh(k)
	r.now = dueAt(k.shown.Load().Leaf)
	before := r.serials()[0]
	if _, err := k.pass(t.Context()); err == nil || !strings.Contains(err.Error(), "--webhook-ca-secret") {
		t.Errorf("nothing is said of the Secret: %v", err)
	}
	if err := k.Check(); err != nil || r.serials()[0] == before {
		t.Errorf("the certificate is not renewed: %v", err)
	}
	if err := r.handshake(k, r.bundle()); err != nil {
		t.Error(err)
	}
	r.now = k.shown.Load().Leaf.NotAfter
	if err := k.Check(); err == nil || !strings.Contains(err.Error(), "the certificate expired at 2026-") {
		t.Errorf("it is ready with a certificate that has ended: %v", err)
	}
}

// TestCertificateThatEndsWithItsAuthority has nobody who makes another authority.
func TestCertificateThatEndsWithItsAuthority(t *testing.T) {
	r := newReplicas(t, 2)
	r.all[0].leading.Store(true)
	r.settle()
	r.all[0].leading.Store(false)
	r.now = r.all[0].signer.certificate.NotAfter.Add(-10 * time.Minute)
	r.settle()
	before := r.serials()[1]
	next, err := r.all[1].pass(t.Context())
	if err != nil || next != 10*time.Minute || r.serials()[1] != before {
		t.Errorf("looks again in %s, another certificate: %t, %v", next, r.serials()[1] != before, err)
	}
}

// TestAuthorityIsReplaced goes through the replacement of an authority step by step.
func TestAuthorityIsReplaced(t *testing.T) {
	var earlier *corev1.Secret
	for _, tt := range []struct {
		name string
		lose func(*replicas)
	}{
		{"when it grows old", func(r *replicas) {
			a, err := r.all[0].readAuthority(r.Context())
			if err != nil {
				r.Fatal(err)
			}
			r.now = a.dueAt()
		}},
		{"when the Secret is deleted", func(r *replicas) { r.deleteSecret() }},
		{"when one from long before comes back", func(r *replicas) {
			r.deleteSecret()
			r.create(earlier)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReplicas(t, 2)
			r.all[0].leading.Store(true)
			r.settle()
			earlier = r.saveSecret()
			r.deleteSecret()
			for _, passed := range []time.Duration{0, trustGrace, 2 * overlap} {
				r.now = r.now.Add(passed)
				r.settle()
			}
			old := decodeCertificates(r.bundle())[0]
			tt.lose(r)
			r.settle()
			bundle := decodeCertificates(r.bundle())
			if len(bundle) != 2 || bundle[0].Equal(old) || !bundle[1].Equal(old) {
				t.Fatalf("%d authorities are trusted, want the new and the old one", len(bundle))
			}
			for i, k := range r.all {
				if k.shown.Load().Leaf.CheckSignatureFrom(old) != nil {
					t.Errorf("replica %d shows a certificate of the new one before each API server can know that", i)
				}
			}
			fresh := r.add()
			r.settle()
			if err := fresh.Check(); err != nil || r.handshake(fresh, r.bundle()) != nil {
				t.Errorf("a replica that starts now: %v", err)
			}
			r.now = r.now.Add(trustGrace)
			r.settle()
			for i, k := range r.all {
				if err := k.shown.Load().Leaf.CheckSignatureFrom(bundle[0]); err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
			}
			r.now = r.now.Add(overlap)
			r.settle()
			if now := decodeCertificates(r.bundle()); len(now) != 1 || !now[0].Equal(bundle[0]) {
				t.Errorf("%d authorities are trusted after the overlap", len(now))
			}
		})
	}
}

// TestNoHandshakeFails has replicas whose caches lag, the Secret deleted and the lead changing at any
// time: whoever says that it is ready is trusted by every API server, which lag too.
func TestNoHandshakeFails(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := newReplicas(t, 3)
		r.all[0].leading.Store(true)
		r.settle()
		earlier := r.saveSecret()
		// What API servers may still go by: the bundles of the last trustGrace.
		type version struct {
			bundle []byte
			until  time.Time
		}
		known := []version{{bundle: r.bundle()}}
		for step := range 80 {
			switch n := random.IntN(100); {
			case n < 4:
				r.deleteSecret()
			case n < 5: // from a backup
				r.deleteSecret()
				r.create(earlier)
			case n < 6:
				earlier = r.saveSecret()
			case n < 10:
				for i, lead := 0, random.IntN(len(r.all)); i < len(r.all); i++ {
					r.all[i].leading.Store(i == lead)
				}
			case n < 40:
				r.now = r.now.Add(time.Duration(random.IntN(8)) * time.Second)
			case n < 42:
				r.now = r.now.Add(time.Duration(random.IntN(20)) * time.Minute)
			case n < 60:
				r.refresh(r.all[random.IntN(len(r.all))])
			default:
				_, err := r.all[random.IntN(len(r.all))].pass(t.Context())
				if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
					t.Fatal(err)
				}
			}
			if last := &known[len(known)-1]; string(last.bundle) != string(r.bundle()) {
				last.until = r.now.Add(trustGrace)
				known = append(known, version{bundle: r.bundle()})
			}
			for i, k := range r.all {
				if k.Check() != nil {
					continue
				}
				for _, v := range known {
					if !v.until.IsZero() && !r.now.Before(v.until) {
						continue
					}
					if err := r.handshake(k, v.bundle); err != nil {
						t.Fatalf("seed %d, step %d: replica %d: %v", seed, step, i, err)
					}
				}
			}
		}
	}
}

func TestSecretThatIsNoAuthority(t *testing.T) {
	for _, ours := range []bool{true, false} {
		r := newReplicas(t, 1)
		garbage := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: secret}, Data: map[string][]byte{"tls.crt": []byte("no certificate")}}
		if ours {
			garbage.Labels = map[string]string{performer.LabelManagedBy: performer.ManagedBy}
		}
		if _, err := r.client.CoreV1().Secrets(home).Create(t.Context(), garbage, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		r.refresh(r.all[0])
		_, err := r.all[0].pass(t.Context())
		switch {
		case ours && err != nil:
			t.Errorf("one of ours is not mended: %v", err)
		case !ours && (err == nil || !strings.Contains(err.Error(), "--webhook-ca-secret")):
			t.Errorf("a stranger's is taken: %v", err)
		}
		if (r.all[0].Check() == nil) != ours {
			t.Errorf("ready: %v", r.all[0].Check())
		}
	}
}

// TestKeeperRuns has the informers and the loop do by themselves what the other tests do by hand.
func TestKeeperRuns(t *testing.T) {
	r := newReplicas(t, 1)
	k := r.all[0]
	ctx, stop := context.WithCancel(t.Context())
	k.Start(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(ctx)
	}()
	waitFor(t, "the API server to trust the certificate", func() bool { return k.Check() == nil && r.handshake(k, r.bundle()) == nil })
	old := decodeCertificates(r.bundle())[0]
	r.deleteSecret()
	waitFor(t, "another authority beside the old one", func() bool { return len(decodeCertificates(r.bundle())) == 2 })
	if !decodeCertificates(r.bundle())[1].Equal(old) || r.handshake(k, r.bundle()) != nil {
		t.Error("the old one is trusted no longer, while it is needed")
	}
	stop()
	<-ended
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
