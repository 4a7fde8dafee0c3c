// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Strictly looks once, and takes for an error also what a manager would do without.
func (p *Preflight) Strictly(ctx context.Context) error {
	for _, step := range []func(context.Context) *obstacle{p.lookForServer, p.lookForCRD} {
		if found := step(ctx); found != nil {
			return found
		}
	}
	missing, known, err := missingPermissions(ctx, p.client, wishes(p.namespaces, p.lease, p.others))
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		return errors.New("can't check permissions: grant create on selfsubjectaccessreviews (authorization.k8s.io)")
	case len(missing) == 0:
		return nil
	}
	var all []string
	for _, m := range missing {
		all = append(all, m.String())
	}
	return fmt.Errorf("%s may not %s: grant it, see deploy/", whoAmI(ctx, p.client), strings.Join(all, "; "))
}
