// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The limits of what the typed client adds to a program that imports it, not counting the standard
// library. docs/client.md states them.
const (
	maxPackages = 320
	maxModules  = 55
)

// TestDependencies counts the packages and modules that this program is built from, and rejects
// those that a client must not need.
func TestDependencies(t *testing.T) {
	const operator = "github.com/Layr-Labs/hourglass-operator/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	var modules []string
	for line := range strings.Lines(string(out)) {
		path, module, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			continue
		}
		if rest, is := strings.CutPrefix(path, operator); is && !strings.HasPrefix(rest, "pkg/apis/") && !strings.HasPrefix(rest, "pkg/generated/") && rest != "examples/client" {
			t.Errorf("%s is imported: a client must need only pkg/apis and pkg/generated of the operator", path)
		}
		if strings.HasPrefix(path, "sigs.k8s.io/controller-runtime") {
			t.Errorf("%s is imported: a client must not need controller-runtime", path)
		}
		packages++
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
		}
	}
	t.Logf("the typed client's example is built from %d packages of %d modules, not counting the standard library", packages, len(modules))
	if packages == 0 || packages > maxPackages || len(modules) > maxModules {
		t.Errorf("%d packages of %d modules, want at most %d of %d: is a package imported that a client does not need?",
			packages, len(modules), maxPackages, maxModules)
	}
}
