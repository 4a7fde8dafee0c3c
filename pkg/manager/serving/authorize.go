// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/fairness"
)

// The decisions of the API server are cached: allowed ones longer, because scrapes come every few
// seconds, and denied ones shorter, because the permission may just have been granted. An error of
// the API server is not cached.
const (
	allowedTTL = time.Minute
	deniedTTL  = 10 * time.Second
)

// Limits on the memory and the requests that clients can cause.
const (
	maxCached           = 256             // entries in each of the two caches
	maxReviews          = 4               // requests that are reviewed in parallel
	maxReviewsPerClient = 1               // so that a client with invalid tokens delays mostly itself
	reviewTimeout       = 5 * time.Second // for both reviews of a request and the wait before them
)

// authFilter passes requests whose bearer token the API server accepts and whose user it allows to
// get the path. If anything goes wrong, the request is refused.
type authFilter struct {
	client  kubernetes.Interface
	logger  klog.Logger
	reviews *fairness.Turns
	// Two caches, so that a flood of denied requests evicts no allowed ones.
	allowed, denied *cache.LRUExpireCache
}

// cacheKey identifies a decision. It has a hash of the token, so that no token is kept.
type cacheKey struct {
	token [sha256.Size]byte
	path  string
}

func newAuthFilter(ctx context.Context, client kubernetes.Interface) *authFilter {
	return &authFilter{
		client:  client,
		logger:  klog.FromContext(ctx),
		reviews: fairness.NewTurns(maxReviews, maxReviewsPerClient),
		allowed: cache.NewLRUExpireCache(maxCached),
		denied:  cache.NewLRUExpireCache(maxCached),
	}
}

// protect wraps a read-only handler with the filter.
func (f *authFilter) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		status := http.StatusMethodNotAllowed
		if r.Method == http.MethodGet {
			status = f.authorize(r)
		}
		switch status {
		case http.StatusOK:
			next.ServeHTTP(w, r)
			return
		case http.StatusUnauthorized:
			header.Set("WWW-Authenticate", `Bearer realm="hourglass-operator"`)
		case http.StatusMethodNotAllowed:
			header.Set("Allow", http.MethodGet)
		}
		http.Error(w, http.StatusText(status), status)
	})
}

// authorize returns StatusOK for an allowed request, and otherwise the status to respond with.
func (f *authFilter) authorize(r *http.Request) int {
	token := bearerToken(r)
	if token == "" {
		return http.StatusUnauthorized
	}
	key := cacheKey{sha256.Sum256([]byte(token)), r.URL.Path}
	if status := f.cached(key); status != 0 {
		return status
	}

	ctx, cancel := context.WithTimeout(r.Context(), reviewTimeout)
	defer cancel()
	done, err := f.reviews.Take(ctx, fairness.Client(r.RemoteAddr))
	if err != nil {
		return http.StatusTooManyRequests
	}
	defer done()
	// Another request with the same token may have been reviewed while this one waited.
	if status := f.cached(key); status != 0 {
		return status
	}
	status, err := f.review(ctx, token, key.path)
	switch {
	case err != nil:
		f.logger.Error(err, "Cannot check whether a request is authorized, refusing it", "path", key.path)
		return http.StatusInternalServerError
	case status == http.StatusOK:
		f.allowed.Add(key, status, allowedTTL)
	default:
		f.denied.Add(key, status, deniedTTL)
	}
	return status
}

// cached returns the status of an earlier decision, or 0.
func (f *authFilter) cached(key cacheKey) int {
	for _, decisions := range []*cache.LRUExpireCache{f.allowed, f.denied} {
		if status, ok := decisions.Get(key); ok {
			return status.(int)
		}
	}
	return 0
}

// review asks the API server which user has the token, and whether that user may get the path.
func (f *authFilter) review(ctx context.Context, token, path string) (status int, err error) {
	authentication, err := f.client.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return 0, err
	case !authentication.Status.Authenticated && authentication.Status.Error != "" && authentication.Status.User.Username == "":
		// An authenticator reports its own failure in the same field as an invalid token, so the
		// two can't be distinguished. The request is refused either way.
		f.logger.V(debugVerbosity).Info("A token was not accepted", "why", authentication.Status.Error)
		return http.StatusUnauthorized, nil
	case !authentication.Status.Authenticated:
		return http.StatusUnauthorized, nil
	}

	user := authentication.Status.User
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, value := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(value)
	}
	access, err := f.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: "get"},
		},
	}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return 0, err
	case access.Status.Allowed && !access.Status.Denied:
		return http.StatusOK, nil
	case access.Status.EvaluationError != "" && !access.Status.Denied:
		// The API server could not decide.
		return 0, errors.New(access.Status.EvaluationError)
	}
	f.logger.V(debugVerbosity).Info("A request was refused", "user", user.Username, "path", path)
	return http.StatusForbidden, nil
}

// bearerToken returns the bearer token of a request, or an empty string.
func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
