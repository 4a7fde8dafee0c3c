// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
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
	// essential verbs are those without which it cannot begin: what it can't see, it can't repair.
	essential []string
	verbs     []string
	without   string // what does not work when one of verbs is missing
	// everywhere is set for what lies in no namespace.
	everywhere bool
}

// needs are the permissions for the Performers' namespaces: those that the markers in
// pkg/controller ask for, from which the roles are generated. A test compares them.
var needs = []need{
	{group: v1alpha1.GroupName, resource: "performers", essential: []string{"list", "watch"}, verbs: []string{"get", "patch"},
		without: "Performers get no finalizer, and those that have one cannot be deleted"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "status", verbs: []string{"update"},
		without: "the status of Performers is never updated"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "finalizers", verbs: []string{"update"},
		without: "clusters with the admission plugin OwnerReferencesPermissionEnforcement refuse the pods and services of Performers"},
	{resource: "pods", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		without: "pods of Performers cannot be created, replaced or deleted"},
	{resource: "services", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		without: "services of Performers cannot be created, repaired or deleted"},
	{resource: "pods", subresource: "resize", verbs: []string{"patch"},
		without: "a change of resources replaces the pod instead of resizing it"},
	{group: discoveryv1.GroupName, resource: "endpointslices", verbs: []string{"list"},
		without: "upgrades wait some seconds instead of checking that the new pod receives traffic"},
	{resource: "events", verbs: []string{"create", "patch"},
		without: "Performers have no events"},
}

// leaseNeeds are the permissions for the Lease of leader election.
func leaseNeeds(name string) []need {
	return []need{
		{group: coordinationv1.GroupName, resource: "leases", object: name, verbs: []string{"get", "create", "update"},
			without: "this manager cannot become the leader, and so does nothing"},
		{group: coordinationv1.GroupName, resource: "leases", object: name, verbs: []string{"watch"},
			without: "this manager takes over some seconds later than it could"},
	}
}

// metricsNeeds are the permissions for --metrics-secure.
var metricsNeeds = []wish{
	{need: need{group: authenticationv1.GroupName, resource: "tokenreviews", verbs: []string{"create"}, everywhere: true,
		without: "nobody can read the metrics"}},
	{need: need{group: authorizationv1.GroupName, resource: "subjectaccessreviews", verbs: []string{"create"}, everywhere: true,
		without: "nobody can read the metrics"}},
}

// webhookNeeds are the permissions for webhooks with certificates of our own making.
func webhookNeeds(w Webhooks) []wish {
	const without = "the API server can't trust the webhooks, so that its calls to them fail"
	needs := []wish{{namespace: w.Namespace, need: need{
		resource: "secrets", object: w.CASecret, verbs: []string{"list", "watch", "create", "update"}, without: without,
	}}}
	for _, resource := range []string{"validatingwebhookconfigurations", "mutatingwebhookconfigurations"} {
		needs = append(needs, wish{need: need{
			group: admissionregistrationv1.GroupName, resource: resource, object: w.Configuration,
			verbs: []string{"list", "watch", "patch"}, everywhere: true, without: without,
		}})
	}
	return needs
}

// wish is a need in one namespace, or in all where that is empty.
type wish struct {
	need
	namespace string
}

// wishes lists all needs of a manager: those for Performers in each of the namespaces or, when there
// are none, everywhere; those for the lease, if it has a name; and the others.
func wishes(namespaces []string, lease types.NamespacedName, others []wish) []wish {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	var all []wish
	for _, namespace := range namespaces {
		for _, n := range needs {
			all = append(all, wish{n, namespace})
		}
	}
	if lease.Name != "" {
		for _, n := range leaseNeeds(lease.Name) {
			all = append(all, wish{n, lease.Namespace})
		}
	}
	return append(all, others...)
}

// name is the resource as roles name it, such as performers/status.
func (n need) name() string {
	if n.subresource == "" {
		return n.resource
	}
	return n.resource + "/" + n.subresource
}

// refusal is a wish of which some verbs are not allowed.
type refusal struct {
	wish
	verbs     []string
	essential bool // whether one of the verbs is
}

// String says what to grant, such as: list, watch pods in all namespaces.
func (r refusal) String() string {
	group, where := "", " in all namespaces"
	if r.group != "" {
		group = " (" + r.group + ")"
	}
	switch {
	case r.everywhere:
		where = ""
	case r.namespace != "":
		where = " in namespace " + r.namespace
	}
	return fmt.Sprintf("%s %s%s%s", strings.Join(r.verbs, ", "), r.name(), group, where)
}

// missingPermissions asks the API server for each wish whether it is granted. Every authenticated
// user may ask this by default; where that is refused, known is false.
func missingPermissions(ctx context.Context, client kubernetes.Interface, all []wish) (missing []refusal, known bool, err error) {
	for _, w := range all {
		refused, err := w.check(ctx, client)
		switch {
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case len(refused.verbs) > 0:
			missing = append(missing, refused)
		}
	}
	return missing, true, nil
}

// check returns what of w is not allowed.
func (w wish) check(ctx context.Context, client kubernetes.Interface) (refusal, error) {
	refused := refusal{wish: w}
	for _, verb := range slices.Concat(w.essential, w.verbs) {
		object := w.object
		if verb == "create" {
			// A role cannot tie this to a name, which the server doesn't know yet when it decides.
			object = ""
		}
		review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: w.namespace, Verb: verb, Group: w.group, Resource: w.resource, Subresource: w.subresource, Name: object,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return refused, fmt.Errorf("asking whether %s on %s is allowed: %w", verb, w.name(), err)
		}
		if !review.Status.Allowed {
			refused.verbs = append(refused.verbs, verb)
			refused.essential = refused.essential || slices.Contains(w.essential, verb)
		}
	}
	return refused, nil
}

// whoAmI is the user that the API server takes us for, which is the one to grant permissions to.
func whoAmI(ctx context.Context, client kubernetes.Interface) string {
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "this manager's user"
	}
	return cmp.Or(review.Status.UserInfo.Username, "this manager's user")
}
