// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestCertificateIsRenewedBeforeItExpires(t *testing.T) {
	r := newReplicas(t, 1)
	r.all[0].leading.Store(true)
	r.settle()
	for range 5 {
		before := r.serials()[0]
		next, err := r.all[0].sync(t.Context())
		if err != nil || next <= 0 || next > resyncPeriod {
			t.Fatalf("next sync in %s, %v", next, err)
		}
		r.now = renewalTime(r.all[0].serving.Load().Leaf)
		if err := r.handshake(r.all[0], r.bundle()); err != nil {
			t.Fatal(err)
		}
		r.settle()
		if r.serials()[0] == before {
			t.Fatal("the certificate is not renewed when it is due")
		}
	}
}

// TestCertificateThatExpiresWithItsCA has no leader that would create a new CA.
func TestCertificateThatExpiresWithItsCA(t *testing.T) {
	r := newReplicas(t, 2)
	r.all[0].leading.Store(true)
	r.settle()
	r.all[0].leading.Store(false)
	r.now = r.all[0].signer.certificate.NotAfter.Add(-10 * time.Minute)
	r.settle()
	before := r.serials()[1]
	next, err := r.all[1].sync(t.Context())
	if err != nil || next != 10*time.Minute || r.serials()[1] != before {
		t.Errorf("next sync in %s, another certificate: %t, %v", next, r.serials()[1] != before, err)
	}
}

// TestCAIsReplaced goes through the replacement of a CA step by step.
func TestCAIsReplaced(t *testing.T) {
	var earlier *corev1.Secret
	for _, tt := range []struct {
		name string
		lose func(*replicas)
	}{
		{"when it is due for renewal", func(r *replicas) {
			current, err := r.all[0].ensureCA(r.Context())
			if err != nil {
				r.Fatal(err)
			}
			r.now = current.renewAt()
		}},
		{"when the Secret is deleted", func(r *replicas) { r.deleteSecret() }},
		{"when an earlier Secret is restored", func(r *replicas) {
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
			for _, passed := range []time.Duration{0, injectionGrace, 2 * overlap} {
				r.now = r.now.Add(passed)
				r.settle()
			}
			old := decodeCertificates(r.bundle())[0]
			tt.lose(r)
			r.settle()
			bundle := decodeCertificates(r.bundle())
			if len(bundle) != 2 || bundle[0].Equal(old) || !bundle[1].Equal(old) {
				t.Fatalf("%d CAs in the bundle, want the new and the old one", len(bundle))
			}
			for i, m := range r.all {
				if m.serving.Load().Leaf.CheckSignatureFrom(old) != nil {
					t.Errorf("replica %d serves a certificate of the new CA before every API server can have read the configurations", i)
				}
			}
			fresh := r.add()
			r.settle()
			if err := fresh.Check(); err != nil || r.handshake(fresh, r.bundle()) != nil {
				t.Errorf("a replica that starts during the replacement: %v", err)
			}
			r.now = r.now.Add(injectionGrace)
			r.settle()
			for i, m := range r.all {
				if err := m.serving.Load().Leaf.CheckSignatureFrom(bundle[0]); err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
			}
			r.now = r.now.Add(overlap)
			r.settle()
			if now := decodeCertificates(r.bundle()); len(now) != 1 || !now[0].Equal(bundle[0]) {
				t.Errorf("%d CAs in the bundle after the overlap", len(now))
			}
		})
	}
}

// TestNoHandshakeFails has replicas whose caches lag, a Secret that is deleted or restored at any
// time, and changes of the leader. Every API server, with a lag too, must accept the certificate of
// every replica that is ready.
func TestNoHandshakeFails(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := newReplicas(t, 3)
		r.all[0].leading.Store(true)
		r.settle()
		earlier := r.saveSecret()
		// The bundles that API servers may still use: those of the last injectionGrace.
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
				_, err := r.all[random.IntN(len(r.all))].sync(t.Context())
				if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) && !errors.As(err, new(*delayedError)) {
					t.Fatal(err)
				}
			}
			if last := &known[len(known)-1]; string(last.bundle) != string(r.bundle()) {
				last.until = r.now.Add(injectionGrace)
				known = append(known, version{bundle: r.bundle()})
			}
			for i, m := range r.all {
				if m.Check() != nil {
					continue
				}
				for _, v := range known {
					if !v.until.IsZero() && !r.now.Before(v.until) {
						continue
					}
					if err := r.handshake(m, v.bundle); err != nil {
						t.Fatalf("seed %d, step %d: replica %d: %v", seed, step, i, err)
					}
				}
			}
		}
	}
}
