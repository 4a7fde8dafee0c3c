// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// environment returns the container's variables in an order that depends on the spec alone: environment
// sorted by name, environmentFrom, then env. The kubelet replaces $(NAME) in a value only if NAME is
// further up, so the variables that environment refers to are moved up to the one that refers to them.
func environment(config *v1alpha1.PerformerConfig) []corev1.EnvVar {
	env := make([]corev1.EnvVar, 0, len(config.Environment)+len(config.EnvironmentFrom)+len(config.Env))
	for _, name := range slices.Sorted(maps.Keys(config.Environment)) {
		env = append(env, corev1.EnvVar{Name: name, Value: config.Environment[name]})
	}
	for _, from := range config.EnvironmentFrom {
		env = append(env, corev1.EnvVar{Name: from.Name, ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef:    from.ValueFrom.SecretKeyRef,
			ConfigMapKeyRef: from.ValueFrom.ConfigMapKeyRef,
		}})
	}
	return referredFirst(append(env, config.Env...), len(config.Environment), len(config.Environment)+len(config.EnvironmentFrom))
}

// referredFirst moves the variables that others refer to before these. Two lists begin at the given
// indexes, the second one in the form of a pod. Lists keep their order, and in the second one that is the
// user's decision: it is not changed for references within it. Variables that refer to each other in a
// circle keep their order too, since no order is right.
func referredFirst(env []corev1.EnvVar, firstList, secondList int) []corev1.EnvVar {
	index := make(map[string]int, len(env))
	for i := range env {
		index[env[i].Name] = i
	}
	// before returns the variables that must come before the given one.
	before := func(i int) (others []int) {
		if i > firstList && i != secondList {
			others = append(others, i-1)
		}
		for _, name := range references(env[i].Value) {
			if j, ok := index[name]; ok && (i < secondList || j < secondList) {
				others = append(others, j)
			}
		}
		return others
	}

	// Tarjan's algorithm finds the circles, each after those that it depends on. A variable that is in
	// none is a circle of its own.
	ordered := make([]corev1.EnvVar, 0, len(env))
	var path []int
	onPath := make([]bool, len(env))
	visited := make([]int, len(env)) // when a variable was visited first, from 1 on
	lowest := make([]int, len(env))  // the earliest visit on the path that is known to be in a circle with it
	visits := 0
	var visit func(i int)
	visit = func(i int) {
		visits++
		visited[i], lowest[i] = visits, visits
		path, onPath[i] = append(path, i), true
		for _, j := range before(i) {
			if visited[j] == 0 {
				visit(j)
				lowest[i] = min(lowest[i], lowest[j])
			} else if onPath[j] {
				lowest[i] = min(lowest[i], visited[j])
			}
		}
		if lowest[i] != visited[i] {
			return
		}
		start := slices.Index(path, i)
		circle := path[start:]
		slices.Sort(circle)
		for _, j := range circle {
			ordered, onPath[j] = append(ordered, env[j]), false
		}
		path = path[:start]
	}
	for i := range env {
		if visited[i] == 0 {
			visit(i)
		}
	}
	return ordered
}

// references returns the names in a value that the kubelet replaces, which are written $(NAME). Two
// dollar signs are an escape: $$(NAME) refers to nothing.
func references(value string) []string {
	var names []string
	for i := 0; i+1 < len(value); i++ {
		if value[i] != '$' {
			continue
		}
		i++
		if value[i] != '(' {
			continue
		}
		length := strings.IndexByte(value[i:], ')')
		if length < 0 {
			return names
		}
		names = append(names, value[i+1:i+length])
		i += length
	}
	return names
}
