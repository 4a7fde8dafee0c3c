// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What the typed client may bring into a program that imports it, beside the standard library.
// docs/client.md promises it.
const (
	maxPackages = 320
	maxModules  = 55
)

// TestDependencies counts what is built into this program, and looks for what must not be.
func TestDependencies(t *testing.T) {
	const ours = "github.com/Layr-Labs/hourglass-operator/"
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
		if rest, is := strings.CutPrefix(path, ours); is && !strings.HasPrefix(rest, "pkg/apis/") && !strings.HasPrefix(rest, "pkg/generated/") && rest != "examples/client" {
			t.Errorf("%s is built in: a client needs nothing of ours but pkg/apis and pkg/generated", path)
		}
		if strings.HasPrefix(path, "sigs.k8s.io/controller-runtime") {
			t.Errorf("%s is built in", path)
		}
		packages++
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
		}
	}
	t.Logf("the typed client's example is built of %d packages of %d modules, the standard library apart", packages, len(modules))
	if packages == 0 || packages > maxPackages || len(modules) > maxModules {
		t.Errorf("%d packages of %d modules, and there may be %d of %d: is something imported that a client does not need?",
			packages, len(modules), maxPackages, maxModules)
	}
}
