// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// CheckAll checks once, for --check. Unlike Wait it returns an error for every missing permission,
// also for those that a manager can work without, except the optional ones: an installation may
// do without them on purpose.
func (p *Preflight) CheckAll(ctx context.Context) error {
	for _, step := range []func(context.Context) *unmet{p.checkServer, p.checkCRD} {
		if found := step(ctx); found != nil {
			return found
		}
	}
	all, known, err := missingPermissions(ctx, p.Client, p.requiredPermissions())
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		return errors.New("can't check permissions: grant create on selfsubjectaccessreviews (authorization.k8s.io)")
	}
	var texts []string
	for _, m := range all {
		if !m.optional {
			texts = append(texts, m.String())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return fmt.Errorf("%s may not %s: grant it, see deploy/", currentUser(ctx, p.Client), strings.Join(texts, "; "))
}
