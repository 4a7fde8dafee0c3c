// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
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
	// maxInFlight is how many requests are read and decided at a time. Further requests wait.
	maxInFlight = 32
	// maxWait is how long a request waits for one of those slots. The API server waits for 5 s.
	maxWait = 4 * time.Second
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
	slots    chan struct{}
	draining atomic.Bool
}

// NewHandler returns a handler for ValidatePath and MutatePath.
func NewHandler(c Config) *Handler {
	h := &Handler{config: c, mux: http.NewServeMux(), slots: make(chan struct{}, maxInFlight)}
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
		review, err := h.read(w, r)
		if err != nil {
			respondError(w, err)
			return
		}
		response := admit(review.Request, h.config.Settings)
		response.UID = review.Request.UID
		data, err := json.Marshal(&admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
		if err != nil {
			http.Error(w, "internal error: the response cannot be encoded", http.StatusInternalServerError)
			return
		}
		result = resultDenied
		if response.Allowed {
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

// read waits for a slot, and reads the review of a request.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*admissionv1.AdmissionReview, error) {
	if r.Method != http.MethodPost {
		return nil, &httpError{http.StatusMethodNotAllowed, "invalid method: expected POST"}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, &httpError{http.StatusUnsupportedMediaType, "invalid Content-Type: expected application/json"}
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-timer.C:
		return nil, &httpError{http.StatusTooManyRequests, fmt.Sprintf("more than %d requests in flight: try again", maxInFlight)}
	case <-r.Context().Done():
		return nil, &httpError{http.StatusRequestTimeout, "the request was canceled before it was read"}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, &httpError{http.StatusRequestTimeout, "invalid body: it ended early"}
	}
	return decodeReview(data)
}

func tooLarge() error {
	return &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("invalid body: expected at most %d bytes", maxBody)}
}
