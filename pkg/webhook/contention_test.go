// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

// TestContention has somebody else undo each write of the leader at once.
func TestContention(t *testing.T) {
	for _, tt := range []struct {
		name string
		contender
		// by is part of the one line in the log.
		by string
	}{
		{"the CA bundle is overwritten", bundleOverwriter, `"kind"="ValidatingWebhookConfiguration" "object"="hourglass" "manager"="argocd-controller"`},
		{"the Secret is deleted", secretDeleter, `"kind"="Secret" "object"="hourglass-system/ca" "manager"="another client"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReplicas(t, 1)
			m := r.all[0]
			m.leading.Store(true)
			var lines []string
			ctx := klog.NewContext(t.Context(), funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}))
			if n := tt.contend(ctx, r, time.Minute); n < 5 || n > 10 {
				t.Errorf("%d writes in the first minute, want 5 to 10", n)
			}
			for range 3 {
				if n := tt.contend(ctx, r, time.Minute); n > 1 {
					t.Errorf("%d writes in a later minute, want at most 1", n)
				}
			}
			said := 0
			for _, line := range lines {
				if strings.Contains(line, "Another manager undoes each write") && strings.Contains(line, tt.by) {
					said++
				}
			}
			if said != 1 {
				t.Errorf("%d lines with %s, want 1:\n%s", said, tt.by, strings.Join(lines, "\n"))
			}
			r.now = r.now.Add(quietPeriod)
			before := r.now
			r.settle()
			if err := r.handshake(m, r.bundle()); err != nil || !r.now.Equal(before) {
				t.Errorf("the next write after a quiet period was delayed: %v", err)
			}
		})
	}
}

// TestBudgetOfTwoReplicas has the usual number of replicas, either of which creates a Secret that is missing.
func TestBudgetOfTwoReplicas(t *testing.T) {
	r := newReplicas(t, 2)
	r.all[0].leading.Store(true)
	if n := secretDeleter.contend(t.Context(), r, time.Minute); n < 5 || n > 10 {
		t.Errorf("%d writes in the first minute, want 5 to 10", n)
	}
	secretDeleter.contend(t.Context(), r, lastWriteDelay) // until the delays no longer grow
	if n := secretDeleter.contend(t.Context(), r, 10*time.Minute); n > 10 {
		t.Errorf("%d writes in ten later minutes, want at most 10", n)
	}
}

// A contender is another manager that undoes each write of a kind.
type contender struct {
	verb, resource string
	undo           func(*replicas)
}

var (
	bundleOverwriter = contender{"patch", "validatingwebhookconfigurations", overwrite}
	secretDeleter    = contender{"create", "secrets", (*replicas).deleteSecret}
)

// contend syncs all replicas every half second, as if each write and each undoing caused an event. It returns the number
// of writes.
func (c contender) contend(ctx context.Context, r *replicas, d time.Duration) (writes int) {
	r.Helper()
	for end := r.now.Add(d); r.now.Before(end); r.now = r.now.Add(500 * time.Millisecond) {
		for _, m := range r.all {
			r.refresh(m)
			before := len(r.client.Actions())
			if _, err := m.sync(ctx); err != nil && !errors.As(err, new(*delayedError)) {
				r.Fatal(err)
			}
			for _, action := range r.client.Actions()[before:] {
				if action.Matches(c.verb, c.resource) {
					writes++
					c.undo(r)
				}
			}
		}
	}
	return writes
}

// overwrite writes a CA bundle as another manager does.
func overwrite(r *replicas) {
	r.Helper()
	client := r.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	live, err := client.Get(r.Context(), config, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	live.Webhooks[0].ClientConfig.CABundle = []byte("theirs")
	if _, err := client.Update(r.Context(), live, metav1.UpdateOptions{FieldManager: "argocd-controller"}); err != nil {
		r.Fatal(err)
	}
}

// TestContentionDoesNotSpin runs the loop against somebody who undoes each write at once.
func TestContentionDoesNotSpin(t *testing.T) {
	r := newReplicas(t, 1)
	m := r.all[0]
	ctx, stop := context.WithCancel(t.Context())
	m.Start(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	for range freeWrites {
		waitFor(t, "the CA to be injected", func() bool { return m.Check() == nil && r.handshake(m, r.bundle()) == nil })
		overwrite(r)
	}
	// The clock stands still, and so does the budget.
	waitFor(t, "the webhook server to be unready", func() bool { return m.Check() != nil })
	stop()
	<-ended
	if err := m.Check(); err == nil || !strings.Contains(err.Error(), "webhook a.example.com in ValidatingWebhookConfiguration hourglass was written by argocd-controller") {
		t.Errorf("the readiness check does not name the other manager: %v", err)
	}
	if string(r.bundle()) != "theirs" {
		t.Error("the CA was injected once more without a delay")
	}
}
