// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"os"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	clientv1alpha1 "github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/typed/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// What a person may try with Performers. Nothing of it takes effect.
var attempts = []struct {
	name     string
	does     func(context.Context, clientv1alpha1.PerformerInterface, *v1alpha1.Performer) error
	readOnly bool
}{
	{"get", func(ctx context.Context, c clientv1alpha1.PerformerInterface, p *v1alpha1.Performer) error {
		_, err := c.Get(ctx, p.Name, metav1.GetOptions{})
		return err
	}, true},
	{"list", func(ctx context.Context, c clientv1alpha1.PerformerInterface, _ *v1alpha1.Performer) error {
		_, err := c.List(ctx, metav1.ListOptions{})
		return err
	}, true},
	{"watch", func(ctx context.Context, c clientv1alpha1.PerformerInterface, _ *v1alpha1.Performer) error {
		watch, err := c.Watch(ctx, metav1.ListOptions{})
		if err == nil {
			watch.Stop()
		}
		return err
	}, true},
	{"create", func(ctx context.Context, c clientv1alpha1.PerformerInterface, p *v1alpha1.Performer) error {
		another := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Name: "another"}, Spec: p.Spec}
		_, err := c.Create(ctx, another, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}, false},
	{"update", func(ctx context.Context, c clientv1alpha1.PerformerInterface, p *v1alpha1.Performer) error {
		_, err := c.Update(ctx, p, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}, false},
	{"patch", func(ctx context.Context, c clientv1alpha1.PerformerInterface, p *v1alpha1.Performer) error {
		_, err := c.Patch(ctx, p.Name, types.MergePatchType, []byte(`{"spec":{"version":"2"}}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}, false},
	{"delete", func(ctx context.Context, c clientv1alpha1.PerformerInterface, p *v1alpha1.Performer) error {
		return c.Delete(ctx, p.Name, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
	}, false},
	{"deletecollection", func(ctx context.Context, c clientv1alpha1.PerformerInterface, _ *v1alpha1.Performer) error {
		return c.DeleteCollection(ctx, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}, metav1.ListOptions{})
	}, false},
}

// TestRolesForPeople binds each role for people to a user who tries every verb. That the labels
// aggregate them into Kubernetes' own roles is tested where its controller manager runs, by
// TestRolesForPeopleAreAggregated.
func TestRolesForPeople(t *testing.T) {
	for _, tt := range []struct {
		role  string
		label string
		write bool
	}{
		{"viewer", "rbac.authorization.k8s.io/aggregate-to-view", false},
		{"editor", "rbac.authorization.k8s.io/aggregate-to-edit", true},
		{"admin", "rbac.authorization.k8s.io/aggregate-to-admin", true},
	} {
		t.Run(tt.role, func(t *testing.T) {
			namespace := cluster.CreateNamespace(t)
			if err := cluster.Post(t, namespace, "demo", controlplane.SpecWith(t, "")); err != nil {
				t.Fatal(err)
			}
			p, err := hourglass.HourglassV1alpha1().Performers(namespace).Get(t.Context(), "demo", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			role := installRole(t, tt.role)
			if len(role.Labels) != 1 || role.Labels[tt.label] != "true" {
				t.Errorf("its labels are %v, want %s", role.Labels, tt.label)
			}
			user := namespace + "-" + tt.role
			_, err = kube.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: tt.role},
				RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: role.Name},
				Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: user}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			as := rest.CopyConfig(config)
			as.Impersonate = rest.ImpersonationConfig{UserName: user}
			client, err := versioned.NewForConfig(as)
			if err != nil {
				t.Fatal(err)
			}
			performers := client.HourglassV1alpha1().Performers(namespace)
			// The authorizer learns of a binding by a watch.
			wait.For(t, "the role binding to take effect", func(ctx context.Context) error {
				if _, err := performers.Get(ctx, p.Name, metav1.GetOptions{}); err != nil {
					return err
				}
				return nil
			})

			for _, attempt := range attempts {
				err := attempt.does(t.Context(), performers, p)
				if allowed := attempt.readOnly || tt.write; allowed && err != nil || !allowed && !apierrors.IsForbidden(err) {
					t.Errorf("%s: %v, and it must be allowed: %v", attempt.name, err, allowed)
				}
			}
			p.Status.Phase = v1alpha1.PhaseRunning
			if _, err := performers.UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); !apierrors.IsForbidden(err) {
				t.Errorf("a status: %v", err)
			}
			for _, subresource := range []string{"status", "finalizers"} {
				for _, verb := range []string{"update", "patch"} {
					if mayPerson(t, user, namespace, verb, subresource) {
						t.Errorf("may %s performers/%s", verb, subresource)
					}
				}
			}
			for _, subresource := range []string{"status", "scale"} {
				if !mayPerson(t, user, namespace, "get", subresource) {
					t.Errorf("may not get performers/%s", subresource)
				}
			}
			for _, verb := range []string{"update", "patch"} {
				if may := mayPerson(t, user, namespace, verb, "scale"); may != tt.write {
					t.Errorf("may %s performers/scale: %v", verb, may)
				}
			}
			if mayPerson(t, user, "default", "get", "") {
				t.Error("may get Performers of another namespace")
			}
		})
	}
}

// installRole makes a role of manifests/rbac as it stands there.
func installRole(t *testing.T, who string) *rbacv1.ClusterRole {
	t.Helper()
	text, err := os.ReadFile(repository.Path("manifests", "rbac", "performer_"+who+"_role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(text, role); err != nil {
		t.Fatal(err)
	}
	created, err := kube.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kube.RbacV1().ClusterRoles().Delete(context.WithoutCancel(t.Context()), role.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return created
}

// mayPerson returns whether a user may do something with Performers, or a subresource of them.
func mayPerson(t *testing.T, user, namespace, verb, subresource string) bool {
	t.Helper()
	review, err := kube.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: namespace, Verb: verb, Group: v1alpha1.SchemeGroupVersion.Group, Resource: "performers", Subresource: subresource,
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}
