// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/fairness"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// The paths of the webhooks.
const (
	ValidatePath = "/validate-hourglass-eigenlayer-io-v1alpha1-performer"
	MutatePath   = "/mutate-hourglass-eigenlayer-io-v1alpha1-performer"
)

// Limits of what a caller can use up. Everybody in the cluster can call, not only the API server.
const (
	// maxBody is the largest accepted body in bytes. It has room for a Performer and the one that
	// it replaces: etcd stores at most 1.5 MiB of each.
	maxBody = 4 << 20
	// maxBodies is how many bytes of bodies are held at a time, while they are read and until they
	// are decided. If there are more, the client with most of them loses one.
	maxBodies = 64 << 20
	// maxDeciding is how many requests are decided at a time, and maxDecidingPerClient how many of one
	// client. Further requests wait. A decision takes milliseconds and, for the largest body, about 20
	// MiB of memory. It does not wait for anybody, since the body was read before.
	maxDeciding          = 8
	maxDecidingPerClient = 4
	// maxWait is how long a request waits for its turn. The API server waits for 5 s.
	maxWait = 4 * time.Second
)

// The errors of requests that exceed the limits.
var (
	errTooManyRequests = &httpError{http.StatusTooManyRequests, "too many requests in flight: try again"}
	errTooManyBytes    = &httpError{http.StatusTooManyRequests, "too many bytes in requests from this address: try again"}
)

// The results of a request in metrics.
const (
	resultAllowed = "allowed"
	resultDenied  = "denied"
	resultError   = "error" // the response is not an AdmissionReview
)

// The operations in metrics.
const (
	operationValidate = "validate"
	operationMutate   = "mutate"
)

// Operations and Results are the values that Config.Served can be called with.
var (
	Operations = []string{operationValidate, operationMutate}
	Results    = []string{resultAllowed, resultDenied, resultError}
)

// Config configures a Handler.
type Config struct {
	// Settings are the controller's settings, so that the webhooks and the controller decide alike.
	Settings performer.Settings
	// Served is called after each request with the webhook, the result, and the duration in
	// seconds. It may be nil.
	Served func(operation, result string, seconds float64)
	// Logger logs failures of the handler, and never the content of a request.
	Logger klog.Logger
}

// Handler responds to the API server's admission reviews of Performers.
type Handler struct {
	config   Config
	mux      *http.ServeMux
	bodies   *fairness.Pool
	turns    *fairness.Turns
	draining atomic.Bool
}

// NewHandler returns a handler for ValidatePath and MutatePath.
func NewHandler(c Config) *Handler {
	h := &Handler{
		config: c, mux: http.NewServeMux(),
		bodies: fairness.NewPool(maxBodies), turns: fairness.NewTurns(maxDeciding, maxDecidingPerClient),
	}
	h.mux.HandleFunc(ValidatePath, h.serve(operationValidate, validate))
	h.mux.HandleFunc(MutatePath, h.serve(operationMutate, mutate))
	return h
}

// Drain closes each connection after its next response, so that no request is on its way on a
// connection that the stopping server closes. New connections go to other replicas by then.
func (h *Handler) Drain() { h.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if h.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	h.mux.ServeHTTP(w, r)
}

// httpError is the response to a request that is not an admission review.
type httpError struct {
	status  int
	message string
}

// Error implements error.
func (e *httpError) Error() string { return e.message }

// serve returns the HTTP handler of a webhook.
func (h *Handler) serve(operation string, admit admitFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		result := resultError
		defer func() {
			if cause := recover(); cause != nil {
				// The cause may contain the Performer; the stack does not.
				h.config.Logger.Error(nil, "An admission webhook panicked", "operation", operation, "stack", string(debug.Stack()))
				http.Error(w, "internal error: see the operator's log", http.StatusInternalServerError)
			}
			if h.config.Served != nil {
				h.config.Served(operation, result, time.Since(start).Seconds())
			}
		}()
		review, err := h.review(w, r, admit)
		if err != nil {
			respondError(w, err)
			return
		}
		data, err := json.Marshal(review)
		if err != nil {
			http.Error(w, "internal error: the response cannot be encoded", http.StatusInternalServerError)
			return
		}
		result = resultDenied
		if review.Response.Allowed {
			result = resultAllowed
		}
		w.Header().Set("Content-Type", "application/json")
		// A write fails only if the client is gone, and then nobody needs the response.
		_, _ = w.Write(data)
	}
}

// respondError responds to a request that is not an admission review.
func respondError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if known := (*httpError)(nil); errors.As(err, &known) {
		status = known.status
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, err.Error(), status)
}

// review reads the review of a request, and returns it with the response in place of the request.
func (h *Handler) review(w http.ResponseWriter, r *http.Request, admit admitFunc) (*admissionv1.AdmissionReview, error) {
	if r.Method != http.MethodPost {
		return nil, &httpError{http.StatusMethodNotAllowed, "invalid method: expected POST"}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, &httpError{http.StatusUnsupportedMediaType, "invalid Content-Type: expected application/json"}
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	client := fairness.Client(r.RemoteAddr)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	connection := http.NewResponseController(w)
	holding := h.bodies.Enter(client, 0, func() {
		cancel(errTooManyBytes)
		_ = connection.SetReadDeadline(time.Now()) // ends a read that waits for the client
	})
	defer holding.Leave()
	data, err := readBody(ctx, http.MaxBytesReader(w, r.Body, maxBody), holding)
	if err != nil {
		return nil, err
	}

	ctx, cancelWait := context.WithTimeoutCause(ctx, maxWait, errTooManyRequests)
	defer cancelWait()
	done, err := h.turns.Take(ctx, client)
	if err != nil {
		return nil, err
	}
	defer done()
	review, err := decodeReview(data)
	if err != nil {
		return nil, err
	}
	response := admit(review.Request, h.config.Settings)
	response.UID = review.Request.UID
	return &admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response}, nil
}

// readBody reads a body, and counts each part of it as held by the client.
func readBody(ctx context.Context, body io.Reader, holding *fairness.Holding) ([]byte, error) {
	data, err := io.ReadAll(readerFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		holding.Grow(int64(n))
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		return n, err
	}))
	over, known := (*http.MaxBytesError)(nil), (*httpError)(nil)
	switch {
	case errors.As(err, &over):
		return nil, tooLarge()
	case errors.As(err, &known):
		return nil, known
	case err != nil:
		return nil, &httpError{http.StatusRequestTimeout, "invalid body: it ended early"}
	}
	return data, nil
}

// readerFunc makes a function implement io.Reader.
type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func tooLarge() error {
	return &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("invalid body: expected at most %d bytes", maxBody)}
}
