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

// Bounds of what callers can make us hold. Everybody in the cluster can call, not the API server alone.
const (
	// maxBody is room for a Performer and the one that it replaces: etcd takes 1.5 MiB of each.
	maxBody = 4 << 20
	// maxUnderWay requests are read and judged at once; further ones wait for a turn.
	maxUnderWay = 32
	// turnLimit is how long a request may wait for its turn. The API server waits for 5 s.
	turnLimit = 4 * time.Second
)

// How a request can end, for metrics.
const (
	resultAllowed = "allowed"
	resultDenied  = "denied"
	resultError   = "error" // no AdmissionReview could be answered
)

// The operations that metrics tell apart.
const (
	operationValidate = "validate"
	operationMutate   = "mutate"
)

// Words that Config.Served may be told.
var (
	Operations = []string{operationValidate, operationMutate}
	Results    = []string{resultAllowed, resultDenied, resultError}
)

// Config is what a Handler needs.
type Config struct {
	// Settings are those of the controller, so that both judge by the same.
	Settings performer.Settings
	// Served is told of each request: which webhook it was for, how it ended, and how many seconds it
	// took. It may be nil.
	Served func(operation, result string, seconds float64)
	// Logger gets what goes wrong here, never what is in a request.
	Logger klog.Logger
}

// Handler answers the API server's admission reviews of Performers.
type Handler struct {
	config   Config
	mux      *http.ServeMux
	turns    chan struct{}
	draining atomic.Bool
}

// NewHandler returns a handler of ValidatePath and MutatePath.
func NewHandler(c Config) *Handler {
	h := &Handler{config: c, mux: http.NewServeMux(), turns: make(chan struct{}, maxUnderWay)}
	h.mux.HandleFunc(ValidatePath, h.serve(operationValidate, validate))
	h.mux.HandleFunc(MutatePath, h.serve(operationMutate, mutate))
	return h
}

// Drain has each connection end with its next answer, so that no request is on its way on one that is
// closed when the server stops. New ones go to other replicas by then.
func (h *Handler) Drain() { h.draining.Store(true) }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if h.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	h.mux.ServeHTTP(w, r)
}

// httpError is what to answer to a request that is no admission review.
type httpError struct {
	status  int
	message string
}

// Error implements error.
func (e *httpError) Error() string { return e.message }

// serve returns the HTTP side of an admitter.
func (h *Handler) serve(operation string, admit admitter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		result := resultError
		defer func() {
			if cause := recover(); cause != nil {
				// What panicked may hold the Performer; the stack does not.
				h.config.Logger.Error(nil, "An admission panicked", "operation", operation, "stack", string(debug.Stack()))
				http.Error(w, "internal error: see the operator's log", http.StatusInternalServerError)
			}
			if h.config.Served != nil {
				h.config.Served(operation, result, time.Since(begin).Seconds())
			}
		}()
		review, err := h.read(w, r)
		if err != nil {
			status := http.StatusBadRequest
			if known := (*httpError)(nil); errors.As(err, &known) {
				status = known.status
			}
			if status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", http.MethodPost)
			}
			http.Error(w, err.Error(), status)
			return
		}
		response := admit(review.Request, h.config.Settings)
		response.UID = review.Request.UID
		data, err := json.Marshal(&admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
		if err != nil {
			http.Error(w, "internal error: the answer can't be written", http.StatusInternalServerError)
			return
		}
		result = resultDenied
		if response.Allowed {
			result = resultAllowed
		}
		w.Header().Set("Content-Type", "application/json")
		// Who no longer listens needs no answer.
		_, _ = w.Write(data)
	}
}

// read waits for a turn and reads the review of a request.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*admissionv1.AdmissionReview, error) {
	if r.Method != http.MethodPost {
		return nil, &httpError{http.StatusMethodNotAllowed, "an admission review comes by POST"}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, &httpError{http.StatusUnsupportedMediaType, "an admission review has Content-Type: application/json"}
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	timer := time.NewTimer(turnLimit)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-timer.C:
		return nil, &httpError{http.StatusTooManyRequests, "too many admissions at once: try again"}
	case <-r.Context().Done():
		return nil, &httpError{http.StatusRequestTimeout, "gave up waiting"}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, &httpError{http.StatusRequestTimeout, "the request did not come to its end"}
	}
	return decodeReview(data)
}

func tooLarge() error {
	return &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("an admission review has at most %d bytes", maxBody)}
}

// decodeReview reads an AdmissionReview with a request. Its errors don't quote it.
func decodeReview(data []byte) (*admissionv1.AdmissionReview, error) {
	review := &admissionv1.AdmissionReview{}
	if json.Unmarshal(data, review) != nil {
		return nil, errors.New("the body is no AdmissionReview in JSON")
	}
	want := admissionv1.SchemeGroupVersion.String()
	switch {
	case review.Kind != "AdmissionReview" || review.APIVersion != want:
		return nil, fmt.Errorf("the body must be an AdmissionReview of %s", want)
	case review.Request == nil:
		return nil, errors.New("the AdmissionReview has no request")
	case review.Request.UID == "":
		return nil, errors.New("the request of the AdmissionReview has no uid")
	}
	return review, nil
}
