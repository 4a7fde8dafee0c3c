// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"net/http"
	"net/http/pprof"
)

// profiles are the named profiles under /debug/pprof/. Each is a path of its own, so that access
// can be granted for each; other paths are not served.
var profiles = []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"}

// addProfiles adds the profiles to mux, each wrapped by protect.
func addProfiles(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	const root = "/debug/pprof/"
	mux.Handle(root+"{$}", protect(http.HandlerFunc(pprof.Index)))
	mux.Handle(root+"cmdline", protect(http.HandlerFunc(pprof.Cmdline)))
	mux.Handle(root+"profile", protect(http.HandlerFunc(pprof.Profile)))
	mux.Handle(root+"symbol", protect(http.HandlerFunc(pprof.Symbol)))
	mux.Handle(root+"trace", protect(http.HandlerFunc(pprof.Trace)))
	for _, name := range profiles {
		mux.Handle(root+name, protect(pprof.Handler(name)))
	}
}
