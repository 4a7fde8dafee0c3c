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
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// permission is what the manager needs to do with one resource.
type permission struct {
	group       string
	resource    string
	subresource string
	namespace   string // empty means all namespaces
	object      string // the name of the only object that matters; empty means all objects
	// essential are the verbs without which the manager can't start, because it would not see what
	// it manages.
	essential []string
	verbs     []string
	// consequence is what does not work if one of verbs is missing.
	consequence string
	// clusterScoped says that the resource is not namespaced.
	clusterScoped bool
	// optional says that the manager does without the resource where it lacks one of the verbs.
	optional bool
}

// in returns the permission in a namespace.
func (p permission) in(namespace string) permission {
	p.namespace = namespace
	return p
}

// name returns the resource as roles name it, such as performers/status.
func (p permission) name() string {
	if p.subresource == "" {
		return p.resource
	}
	return p.resource + "/" + p.subresource
}

// performerPermissions are needed in each watched namespace. The roles are generated from the
// kubebuilder markers of pkg/controller, and a test compares the two.
var performerPermissions = []permission{
	{group: v1alpha1.GroupName, resource: "performers", essential: []string{"list", "watch"}, verbs: []string{"get", "patch"},
		consequence: "Performers get no finalizer, and those that have one cannot be deleted"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "status", verbs: []string{"update"},
		consequence: "the status of Performers is never updated"},
	{group: v1alpha1.GroupName, resource: "performers", subresource: "finalizers", verbs: []string{"update"},
		consequence: "clusters with the admission plugin OwnerReferencesPermissionEnforcement refuse the pods and services of Performers"},
	{resource: "pods", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		consequence: "pods of Performers cannot be created, replaced or deleted"},
	{resource: "services", essential: []string{"list", "watch"}, verbs: []string{"get", "create", "patch", "delete"},
		consequence: "services of Performers cannot be created, repaired or deleted"},
	{resource: "pods", subresource: "resize", verbs: []string{"patch"},
		consequence: "a change of resources replaces the pod instead of resizing it"},
	{group: discoveryv1.GroupName, resource: "endpointslices", verbs: []string{"list"},
		consequence: "upgrades wait some seconds instead of checking that the new pod receives traffic"},
	{resource: "events", verbs: []string{"create", "patch"},
		consequence: "Performers have no events"},
	budgetPermission,
}

// budgetPermission is needed in each watched namespace for spec.disruption.type Surge.
var budgetPermission = permission{
	group: policyv1.GroupName, resource: "poddisruptionbudgets", optional: true,
	verbs:       []string{"get", "list", "watch", "create", "patch", "delete"},
	consequence: "Performers have no PodDisruptionBudget, so that a drain does not wait for their successors",
}

// evictionPermissions are needed in each watched namespace to be a responder of Evictions.
var evictionPermissions = []permission{
	{group: lifecyclev1alpha1.GroupName, resource: "evictions", optional: true, verbs: []string{"list", "watch"},
		consequence: "the operator is no responder of Evictions, which are left to the other responders"},
	{group: lifecyclev1alpha1.GroupName, resource: "evictions", subresource: "status", optional: true, verbs: []string{"patch"},
		consequence: "the operator is no responder of Evictions, which are left to the other responders"},
}

// nodePermission is needed to know which nodes are drained or lost. A Role can't grant it.
var nodePermission = permission{
	resource: "nodes", optional: true, clusterScoped: true,
	verbs:       []string{"get", "list", "watch"},
	consequence: "Performers don't move before a node is drained, and move from a lost node only when Kubernetes deletes their pods",
}

// leasePermissions are needed for leader election.
func leasePermissions(lease types.NamespacedName) []permission {
	access := permission{group: coordinationv1.GroupName, resource: "leases", namespace: lease.Namespace, object: lease.Name}
	hold, watch := access, access
	hold.verbs, hold.consequence = []string{"get", "create", "update"}, "this manager cannot become the leader, and so does nothing"
	watch.verbs, watch.consequence = []string{"watch"}, "this manager takes over some seconds later than it could"
	return []permission{hold, watch}
}

