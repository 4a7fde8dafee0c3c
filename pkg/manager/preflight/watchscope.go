// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

// checkPermissions finds out whether the manager may watch its namespaces, without which it can't
// start. With a list of namespaces, one that it may not watch delays none of the others, and its
// Role may be created later. Any other missing permission is only logged: the controller works
// without it, and an API server that refuses a write is reported at the object.
func (p *Preflight) checkPermissions(ctx context.Context) *unmet {
	logger := klog.FromContext(ctx)
	all, known, err := missingPermissions(ctx, p.Client, p.requiredPermissions())
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		logger.Info("Skipping the check of permissions: not allowed to create selfsubjectaccessreviews")
		return nil
	}
	p.missing = all
	if len(all) == 0 {
		return nil
	}

	user := currentUser(ctx, p.Client)
	unwatched := map[string][]string{} // the missing permissions of each namespace that can't be watched
	for _, m := range all {
		if m.essential {
			unwatched[m.namespace] = append(unwatched[m.namespace], m.String())
		}
	}
	if everywhere := unwatched[metav1.NamespaceAll]; len(everywhere) > 0 {
		slices.Sort(everywhere)
		list := strings.Join(everywhere, "; ")
		return &unmet{kind: "permissions: " + list, message: fmt.Sprintf("%s may not %s: grant it, see deploy/", user, list)}
	}
	for _, namespace := range slices.Sorted(maps.Keys(unwatched)) {
		logger.Error(nil, fmt.Sprintf("Skipping namespace %s until it exists and the manager may watch it: %s may not %s: grant it with a Role, see deploy/",
			namespace, user, strings.Join(unwatched[namespace], "; ")), "namespace", namespace)
	}
	for _, m := range all {
		_, reported := unwatched[m.namespace]
		switch {
		case reported:
		case m.optional:
			logger.Info(fmt.Sprintf("Working without an optional permission: %s may not %s: %s; to change that, grant it, see deploy/, and restart the manager", user, m, m.consequence))
		default:
			logger.Error(nil, fmt.Sprintf("Missing permission: %s may not %s: %s; grant it, see deploy/", user, m, m.consequence))
		}
	}
	return nil
}

// Nodes reports whether the manager may read nodes, as far as the last check found out.
func (p *Preflight) Nodes() bool { return !p.lacks(nodePermission) }

// Budgets returns the namespaces of the watch scope in which the manager may use PodDisruptionBudgets, as far
// as the last check found out; metav1.NamespaceAll means all of them.
func (p *Preflight) Budgets() []string {
	var allowed []string
	for _, namespace := range p.watchScope() {
		if !p.lacks(budgetPermission.in(namespace)) {
			allowed = append(allowed, namespace)
		}
	}
	return allowed
}

// Evictions returns the namespaces of the watch scope in which the manager is a responder of Evictions, as far
// as the last check found out; metav1.NamespaceAll means all of them.
func (p *Preflight) Evictions() []string {
	var allowed []string
	for _, namespace := range p.watchScope() {
		if p.EvictionResponder && !p.lacks(evictionPermissions[0].in(namespace)) {
			allowed = append(allowed, namespace)
		}
	}
	return allowed
}

func (p *Preflight) lacks(wanted permission) bool {
	return slices.ContainsFunc(p.missing, func(m missing) bool {
		return m.group == wanted.group && m.resource == wanted.resource && m.namespace == wanted.namespace
	})
}
