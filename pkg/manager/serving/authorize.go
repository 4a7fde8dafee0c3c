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
)

// What the API server said of a caller is believed for a while: long for one that may come in, since
// scrapes come every few seconds; short for one that may not, since the permission may just have
// been granted. That it could not be asked is not kept at all.
const (
	allowedFor = time.Minute
	refusedFor = 10 * time.Second
)

// Bounds of what callers can make us keep and ask.
const (
	maxCallers   = 256             // of each kind that are remembered
	maxReviews   = 4               // that are under way at once
	reviewsLimit = 5 * time.Second // for both reviews of a request, waiting for a turn included
)

// guard lets those requests through whose bearer token the API server knows, and allows to get the
// path that they ask for. Whatever goes wrong, nobody comes in.
type guard struct {
	client kubernetes.Interface
	logger klog.Logger
	turns  chan struct{}
	// Those who were refused are kept apart, so that a flood of them makes nobody else forgotten.
	allowed, refused *cache.LRUExpireCache
}

// visit is a token and what it is shown for. Tokens themselves are not kept.
type visit struct {
	token [sha256.Size]byte
	path  string
}

func newGuard(ctx context.Context, client kubernetes.Interface) *guard {
	return &guard{
		client:  client,
		logger:  klog.FromContext(ctx),
		turns:   make(chan struct{}, maxReviews),
		allowed: cache.NewLRUExpireCache(maxCallers),
		refused: cache.NewLRUExpireCache(maxCallers),
	}
}

// protect puts the guard before a handler that only reads.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		status := http.StatusMethodNotAllowed
		if r.Method == http.MethodGet {
			status = g.judge(r)
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

// judge returns StatusOK for a request that may pass, and otherwise what to answer.
func (g *guard) judge(r *http.Request) int {
	token := bearerToken(r)
	if token == "" {
		return http.StatusUnauthorized
	}
	v := visit{sha256.Sum256([]byte(token)), r.URL.Path}
	if status := g.remembered(v); status != 0 {
		return status
	}

	ctx, cancel := context.WithTimeout(r.Context(), reviewsLimit)
	defer cancel()
	select {
	case g.turns <- struct{}{}:
		defer func() { <-g.turns }()
	case <-ctx.Done():
		return http.StatusTooManyRequests
	}
	// Another request of the same caller may have had its turn meanwhile.
	if status := g.remembered(v); status != 0 {
		return status
	}
	status, err := g.review(ctx, token, v.path)
	switch {
	case err != nil:
		g.logger.Error(err, "Cannot check whether a request is authorized, refusing it", "path", v.path)
		return http.StatusInternalServerError
	case status == http.StatusOK:
		g.allowed.Add(v, status, allowedFor)
	default:
		g.refused.Add(v, status, refusedFor)
	}
	return status
}

// remembered returns the status that v had lately, or 0.
func (g *guard) remembered(v visit) int {
	for _, known := range []*cache.LRUExpireCache{g.allowed, g.refused} {
		if status, ok := known.Get(v); ok {
			return status.(int)
		}
	}
	return 0
}

// review asks the API server whose token it is, and what that user may do.
func (g *guard) review(ctx context.Context, token, path string) (status int, err error) {
	who, err := g.client.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return 0, err
	case !who.Status.Authenticated && who.Status.Error != "" && who.Status.User.Username == "":
		// An authenticator's own trouble is told in the same field as a bad token, so it cannot be
		// told from one. Nobody comes in either way.
		g.logger.V(debugLevel).Info("A token was not accepted", "why", who.Status.Error)
		return http.StatusUnauthorized, nil
	case !who.Status.Authenticated:
		return http.StatusUnauthorized, nil
	}

	user := who.Status.User
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, value := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(value)
	}
	may, err := g.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: "get"},
		},
	}, metav1.CreateOptions{})
	switch {
	case err != nil:
		return 0, err
	case may.Status.Allowed && !may.Status.Denied:
		return http.StatusOK, nil
	case may.Status.EvaluationError != "" && !may.Status.Denied:
		// Not even the API server knows.
		return 0, errors.New(may.Status.EvaluationError)
	}
	g.logger.V(debugLevel).Info("A request was refused", "user", user.Username, "path", path)
	return http.StatusForbidden, nil
}

// bearerToken returns the token of a request, or the empty text.
func bearerToken(r *http.Request) string {
	kind, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