// metricsPermissions are needed for --metrics-secure.
var metricsPermissions = []permission{
	{group: authenticationv1.GroupName, resource: "tokenreviews", verbs: []string{"create"}, clusterScoped: true,
		consequence: "nobody can read the metrics"},
	{group: authorizationv1.GroupName, resource: "subjectaccessreviews", verbs: []string{"create"}, clusterScoped: true,
		consequence: "nobody can read the metrics"},
}

// webhookPermissions are needed for webhooks whose certificates the manager issues.
func webhookPermissions(w Webhooks) []permission {
	const consequence = "the API server can't trust the webhooks, so that its calls to them fail"
	all := []permission{{
		resource: "secrets", namespace: w.Namespace, object: w.CASecret, verbs: []string{"list", "watch", "create", "update"},
		consequence: consequence,
	}}
	for _, resource := range []string{"validatingwebhookconfigurations", "mutatingwebhookconfigurations"} {
		all = append(all, permission{
			group: admissionregistrationv1.GroupName, resource: resource, object: w.Configuration,
			verbs: []string{"list", "watch", "patch"}, clusterScoped: true, consequence: consequence,
		})
	}
	return all
}

// watchScope returns the namespaces to watch; metav1.NamespaceAll means all.
func (c *Config) watchScope() []string {
	if len(c.Namespaces) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return c.Namespaces
}

// requiredPermissions lists what a manager with this configuration needs.
func (c *Config) requiredPermissions() []permission {
	var all []permission
	for _, namespace := range c.watchScope() {
		for _, p := range performerPermissions {
			all = append(all, p.in(namespace))
		}
		if c.EvictionResponder {
			for _, p := range evictionPermissions {
				all = append(all, p.in(namespace))
			}
		}
	}
	all = append(all, nodePermission)
	if c.Lease.Name != "" {
		all = append(all, leasePermissions(c.Lease)...)
	}
	if c.SecureMetrics {
		all = append(all, metricsPermissions...)
	}
	if c.Webhooks != nil {
		all = append(all, webhookPermissions(*c.Webhooks)...)
	}
	return all
}

// missing is a permission of which some verbs are not granted.
type missing struct {
	permission
	verbs     []string // those that are not granted
	essential bool     // whether an essential verb is among them
}

// String returns what to grant, such as: list, watch pods in all namespaces.
func (m missing) String() string {
	group, where := "", " in all namespaces"
	if m.group != "" {
		group = " (" + m.group + ")"
	}
	switch {
	case m.clusterScoped:
		where = ""
	case m.namespace != "":
		where = " in namespace " + m.namespace
	}
	return fmt.Sprintf("%s %s%s%s", strings.Join(m.verbs, ", "), m.name(), group, where)
}

// missingPermissions returns those of the required permissions that the API server does not grant.
// By default every authenticated user may ask for that. Where the cluster refuses it, known is
// false.
func missingPermissions(ctx context.Context, client kubernetes.Interface, required []permission) (all []missing, known bool, err error) {
	for _, p := range required {
		m, err := p.review(ctx, client)
		switch {
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case len(m.verbs) > 0:
			all = append(all, m)
		}
	}
	return all, true, nil
}

// review asks the API server for each verb and returns those that are missing.
func (p permission) review(ctx context.Context, client kubernetes.Interface) (missing, error) {
	m := missing{permission: p}
	for _, verb := range slices.Concat(p.essential, p.verbs) {
		object := p.object
		if verb == "create" {
			// A role can't restrict create to a name, because the server authorizes the request
			// before it knows the name.
			object = ""
		}
		review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: p.namespace, Verb: verb, Group: p.group, Resource: p.resource, Subresource: p.subresource, Name: object,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return m, fmt.Errorf("checking whether %s on %s is allowed: %w", verb, p.name(), err)
		}
		if !review.Status.Allowed {
			m.verbs = append(m.verbs, verb)
			m.essential = m.essential || slices.Contains(p.essential, verb)
		}
	}
	return m, nil
}

// currentUser returns the name under which the API server knows this manager, which is the subject
// to grant permissions to.
func currentUser(ctx context.Context, client kubernetes.Interface) string {
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "this manager's user"
	}
	return cmp.Or(review.Status.UserInfo.Username, "this manager's user")
}
