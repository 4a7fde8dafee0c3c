// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// need is what the manager wants to be allowed to do with one resource.
type need struct {
	group       string
	resource    string
	subresource string
	object      string // the name of the one object that counts; empty means all
	// essential verbs are those without which it cannot begin: what it can't see, it can't mend.
	essential []string
	verbs     []string
	without   string // what does not work when one of verbs is missing
}

// needs are the permissions for the Performers' namespaces: those that the markers in
// pkg/controller ask for, from which the roles are generated. A test compares them.
var needs = []need{
	{group: v1alpha1.GroupName, resource: "performers", essential: []string{"list", "watch"}, verbs: []string{"get", "patch"},
		without: "Performers get no finalizer, and those that have one cannot be deleted"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "status", verbs: []string{"update"},
		without: "the status of Performers stays as it is"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "finalizers", verbs: []string{"update"},
		without: "clusters that enforce owner references permissions refuse the pods and services of Performers"},
	{resource: "pods", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		without: "pods of Performers cannot be made, replaced or removed"},
	{resource: "services", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		without: "services of Performers cannot be made, mended or removed"},
	{resource: "events", verbs: []string{"create", "patch"},
		without: "Performers have no events"},
}

// leaseNeed is the permission for the Lease of leader election.
func leaseNeed(name string) need {
	return need{group: coordinationv1.GroupName, resource: "leases", object: name, verbs: []string{"get", "create", "update"},
		without: "this manager may never come to lead, and so to work"}
}

// name is the resource as roles name it, such as performers/status.
func (n need) name() string {
	if n.subresource == "" {
		return n.resource
	}
	return n.resource + "/" + n.subresource
}

// refusal is a resource of which some verbs are not allowed.
type refusal struct {
	need
	namespace string // empty means all
	verbs     []string
	essential bool // whether one of the verbs is
}

// String says what to grant, such as: list, watch pods in all namespaces.
func (r refusal) String() string {
	group, where := "", "in all namespaces"
	if r.group != "" {
		group = " (" + r.group + ")"
	}
	if r.namespace != "" {
		where = "in namespace " + r.namespace
	}
	return fmt.Sprintf("%s %s%s %s", strings.Join(r.verbs, ", "), r.name(), group, where)
}

// missingPermissions asks the API server for each need whether it is granted, in each of the
// namespaces or, when there are none, everywhere. Every authenticated user may ask this by default;
// where that is refused, known is false. The lease is left out if it has no name.
func missingPermissions(ctx context.Context, client kubernetes.Interface, namespaces []string, lease types.NamespacedName) (missing []refusal, known bool, err error) {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		for _, n := range needs {
			if missing, err = n.check(ctx, client, namespace, missing); err != nil {
				break
			}
		}
	}
	if lease.Name != "" && err == nil {
		missing, err = leaseNeed(lease.Name).check(ctx, client, lease.Namespace, missing)
	}
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return nil, false, nil
	}
	return missing, err == nil, err
}

// check adds to missing what of n is not allowed in the namespace.
func (n need) check(ctx context.Context, client kubernetes.Interface, namespace string, missing []refusal) ([]refusal, error) {
	refused := refusal{need: n, namespace: namespace}
	for _, verb := range slices.Concat(n.essential, n.verbs) {
		object := n.object
		if verb == "create" {
			// A role cannot tie this to a name, which the server doesn't know yet when it decides.
			object = ""
		}
		review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: namespace, Verb: verb, Group: n.group, Resource: n.resource, Subresource: n.subresource, Name: object,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return missing, fmt.Errorf("asking whether %s on %s is allowed: %w", verb, n.name(), err)
		}
		if !review.Status.Allowed {
			refused.verbs = append(refused.verbs, verb)
			refused.essential = refused.essential || slices.Contains(n.essential, verb)
		}
	}
	if len(refused.verbs) > 0 {
		missing = append(missing, refused)
	}
	return missing, nil
}

// whoAmI is the user that the API server takes us for, which is the one to grant permissions to.
func whoAmI(ctx context.Context, client kubernetes.Interface) string {
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "this manager's user"
	}
	return cmp.Or(review.Status.UserInfo.Username, "this manager's user")
}
