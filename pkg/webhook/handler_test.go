// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestInvalidRequests(t *testing.T) {
	var served seen
	h := newTestHandler(performer.Settings{}, &served)
	deep := strings.Repeat(`[`, 20000)
	for _, tt := range []struct {
		name, method, path, media, body string
		status                          int
		want                            string
	}{
		{"GET", http.MethodGet, ValidatePath, "application/json", "", http.StatusMethodNotAllowed, "invalid method: expected POST"},
		{"a form", http.MethodPost, ValidatePath, "application/x-www-form-urlencoded", "a=b", http.StatusUnsupportedMediaType, "invalid Content-Type: expected application/json"},
		{"no content type", http.MethodPost, ValidatePath, "", "{}", http.StatusUnsupportedMediaType, "invalid Content-Type: expected application/json"},
		{"no body", http.MethodPost, ValidatePath, "application/json", "", http.StatusBadRequest, "invalid body: expected an AdmissionReview in JSON"},
		{"no JSON", http.MethodPost, MutatePath, "application/json", planted, http.StatusBadRequest, "invalid body: expected an AdmissionReview in JSON"},
		{"truncated", http.MethodPost, ValidatePath, "application/json; charset=utf-8", create(performerJSON("x", good))[:200], http.StatusBadRequest, "invalid body: expected an AdmissionReview in JSON"},
		{"deep", http.MethodPost, ValidatePath, "application/json", deep, http.StatusBadRequest, "invalid body: expected an AdmissionReview in JSON"},
		{"no request", http.MethodPost, ValidatePath, "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, http.StatusBadRequest, "request is missing in the AdmissionReview"},
		{"no uid", http.MethodPost, ValidatePath, "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}`, http.StatusBadRequest, "request.uid is missing in the AdmissionReview"},
		{"an earlier version", http.MethodPost, ValidatePath, "application/json", strings.Replace(create("{}"), "k8s.io/v1", "k8s.io/v1beta1", 1), http.StatusBadRequest, "invalid body: expected kind AdmissionReview and apiVersion admission.k8s.io/v1"},
		{"10 MB", http.MethodPost, ValidatePath, "application/json", strings.Repeat(" ", 10<<20), http.StatusRequestEntityTooLarge, "invalid body: expected at most 4194304 bytes"},
		{"another path", http.MethodPost, "/", "application/json", "{}", http.StatusNotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			served = nil
			request := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			if tt.media != "" {
				request.Header.Set("Content-Type", tt.media)
			}
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			if recorder.Code != tt.status || !strings.Contains(recorder.Body.String(), tt.want) {
				t.Errorf("got %d %s, want %d %s", recorder.Code, recorder.Body, tt.status, tt.want)
			}
			if strings.Contains(recorder.Body.String(), planted) {
				t.Errorf("the response quotes the request: %s", recorder.Body)
			}
			if tt.status != http.StatusNotFound && (len(served) != 1 || !strings.HasSuffix(served[0], " error")) {
				t.Errorf("counted as %q", served)
			}
		})
	}
}

// TestBodyOfUnknownLength sends a body that is too large, without a Content-Length.
func TestBodyOfUnknownLength(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, ValidatePath, strings.NewReader(strings.Repeat(" ", maxBody+1)))
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = -1
	recorder := httptest.NewRecorder()
	newTestHandler(performer.Settings{}, nil).ServeHTTP(recorder, request)
	if recorder.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", recorder.Code)
	}
}

// slowBodies opens connections that begin the body of a review and wait, and returns once the handler
// reads the bodies.
func slowBodies(t *testing.T, server *httptest.Server, count int, length int64, begin string) []net.Conn {
	t.Helper()
	var slow []net.Conn
	for range count {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", ValidatePath, length)
		// The server sends this line when the handler begins to read.
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q %v", line, err)
		}
		if _, err := conn.Write([]byte(begin)); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	return slow
}

