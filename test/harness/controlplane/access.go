// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"path/filepath"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Narrow are the permissions with which existing installations run an operator: no leases, secrets,
// config maps, nodes, namespaces or endpoint slices.
func Narrow() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		Rule("", "pods", "services", "endpoints", "events"),
		Rule("apps", "deployments"),
		Rule("hourglass.eigenlayer.io", "performers", "performers/status", "performers/finalizers"),
	}
}

// Rule grants the usual verbs on some resources of a group.
func Rule(group string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources,
		Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}}
}

// User is a service account, the default one of a namespace.
type User struct {
	Namespace  string
	Token      string
	Kubeconfig string

	cluster *Cluster
}

// NewUser creates a service account without any permission.
func (c *Cluster) NewUser(t testing.TB) *User {
	t.Helper()
	u := &User{Namespace: c.CreateNamespace(t), cluster: c}
	token, err := c.Kube.CoreV1().ServiceAccounts(u.Namespace).CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u.Token = token.Status.Token
	file, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	user := file.Contexts[file.CurrentContext].AuthInfo
	file.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: u.Token}
	u.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*file, u.Kubeconfig); err != nil {
		t.Fatal(err)
	}
	return u
}

// subject is the user as bindings name it.
func (u *User) subject() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: "ServiceAccount", Name: "default", Namespace: u.Namespace}}
}

// Grant gives the user permissions in the whole cluster.
func (u *User) Grant(t testing.TB, rules ...rbacv1.PolicyRule) {
	t.Helper()
	roles, bindings := u.cluster.Kube.RbacV1().ClusterRoles(), u.cluster.Kube.RbacV1().ClusterRoleBindings()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{GenerateName: u.Namespace + "-"}, Rules: rules}
	role, err := roles.Create(t.Context(), role, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: role.Name},
		Subjects:   u.subject(),
	}
	if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// GrantIn gives the user permissions in one namespace.
func (u *User) GrantIn(t testing.TB, namespace string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	roles, bindings := u.cluster.Kube.RbacV1().Roles(namespace), u.cluster.Kube.RbacV1().RoleBindings(namespace)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{GenerateName: u.Namespace + "-"}, Rules: rules}
	role, err := roles.Create(t.Context(), role, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{Kind: "Role", Name: role.Name},
		Subjects:   u.subject(),
	}
	if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
