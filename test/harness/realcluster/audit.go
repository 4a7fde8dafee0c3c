// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Request is a request to the API server in its audit log.
type Request struct {
	Time time.Time `json:"requestReceivedTimestamp"`
	Verb string    `json:"verb"`
	URI  string    `json:"requestURI"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	Object struct {
		Resource  string `json:"resource"`
		Namespace string `json:"namespace"`
	} `json:"objectRef"`
	Response struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s %s: %d", r.Time.Format("15:04:05.000"), r.Verb, r.URI, r.Response.Code)
}

// AuditLog is the API server's audit log.
type AuditLog struct {
	// path is the path of the current file. Older files are next to it, with the time in their
	// names.
	path string
}

// AuditLog returns the API server's audit log, and skips the test if there is none.
func (c *Cluster) AuditLog(t *testing.T) AuditLog {
	t.Helper()
	if c.auditLog == "" {
		t.Skipf("the cluster's audit log is not known: set %s", EnvAuditLog)
	}
	return AuditLog{path: c.auditLog}
}

// Requests returns the requests of a user since a time, and the time until which the log is
// complete.
func (l AuditLog) Requests(username string, since time.Time) (requests []Request, until time.Time, err error) {
	extension := filepath.Ext(l.path)
	paths, err := filepath.Glob(strings.TrimSuffix(l.path, extension) + "*" + extension)
	if err != nil || len(paths) == 0 {
		return nil, until, fmt.Errorf("no audit log at %s: %w", l.path, errors.Join(err, os.ErrNotExist))
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.ModTime().Before(since) {
			// Renamed or removed since Glob, or complete before that time.
			continue
		}
		found, last, err := readAuditFile(path, username, since)
		if err != nil {
			return nil, until, err
		}
		requests = append(requests, found...)
		if last.After(until) {
			until = last
		}
	}
	return requests, until, nil
}

// readAuditFile returns the requests of a user since a time, and the time of the last request in
// the file.
func readAuditFile(path, username string, since time.Time) (requests []Request, last time.Time, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, last, err
	}
	// Anything after the last line break is still being written.
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	var line, user []byte
	user = []byte(username)
	for lines.Scan() {
		line = lines.Bytes()
		// Decoding is slow, and most requests are from other users.
		if !bytes.Contains(line, user) {
			continue
		}
		var request Request
		if err := json.Unmarshal(line, &request); err != nil {
			return nil, last, fmt.Errorf("%s: %w", path, err)
		}
		if request.User.Username == username && !request.Time.Before(since) {
			requests = append(requests, request)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, last, fmt.Errorf("%s: %w", path, err)
	}
	if len(line) > 0 {
		var request Request
		if err := json.Unmarshal(line, &request); err != nil {
			return nil, last, fmt.Errorf("%s: %w", path, err)
		}
		last = request.Time
	}
	return requests, last, nil
}
