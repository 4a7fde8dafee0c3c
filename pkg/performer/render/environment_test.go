// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

func TestEnvironmentOrder(t *testing.T) {
	secret := func(names ...string) (list []v1alpha1.EnvironmentVariableSource) {
		for _, name := range names {
			list = append(list, v1alpha1.EnvironmentVariableSource{Name: name, ValueFrom: v1alpha1.EnvironmentValueSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}})
		}
		return list
	}
	list := func(pairs ...string) (list []corev1.EnvVar) {
		for _, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			list = append(list, corev1.EnvVar{Name: name, Value: value})
		}
		return list
	}
	tests := []struct {
		name   string
		config v1alpha1.PerformerConfig
		want   string
	}{
		{"no references", v1alpha1.PerformerConfig{Environment: map[string]string{"B": "2", "A": "1"}, EnvironmentFrom: secret("S", "R"), Env: list("Y", "X")}, "A B S R Y X"},
		{"a reference", v1alpha1.PerformerConfig{Environment: map[string]string{"ADDR": "http://$(HOST):80", "HOST": "db", "AA": "", "Z": ""}}, "AA HOST ADDR Z"},
		{"a chain", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$(B)", "B": "$(C)-$(D)", "C": "", "D": "$(C)"}}, "C D B A"},
		{"an escape", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$$(B)", "B": ""}}, "A B"},
		{"an escape before a reference", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$$$(B)", "B": ""}}, "B A"},
		{"no reference", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$(B", "B": "$", "C": "$(D", "D": "$B $ (B)", "E": "$(F) $(nothing)"}}, "A B C D E"},
		{"itself", v1alpha1.PerformerConfig{Environment: map[string]string{"PATH": "$(PATH):/x", "A": ""}}, "A PATH"},
		{"a circle", v1alpha1.PerformerConfig{Environment: map[string]string{"B": "$(C)", "C": "$(B)", "D": ""}}, "B C D"},
		{"a circle that others refer to, and that refers to others", v1alpha1.PerformerConfig{
			Environment: map[string]string{"A": "$(M)", "M": "$(N)", "N": "$(M)$(Z)", "Z": ""}}, "Z M N A"},
		{"environmentFrom", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "", "URL": "https://$(TOKEN)@x"}, EnvironmentFrom: secret("S", "TOKEN", "T")}, "A S TOKEN URL T"},
		{"env", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$(Y)", "B": ""}, EnvironmentFrom: secret("S"), Env: list("X", "Y", "Z")}, "X Y A B S Z"},
		{"env that refers to the others", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "", "B": ""}, EnvironmentFrom: secret("S"), Env: list("X=$(S)$(B)", "Y=$(A)")}, "A B S X Y"},
		{"env that refers to itself, out of order", v1alpha1.PerformerConfig{Env: list("X=$(Y)", "Y=$(X)")}, "X Y"},
		{"env and environment that need each other", v1alpha1.PerformerConfig{Environment: map[string]string{"A": "$(Y)"}, Env: list("X=$(A)", "Y")}, "A X Y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := environment(&tt.config)
			var names []string
			for _, e := range env {
				names = append(names, e.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if !reflect.DeepEqual(env, environment(&tt.config)) {
				t.Error("the order varies")
			}
		})
	}
}
