//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestRolesForPeopleAreAggregated checks the permissions on Performers of users who view, edit or
// administer a namespace by the roles of Kubernetes. The rules of the operator's roles are
// aggregated into these by labels.
func TestRolesForPeopleAreAggregated(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)

	// The permissions of each role. Only admin has all verbs, unknown ones included.
	rights := []struct {
		verbs       []string
		subresource string
		roles       []string
	}{
		{[]string{"get", "list", "watch"}, "", []string{"view", "edit", "admin"}},
		{[]string{"get"}, "status", []string{"view", "edit", "admin"}},
		{[]string{"create", "update", "patch", "delete", "deletecollection"}, "", []string{"edit", "admin"}},
		{[]string{"something-new"}, "", []string{"admin"}},
		{[]string{"update", "patch"}, "status", nil},
		{[]string{"update", "patch"}, "finalizers", nil},
	}
	for _, role := range []string{"view", "edit", "admin"} {
		user := ns.Name + "-" + role
		_, err := cluster.Kube.RbacV1().RoleBindings(ns.Name).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// The controller manager aggregates the rules some time after the operator is installed.
		wait.For(t, "the permissions of role "+role, func(ctx context.Context) error {
			for _, right := range rights {
				for _, verb := range right.verbs {
					review, err := cluster.Kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
						Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{
							Namespace: ns.Name, Verb: verb, Group: v1alpha1.SchemeGroupVersion.Group, Resource: "performers", Subresource: right.subresource,
						}},
					}, metav1.CreateOptions{})
					if err != nil {
						return err
					}
					if want := slices.Contains(right.roles, role); review.Status.Allowed != want {
						return fmt.Errorf("%s performers/%s: allowed is %v, want %v", verb, right.subresource, review.Status.Allowed, want)
					}
				}
			}
			return nil
		})
	}
}
