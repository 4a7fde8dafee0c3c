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

// lookAtPermissions is an obstacle when we may not even watch. With a list of namespaces that holds
// up none but the one that it is about, whose roles may yet be made. What else is missing is only
// told, since the controller does without: an API server that refuses a write says so at its object.
func (p *Preflight) lookAtPermissions(ctx context.Context) *obstacle {
	logger := klog.FromContext(ctx)
	missing, known, err := missingPermissions(ctx, p.client, wishes(p.namespaces, p.lease, p.others))
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		logger.Info("Not allowed to create selfsubjectaccessreviews, going on without the check")
		return nil
	case len(missing) == 0:
		return nil
	}

	user := whoAmI(ctx, p.client)
	blind := map[string][]string{} // by namespace, what we may not watch there
	for _, m := range missing {
		if m.essential {
			blind[m.namespace] = append(blind[m.namespace], m.String())
		}
	}
	if everywhere := blind[metav1.NamespaceAll]; len(everywhere) > 0 {
		slices.Sort(everywhere)
		list := strings.Join(everywhere, "; ")
		return &obstacle{kind: "permissions: " + list, message: fmt.Sprintf("%s may not %s: grant it, see deploy/", user, list)}
	}
	for _, namespace := range slices.Sorted(maps.Keys(blind)) {
		logger.Error(nil, fmt.Sprintf("Going on without namespace %s until it exists and may be watched: %s may not %s; grant it with a Role, see deploy/",
			namespace, user, strings.Join(blind[namespace], "; ")), "namespace", namespace)
	}
	for _, m := range missing {
		if _, told := blind[m.namespace]; !told {
			logger.Error(nil, fmt.Sprintf("Missing permission: %s may not %s: %s; grant it, see deploy/", user, m, m.without))
		}
	}
	return nil
}
