// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// TestPageTellsTheSituations wants the table of docs/gitops.md to be what is tested here.
func TestPageTellsTheSituations(t *testing.T) {
	text, err := os.ReadFile(repository.Path("docs/gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| a Performer that is | kstatus: Flux, Helm 4 | Argo CD |\n|---|---|---|\n")
	for _, s := range situations {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", s.name, s.kstatus, s.argo)
	}
	if !strings.Contains(string(text), "\n"+table.String()+"\n") {
		t.Errorf("the page has another table than\n%s", table.String())
	}
}
