// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Deny has a policy refuse one operation on one resource in the namespace, and waits until it does. The
// returned function removes the policy, and waits until that took effect.
func (n Namespace) Deny(operation admissionv1.OperationType, resource string) (allow func()) {
	n.Helper()
	name := n.Name + "-" + resource
	rule := func(resource string) admissionv1.NamedRuleWithOperations {
		return admissionv1.NamedRuleWithOperations{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{operation},
			Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{resource}},
		}}
	}
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			// The policy also refuses the operation on ConfigMaps, which shows whether it is in force.
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{rule(resource), rule("configmaps")}},
			Validations:      []admissionv1.Validation{{Expression: "false", Message: "this is not allowed here"}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName:        name,
			ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{
				MatchLabels: map[string]string{corev1.LabelMetadataName: n.Name},
			}},
		},
	}
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}
	if _, err := n.cluster.Kube.CoreV1().ConfigMaps(n.Name).Create(n.Context(), probe, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		n.Fatal(err)
	}
	client := n.cluster.Kube.AdmissionregistrationV1()
	_, err := client.ValidatingAdmissionPolicies().Create(n.Context(), policy, metav1.CreateOptions{})
	if err == nil {
		_, err = client.ValidatingAdmissionPolicyBindings().Create(n.Context(), binding, metav1.CreateOptions{})
	}
	if err != nil {
		n.Fatal(err)
	}
	remove := sync.OnceFunc(func() {
		ctx := context.WithoutCancel(n.Context())
		err := errors.Join(client.ValidatingAdmissionPolicyBindings().Delete(ctx, name, metav1.DeleteOptions{}),
			client.ValidatingAdmissionPolicies().Delete(ctx, name, metav1.DeleteOptions{}))
		if err != nil {
			n.Error(err)
		}
	})
	n.Cleanup(remove)
	n.awaitDenial(operation, true)
	return func() {
		n.Helper()
		remove()
		n.awaitDenial(operation, false)
	}
}

func (n Namespace) awaitDenial(operation admissionv1.OperationType, denied bool) {
	n.Helper()
	probes := n.cluster.Kube.CoreV1().ConfigMaps(n.Name)
	dryRun := []string{metav1.DryRunAll}
	wait.For(n.TB, "the policy to take effect", func(ctx context.Context) error {
		var err error
		switch operation {
		case admissionv1.Create:
			_, err = probes.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "other"}}, metav1.CreateOptions{DryRun: dryRun})
		case admissionv1.Update:
			_, err = probes.Patch(ctx, "probe", types.MergePatchType, []byte(`{"data":{"a":"b"}}`), metav1.PatchOptions{DryRun: dryRun})
		case admissionv1.Delete:
			err = probes.Delete(ctx, "probe", metav1.DeleteOptions{DryRun: dryRun})
		default:
			return wait.Stop(errors.New("no probe for " + string(operation)))
		}
		if (err != nil) != denied {
			return errors.Join(errors.New("not yet"), err)
		}
		return nil
	})
}

// Mutate has a policy change the spec of each pod of the namespace when one of the operations is performed,
// and waits until it does. patch has the fields of a CEL JSONPatch: op, path and value.
func (n Namespace) Mutate(patch string, operations ...admissionv1.OperationType) {
	n.Helper()
	policy := &admissionv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name},
		Spec: admissionv1.MutatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: n.Name}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: operations,
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}}},
			},
			Mutations: []admissionv1.Mutation{{
				PatchType: admissionv1.PatchTypeJSONPatch,
				JSONPatch: &admissionv1.JSONPatch{Expression: "[JSONPatch{" + patch + "}]"},
			}},
			ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
		},
	}
	try := func(ctx context.Context) (*corev1.Pod, error) {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "performer", Image: "a"}}}}
		return n.cluster.Kube.CoreV1().Pods(n.Name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	}
	before, err := try(n.Context())
	if err != nil {
		n.Fatal(err)
	}
	client := n.cluster.Kube.AdmissionregistrationV1()
	if _, err := client.MutatingAdmissionPolicies().Create(n.Context(), policy, metav1.CreateOptions{}); apierrors.IsNotFound(err) {
		n.Skip("the API server is older than Kubernetes 1.36 and has no such policies")
	} else if err != nil {
		n.Fatal(err)
	}
	binding := &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name}, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: n.Name},
	}
	if _, err := client.MutatingAdmissionPolicyBindings().Create(n.Context(), binding, metav1.CreateOptions{}); err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() {
		ctx := context.WithoutCancel(n.Context())
		if err := errors.Join(client.MutatingAdmissionPolicyBindings().Delete(ctx, n.Name, metav1.DeleteOptions{}),
			client.MutatingAdmissionPolicies().Delete(ctx, n.Name, metav1.DeleteOptions{})); err != nil {
			n.Error(err)
		}
	})
	wait.For(n.TB, "the policy to be in force", func(ctx context.Context) error {
		pod, err := try(ctx)
		switch {
		case err != nil:
			return err
		case equality.Semantic.DeepEqual(pod.Spec, before.Spec):
			return errors.New("the pod is unchanged")
		}
		return nil
	})
}
