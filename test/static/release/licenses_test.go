// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"strings"
	"testing"
)

const mit = "Permission is hereby granted, free of\ncharge, to any person obtaining a copy of this software\n"

// TestVerifyLicenses runs hack/verify-licenses.sh on a vendor folder with one module.
func TestVerifyLicenses(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string // empty: it passes
	}{
		"allowed":                    {map[string]string{"LICENSE": mit}, ""},
		"by another name":            {map[string]string{"COPYING.txt": mit}, ""},
		"not allowed":                {map[string]string{"LICENSE": "GNU GENERAL PUBLIC LICENSE Version 3"}, `"GNU GENERAL PUBLIC"`},
		"allowed, with a condition":  {map[string]string{"LICENSE": mit + "The Commons Clause applies."}, `"Commons Clause"`},
		"advertising clause":         {map[string]string{"LICENSE": "Redistribution and use in source and binary forms\nAll advertising materials"}, `"BSD-4-Clause"`},
		"unknown":                    {map[string]string{"LICENSE": "Ask me first."}, "unknown license in"},
		"none":                       {map[string]string{"code.go": "package code"}, "no license file in"},
		"only of a package in it":    {map[string]string{"inner/LICENSE": mit}, "no license file in"},
		"not allowed further within": {map[string]string{"LICENSE": mit, "inner/LICENSE": "Mozilla Public License"}, `"Mozilla Public"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			vendor := t.TempDir()
			write(t, vendor, "modules.txt", "# example.com/code v1.2.3\n## explicit\nexample.com/code\n")
			for path, content := range test.files {
				write(t, vendor, "example.com/code/"+path, content)
			}
			out, err := run(t, nil, "hack/verify-licenses.sh", vendor)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%v: %s", err, out)
			case test.want != "" && err == nil:
				t.Errorf("passed, want %s: %s", test.want, out)
			case !strings.Contains(out, test.want) || !strings.Contains(out, "example.com/code"):
				t.Errorf("got %s, want it to name the module and say %s", out, test.want)
			}
		})
	}
}
