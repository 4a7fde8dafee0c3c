// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// reviewer is a fake API server that accepts the token "good" of the user bob, who may get
// /metrics.
type reviewer struct {
	*fake.Clientset
	reviews atomic.Int32 // number of TokenReviews

	tokenError, accessError error
	mayNot                  bool
	status                  authorizationv1.SubjectAccessReviewStatus // the rest of the response
}

func newReviewer(t *testing.T) *reviewer {
	a := &reviewer{Clientset: fake.NewClientset()}
	a.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		a.reviews.Add(1)
		review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview).DeepCopy()
		if review.Spec.Token == "good" {
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{
				Username: "bob", UID: "1", Groups: []string{"g"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}}}}
		}
		return true, review, a.tokenError
	})
	a.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview).DeepCopy()
		if s := review.Spec; s.User != "bob" || s.UID != "1" || s.Groups[0] != "g" || s.Extra["k"][0] != "v" || s.ResourceAttributes != nil {
			t.Errorf("reviewed %+v", s)
		}
		review.Status = a.status
		access := *review.Spec.NonResourceAttributes
		review.Status.Allowed = !a.mayNot && access == authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"}
		return true, review, a.accessError
	})
	return a
}

// getter returns a function that sends a GET request with an Authorization header through a filter.
func getter(t *testing.T, f *authFilter) func(path, authorization string) *httptest.ResponseRecorder {
	handler := f.protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the secret") }))
	return func(path, authorization string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if body := recorder.Body.String(); (body == "the secret") != (recorder.Code == http.StatusOK) {
			t.Errorf("status %d with %q", recorder.Code, body)
		}
		return recorder
	}
}

func TestAuthFilter(t *testing.T) {
	for _, tt := range []struct {
		name          string
		path          string
		authorization string
		server        func(*reviewer)
		want          int
	}{
		{"allowed", "/metrics", "Bearer good", nil, 200},
		{"allowed, with other case and spaces", "/metrics", "bearer  good ", nil, 200},
		{"no token", "/metrics", "", nil, 401},
		{"empty token", "/metrics", "Bearer ", nil, 401},
		{"other scheme", "/metrics", "Basic good", nil, 401},
		{"unknown token", "/metrics", "Bearer bad", nil, 401},
		{"other path", "/debug/pprof/heap", "Bearer good", nil, 403},
		{"not allowed", "/metrics", "Bearer good", func(a *reviewer) { a.mayNot = true }, 403},
		{"denied", "/metrics", "Bearer good", func(a *reviewer) { a.status.Denied = true }, 403},
		{"the token review fails", "/metrics", "Bearer good", func(a *reviewer) { a.tokenError = errors.New("away") }, 500},
		{"the access review fails", "/metrics", "Bearer good", func(a *reviewer) { a.accessError = errors.New("away") }, 500},
		{"the server cannot decide", "/metrics", "Bearer good", func(a *reviewer) { a.mayNot, a.status.EvaluationError = true, "webhook is away" }, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newReviewer(t)
			if tt.server != nil {
				tt.server(server)
			}
			response := getter(t, newAuthFilter(new(managertest.Logs).Context(t.Context()), server))(tt.path, tt.authorization)
			if response.Code != tt.want {
				t.Errorf("got %d", response.Code)
			}
			if challenge := response.Header().Get("WWW-Authenticate"); (challenge != "") != (tt.want == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestAuthFilterRefusesWrites(t *testing.T) {
	handler := newAuthFilter(t.Context(), newReviewer(t)).protect(http.NotFoundHandler())
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/metrics", http.NoBody)
	request.Header.Set("Authorization", "Bearer good")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d", recorder.Code)
	}
}

func TestAuthFilterCachesDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newReviewer(t)
		get := getter(t, newAuthFilter(t.Context(), server))
		expect := func(token string, status int, reviews int32) {
			t.Helper()
			if got := get("/metrics", "Bearer "+token).Code; got != status || server.reviews.Load() != reviews {
				t.Errorf("%s: got %d after %d reviews, want %d after %d", token, got, server.reviews.Load(), status, reviews)
			}
		}
		expect("good", 200, 1)
		server.mayNot = true
		expect("good", 200, 1)
		time.Sleep(allowedTTL + time.Millisecond)
		expect("good", 403, 2)
		server.mayNot = false
		expect("good", 403, 2)
		time.Sleep(deniedTTL + time.Millisecond)
		expect("good", 200, 3)

		// A failure is not cached.
		time.Sleep(allowedTTL + time.Millisecond)
		server.accessError = errors.New("away")
		expect("good", 500, 4)
		server.accessError = nil
		expect("good", 200, 5)

		// However many invalid tokens come, the valid one stays cached.
		for i := range 2 * maxCached {
			get("/metrics", fmt.Sprintf("Bearer bad%d", i))
		}
		expect("good", 200, 5+2*maxCached)
	})
}

func TestAuthFilterLimitsReviews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newReviewer(t)
		f := newAuthFilter(t.Context(), server)
		var reviewed func()
		for i := range maxReviews {
			var err error
			if reviewed, err = f.reviews.Take(t.Context(), fmt.Sprint("client", i)); err != nil {
				t.Fatal(err)
			}
		}
		get := getter(t, f)
		begin := time.Now()
		if got := get("/metrics", "Bearer good").Code; got != http.StatusTooManyRequests || server.reviews.Load() > 0 {
			t.Errorf("got %d after %d reviews", got, server.reviews.Load())
		}
		if took := time.Since(begin); took != reviewTimeout {
			t.Errorf("waited %s", took)
		}
		go func() {
			time.Sleep(time.Second)
			reviewed()
		}()
		if got := get("/metrics", "Bearer good").Code; got != http.StatusOK {
			t.Errorf("got %d after a review ended", got)
		}
	})
}

// TestAuthFilterIsFair has one client request more reviews than there are at a time. The request of
// another client must not wait for them.
func TestAuthFilterIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newAuthFilter(t.Context(), newReviewer(t))
		ctx, stop := context.WithCancel(t.Context())
		var greedy sync.WaitGroup
		for range 2 * maxReviews {
			greedy.Go(func() {
				if done, err := f.reviews.Take(ctx, "greedy"); err == nil {
					<-ctx.Done()
					done()
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		if got := getter(t, f)("/metrics", "Bearer good").Code; got != http.StatusOK || time.Since(begin) > 0 {
			t.Errorf("got %d after %s", got, time.Since(begin))
		}
		stop()
		greedy.Wait()
	})
}
