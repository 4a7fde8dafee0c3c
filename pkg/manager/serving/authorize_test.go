// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// authority is a fake API server that knows the token "good" of a user bob, who may get /metrics.
type authority struct {
	*fake.Clientset
	reviews atomic.Int32 // of tokens that it was asked for

	tokenError, accessError error
	mayNot                  bool
	status                  authorizationv1.SubjectAccessReviewStatus // more of the answer
}

func newAuthority(t *testing.T) *authority {
	a := &authority{Clientset: fake.NewClientset()}
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
			t.Errorf("asked for %+v", s)
		}
		review.Status = a.status
		asked := *review.Spec.NonResourceAttributes
		review.Status.Allowed = !a.mayNot && asked == authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"}
		return true, review, a.accessError
	})
	return a
}

// visitor returns a function that asks a guard with an Authorization header and gives its answer.
func visitor(t *testing.T, g *guard) func(path, authorization string) *httptest.ResponseRecorder {
	handler := g.protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the secret") }))
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

func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		name          string
		path          string
		authorization string
		server        func(*authority)
		want          int
	}{
		{"allowed", "/metrics", "Bearer good", nil, 200},
		{"allowed, in other letters", "/metrics", "bearer  good ", nil, 200},
		{"no token", "/metrics", "", nil, 401},
		{"empty token", "/metrics", "Bearer ", nil, 401},
		{"other scheme", "/metrics", "Basic good", nil, 401},
		{"unknown token", "/metrics", "Bearer bad", nil, 401},
		{"other path", "/debug/pprof/heap", "Bearer good", nil, 403},
		{"not allowed", "/metrics", "Bearer good", func(a *authority) { a.mayNot = true }, 403},
		{"denied", "/metrics", "Bearer good", func(a *authority) { a.status.Denied = true }, 403},
		{"the server does not answer to tokens", "/metrics", "Bearer good", func(a *authority) { a.tokenError = errors.New("away") }, 500},
		{"the server does not answer to access", "/metrics", "Bearer good", func(a *authority) { a.accessError = errors.New("away") }, 500},
		{"the server does not know", "/metrics", "Bearer good", func(a *authority) { a.mayNot, a.status.EvaluationError = true, "webhook is away" }, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newAuthority(t)
			if tt.server != nil {
				tt.server(server)
			}
			response := visitor(t, newGuard(new(managertest.Logs).Context(t.Context()), server))(tt.path, tt.authorization)
			if response.Code != tt.want {
				t.Errorf("got %d", response.Code)
			}
			if challenge := response.Header().Get("WWW-Authenticate"); (challenge != "") != (tt.want == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestGuardLetsNobodyWrite(t *testing.T) {
	handler := newGuard(t.Context(), newAuthority(t)).protect(http.NotFoundHandler())
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/metrics", http.NoBody)
	request.Header.Set("Authorization", "Bearer good")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d", recorder.Code)
	}
}

func TestGuardRemembersForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newAuthority(t)
		ask := visitor(t, newGuard(t.Context(), server))
		expect := func(token string, status int, reviews int32) {
			t.Helper()
			if got := ask("/metrics", "Bearer "+token).Code; got != status || server.reviews.Load() != reviews {
				t.Errorf("%s: got %d after %d reviews, want %d after %d", token, got, server.reviews.Load(), status, reviews)
			}
		}
		expect("good", 200, 1)
		server.mayNot = true
		expect("good", 200, 1)
		time.Sleep(allowedFor + time.Millisecond)
		expect("good", 403, 2)
		server.mayNot = false
		expect("good", 403, 2)
		time.Sleep(refusedFor + time.Millisecond)
		expect("good", 200, 3)

		// A failure is forgotten at once.
		time.Sleep(allowedFor + time.Millisecond)
		server.accessError = errors.New("away")
		expect("good", 500, 4)
		server.accessError = nil
		expect("good", 200, 5)

		// However many come with bad tokens, who may come in is not forgotten.
		for i := range 2 * maxCallers {
			ask("/metrics", fmt.Sprintf("Bearer bad%d", i))
		}
		expect("good", 200, 5+2*maxCallers)
	})
}

func TestGuardAsksLittleAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newAuthority(t)
		g := newGuard(t.Context(), server)
		for range maxReviews {
			g.turns <- struct{}{}
		}
		ask := visitor(t, g)
		begin := time.Now()
		if got := ask("/metrics", "Bearer good").Code; got != http.StatusTooManyRequests || server.reviews.Load() > 0 {
			t.Errorf("got %d after %d reviews", got, server.reviews.Load())
		}
		if took := time.Since(begin); took != reviewsLimit {
			t.Errorf("waited %s", took)
		}
		go func() {
			time.Sleep(time.Second)
			<-g.turns
		}()
		if got := ask("/metrics", "Bearer good").Code; got != http.StatusOK {
			t.Errorf("got %d once it is its turn", got)
		}
	})
}
