// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestHooksMayBeNil(*testing.T) {
	var h Hooks
	h.syncBegan()
	h.syncEnded(resultSuccess, 0, nil)
	h.backedOff(0)
	h.podCreated(nil, nil)
	h.podDeleted("")
	h.statusWritten(nil, nil, time.Time{})
}

func TestPodCreatedReason(t *testing.T) {
	for _, tt := range []struct {
		status   v1alpha1.PerformerStatus
		revision string
		want     string
	}{
		{v1alpha1.PerformerStatus{}, "a", "first"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a"}, "b", "upgrade"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a", FailureCount: 1}, "a", "failure"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1, CurrentRevision: "a"}, "a", "replacement"},
		{v1alpha1.PerformerStatus{PodOrdinal: 1}, "a", "replacement"},
	} {
		got := ""
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{render.AnnotationRevision: tt.revision}}}
		Hooks{PodCreated: func(reason string) { got = reason }}.podCreated(&v1alpha1.Performer{Status: tt.status}, pod)
		if got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.status, got, tt.want)
		}
	}
}

func TestUpgradeResult(t *testing.T) {
	now := time.Now()
	started := metav1.NewTime(now.Add(-time.Minute))
	status := func(current, update string) v1alpha1.PerformerStatus {
		return v1alpha1.PerformerStatus{CurrentRevision: current, UpdateRevision: update, LastUpgrade: &started}
	}
	for _, tt := range []struct {
		name          string
		before, after v1alpha1.PerformerStatus
		want          string
	}{
		{"the first revision", status("", "a"), status("a", "a"), ""},
		{"no upgrade", status("a", "a"), status("a", "a"), ""},
		{"started", status("a", "a"), status("a", "b"), ""},
		{"in progress", status("a", "b"), status("a", "b"), ""},
		{"completed", status("a", "b"), status("b", "b"), "completed"},
		{"completed, and the next one started", status("a", "b"), status("b", "c"), "completed"},
		{"superseded", status("a", "b"), status("a", "c"), "superseded"},
		{"rolled back", status("a", "b"), status("a", "a"), "rolled_back"},
	} {
		got, took := "", 0.0
		Hooks{Upgraded: func(result string, seconds float64) { got, took = result, seconds }}.statusWritten(&tt.before, &tt.after, now)
		if got != tt.want || got != "" && int(took) != 60 {
			t.Errorf("%s: got %q after %g s, want %q", tt.name, got, took, tt.want)
		}
	}
}

// TestEveryValueBeginsAtZero checks that each list of values for metrics has all constants of its kind.
func TestEveryValueBeginsAtZero(t *testing.T) {
	for _, tt := range []struct {
		dir, of string // the type of the constants, or the prefix of those without a type
		values  []string
	}{
		{".", "result", SyncResults},
		{".", "created", CreationReasons},
		{"../performer", "DeleteReason", DeletionReasons},
		{".", "upgrade", UpgradeResults},
		{"../performer/disruptions", "Kind", DisruptionKinds},
		{"../performer/disruptions", "Outcome", DisruptionOutcomes},
	} {
		constants := textConstants(t, tt.dir, tt.of)
		if values := slices.Sorted(slices.Values(tt.values)); len(constants) < 2 || !slices.Equal(values, constants) {
			t.Errorf("%s in %s: the metrics begin with %q, the constants are %q", tt.of, tt.dir, values, constants)
		}
	}
}

// textConstants returns the values, sorted, of the constants of a package that are texts, and have the given
// type, or no type and a name with the given prefix.
func textConstants(t *testing.T, dir, of string) (values []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				spec := spec.(*ast.ValueSpec)
				typed, _ := spec.Type.(*ast.Ident)
				for i, value := range spec.Values {
					literal, ok := value.(*ast.BasicLit)
					if !ok || literal.Kind != token.STRING || typed != nil && typed.Name != of || typed == nil && !strings.HasPrefix(spec.Names[i].Name, of) {
						continue
					}
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, text)
				}
			}
		}
	}
	slices.Sort(values)
	return values
}