// TestSlowBodiesTakeNoTurn has clients that send the first byte of a body and wait.
func TestSlowBodiesTakeNoTurn(t *testing.T) {
	h := newTestHandler(performer.Settings{}, nil)
	server := httptest.NewServer(h)
	defer server.CloseClientConnections()
	slowBodies(t, server, 4*maxDeciding, 100, "{")
	if response := responseOf(t, post(h, ValidatePath, create(performerJSON("x", good)))); !response.Allowed {
		t.Errorf("denied: %+v", response.Result)
	}
	if taken := h.turns.Taken(); taken > 0 {
		t.Errorf("%d turns are taken while nothing is decided", taken)
	}
}

// TestLargeBodiesAreBounded has a client that begins more large bodies than the handler holds. It must
// lose some of them, and another client must lose nothing.
func TestLargeBodiesAreBounded(t *testing.T) {
	h := newTestHandler(performer.Settings{}, nil)
	server := httptest.NewServer(h)
	defer server.CloseClientConnections()
	slow := slowBodies(t, server, maxBodies/maxBody+1, maxBody, strings.Repeat(" ", maxBody-1))
	refused := make(chan string, len(slow))
	for _, conn := range slow {
		go func() {
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return // the end of the test
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			refused <- fmt.Sprintf("%d %s", response.StatusCode, text)
		}()
	}
	if got := <-refused; got != "429 too many bytes in requests from this address: try again\n" {
		t.Errorf("got %q", got)
	}
	if response := responseOf(t, post(h, ValidatePath, create(performerJSON("x", good)))); !response.Allowed {
		t.Errorf("denied: %+v", response.Result)
	}
}

// TestTurnsAreShared has clients take all turns of a client, and then those of everybody.
func TestTurnsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHandler(performer.Settings{}, nil)
		take := func(client string) {
			t.Helper()
			for range maxDecidingPerClient {
				if _, err := h.turns.Take(t.Context(), client); err != nil {
					t.Fatal(err)
				}
			}
		}
		take("a")
		if response := responseOf(t, post(h, ValidatePath, create(performerJSON("x", good)))); !response.Allowed {
			t.Errorf("denied: %+v", response.Result)
		}
		take("b")
		begin := time.Now()
		if recorder := post(h, ValidatePath, create(performerJSON("x", good))); recorder.Code != http.StatusTooManyRequests ||
			recorder.Body.String() != "too many requests in flight: try again\n" || time.Since(begin) != maxWait {
			t.Errorf("status %d %q after %s", recorder.Code, recorder.Body, time.Since(begin))
		}
	})
}

func TestPanicFailsOneRequest(t *testing.T) {
	var served seen
	h := newTestHandler(performer.Settings{}, &served)
	h.mux.HandleFunc("/panics", h.serve("validate", func(*admissionv1.AdmissionRequest, performer.Settings) *admissionv1.AdmissionResponse {
		panic(planted)
	}))
	recorder := post(h, "/panics", create(performerJSON("x", good)))
	if recorder.Code != http.StatusInternalServerError || strings.Contains(recorder.Body.String(), planted) || !slices.Equal(served, seen{"validate error"}) {
		t.Errorf("got %d %s, counted as %q", recorder.Code, recorder.Body, served)
	}
	if h.turns.Taken() != 0 {
		t.Error("the turn did not end")
	}
}

func TestDrainClosesConnections(t *testing.T) {
	h := newTestHandler(performer.Settings{}, nil)
	server := httptest.NewServer(h)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, draining := range []bool{false, true} {
		if draining {
			h.Drain()
		}
		body := create(performerJSON("x", good))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", ValidatePath, len(body), body)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(response.Body).Decode(&review); err != nil || !review.Response.Allowed {
			t.Errorf("the response: %v", err)
		}
		response.Body.Close()
		if response.Close != draining {
			t.Errorf("connection closed: %v, want %v", response.Close, draining)
		}
	}
}
