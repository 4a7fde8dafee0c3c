//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// registry is an image registry in memory, which implements only pushing.
type registry struct {
	// address is host:port, on the loopback interface.
	address string

	mu sync.Mutex
	// uploads are the unfinished blobs by path, blobs the complete ones by digest, manifests the
	// manifests by path.
	uploads, blobs, manifests map[string][]byte
}

// startRegistry starts a registry that runs until the end of the test.
func startRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{uploads: map[string][]byte{}, blobs: map[string][]byte{}, manifests: map[string][]byte{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.address = strings.TrimPrefix(server.URL, "http://")
	return r
}

// manifest returns the manifest that was pushed as repository:tag, nil if there is none.
func (r *registry) manifest(repository, tag string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.manifests["/v2/"+repository+"/manifests/"+tag]
}

// blob returns a pushed blob, nil if it was not pushed.
func (r *registry) blob(digest string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.blobs[digest]
}

// ServeHTTP implements http.Handler.
func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	path := request.URL.Path
	_, digest, isBlob := strings.Cut(path, "/blobs/")
	switch {
	case request.Method == http.MethodGet && path == "/v2/":
	case request.Method == http.MethodHead && isBlob && r.blobs[digest] != nil:
	case request.Method == http.MethodPost && strings.HasSuffix(path, "/blobs/uploads/"):
		upload := fmt.Sprintf("%s%d", path, len(r.uploads))
		r.uploads[upload] = body
		w.Header().Set("Location", upload)
		w.WriteHeader(http.StatusAccepted)
	case request.Method == http.MethodPatch && r.uploads[path] != nil:
		r.uploads[path] = append(r.uploads[path], body...)
		w.Header().Set("Location", path)
		w.WriteHeader(http.StatusAccepted)
	case request.Method == http.MethodPut && r.uploads[path] != nil:
		blob := slices.Concat(r.uploads[path], body)
		digest := request.URL.Query().Get("digest")
		if got := fmt.Sprintf("sha256:%x", sha256.Sum256(blob)); got != digest {
			http.Error(w, "the digest is "+got, http.StatusBadRequest)
			return
		}
		r.blobs[digest] = blob
		w.WriteHeader(http.StatusCreated)
	case request.Method == http.MethodPut && strings.Contains(path, "/manifests/"):
		r.manifests[path] = body
		w.WriteHeader(http.StatusCreated)
	default:
		http.NotFound(w, request)
	}
}
