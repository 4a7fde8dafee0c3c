// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"strings"
	"testing"
)

// vulnerable creates a vulnerability database with one function, in every version of its module.
func vulnerable(t *testing.T, module, pkg, function string) string {
	t.Helper()
	dir := t.TempDir()
	const when = "2026-01-01T00:00:00Z"
	write(t, dir, "index/db.json", fmt.Sprintf(`{"modified":%q}`, when))
	write(t, dir, "index/modules.json", fmt.Sprintf(`[{"path":%q,"vulns":[{"id":"GO-2026-0001","modified":%q}]}]`, module, when))
	write(t, dir, "ID/GO-2026-0001.json", fmt.Sprintf(`{
		"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": %q, "published": %q, "summary": "made up",
		"affected": [{
			"package": {"name": %q, "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
			"ecosystem_specific": {"imports": [{"path": %q, "symbols": [%q]}]}
		}]}`, when, when, module, pkg, function))
	return "file://" + dir
}

// TestVulncheck runs hack/vulncheck.sh with a vulnerability that is called, with one that is not, and without a database.
func TestVulncheck(t *testing.T) {
	// A small part of the program, to be fast.
	const types = "./pkg/apis/hourglass/v1alpha1"
	called := vulnerable(t, "k8s.io/apimachinery", "k8s.io/apimachinery/pkg/runtime/schema", "GroupVersion.WithResource")
	uncalled := vulnerable(t, "k8s.io/apimachinery", "k8s.io/apimachinery/pkg/util/framer", "NewLengthDelimitedFrameReader")
	tests := map[string]struct {
		db     string
		args   []string
		passes bool
		says   string
	}{
		"nothing that is called":        {uncalled, []string{types}, true, "No vulnerabilities found"},
		"a finding":                     {called, []string{"--if-reachable", types}, false, "GO-2026-0001"},
		"no database":                   {"file://" + t.TempDir(), nil, false, "NOT RUN"},
		"no database, nor need for one": {"http://127.0.0.1:1", []string{"--if-reachable"}, true, "NOT RUN"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, []string{"VULNDB=" + test.db}, "hack/vulncheck.sh", test.args...)
			if passed := err == nil; passed != test.passes || !strings.Contains(out, test.says) {
				t.Errorf("passed: %t, want %t and %q: %s", passed, test.passes, test.says, out)
			}
		})
	}
}
