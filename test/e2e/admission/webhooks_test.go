//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// configurationName is the name of both webhook configurations.
const configurationName = "hourglass-operator-webhook"

// invalid is a Performer with two mistakes that the schema accepts. %s is its name.
const invalid = `
apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata: {name: %s}
spec:
  avsAddress: "0x0123456789abcdef0123456789abcdef01234567"
  image: registry.example.com/Performer:v1
  resources: {limits: {cpu: "1"}, requests: {cpu: "2"}}
`

// mistakes are the mistakes by field.
var mistakes = []struct{ field, why string }{
	{"spec.image", `invalid image name "registry.example.com/Performer"`},
	{"spec.resources.requests.cpu", "2 is above the limit of 1: expected at most the limit"},
}

// suspicious is a Performer that is accepted with warnings. %s is its name.
const suspicious = `
apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata: {name: %s}
spec: {avsAddress: "0x123...", image: my-avs:latest, imagePullPolicy: Never, config: {grpcPort: 8080}}
`

// waitForWebhooks waits until the API server calls the webhooks and trusts their certificate.
func waitForWebhooks(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	wait.For(t, "the API server to call the webhooks", func(ctx context.Context) error {
		_, err := cluster.Apply(ctx, ns.Name, fmt.Sprintf(invalid, "probe"))
		if err == nil {
			if _, err := cluster.Kubectl(ctx, "delete", "performer", "probe", "-n", ns.Name); err != nil {
				return err
			}
			return fmt.Errorf("a Performer with mistakes was accepted")
		}
		if !strings.Contains(err.Error(), mistakes[1].why) {
			return err
		}
		return nil
	})
}

// setFailurePolicy sets the failure policy of all webhooks until the end of the test.
func setFailurePolicy(t *testing.T, policy admissionregistrationv1.FailurePolicyType) {
	t.Helper()
	set := func(ctx context.Context, policy admissionregistrationv1.FailurePolicyType) error {
		for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
			patch := fmt.Sprintf(`[{"op":"replace","path":"/webhooks/0/failurePolicy","value":%q}]`, policy)
			if _, err := cluster.Kubectl(ctx, "patch", kind, configurationName, "--type=json", "--patch="+patch); err != nil {
				return err
			}
		}
		return nil
	}
	if err := set(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set(context.WithoutCancel(t.Context()), admissionregistrationv1.Ignore); err != nil && !strings.Contains(err.Error(), "NotFound") {
			t.Errorf("cleaning up: %v", err)
		}
	})
}

func TestMistakesAreRefusedAndWarningsShown(t *testing.T) {
	ns := cluster.Namespace(t)
	waitForWebhooks(t, ns)

	_, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(invalid, "a"))
	for _, m := range mistakes {
		if want := m.field + ": " + m.why; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl did not print %q: %v", want, err)
		}
	}
	if _, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(t.Context(), "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("Performer a exists although it was refused: %v", err)
	}

	// The webhooks are not called in the operator's own namespace.
	if _, err := cluster.Apply(t.Context(), realcluster.OperatorNamespace, fmt.Sprintf(invalid, "exempt")); err != nil {
		t.Errorf("in the operator's own namespace: %v", err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "exempt", "-n", realcluster.OperatorNamespace, "--timeout=60s"); err != nil {
		t.Error(err)
	}

	// kubectl prints warnings to standard error, which is only kept if kubectl fails.
	_, err = cluster.ApplyStrictly(t.Context(), ns.Name, fmt.Sprintf(suspicious, "b"))
	for _, want := range []string{
		`Warning: spec.avsAddress: "0x123..." is not an Ethereum address: expected 0x followed by 40 hexadecimal digits`,
		"Warning: spec.image: tag latest",
		"Warning: spec.imagePullPolicy: Never",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl did not print %q: %v", want, err)
		}
	}
	created := ns.WaitReady(t, "b")
	if created.Labels["app.kubernetes.io/name"] != "hourglass-performer" || created.Labels["app.kubernetes.io/instance"] != "" {
		t.Errorf("the labels are %v", created.Labels)
	}
	// Applied again, there is no warning.
	if _, err := cluster.ApplyStrictly(t.Context(), ns.Name, fmt.Sprintf(suspicious, "b")); err != nil {
		t.Errorf("applied again: %v", err)
	}
	_, err = cluster.Kubectl(t.Context(), "patch", "performer", "b", "-n", ns.Name, "--type=merge", "--warnings-as-errors", `--patch={"spec":{"config":{"grpcPort":8081,"environment":{"GRPC_PORT":"8081"}}}}`)
	if err == nil || !strings.Contains(err.Error(), "spec.config.grpcPort: changes from 8080 to 8081") {
		t.Errorf("after a change of the port kubectl printed %v", err)
	}
}

// TestWebhookAddsTheFinalizer creates a Performer, to which the webhook adds the finalizer. So the
// operator writes only the status of the Performer. Without webhooks it would write the finalizer
// too.
func TestWebhookAddsTheFinalizer(t *testing.T) {
	audit := cluster.AuditLog(t)
	ns := cluster.Namespace(t)
	waitForWebhooks(t, ns)
	created := ns.Create(t, ns.Performer("a"))
	if len(created.Finalizers) != 1 || created.Finalizers[0] != "hourglass.eigenlayer.io/performer-finalizer" {
		t.Errorf("created with the finalizers %q", created.Finalizers)
	}
	ns.WaitReady(t, "a")
	requests, _, err := audit.Requests(realcluster.OperatorUser, created.CreationTimestamp.Time)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		if o := request.Object; o.Resource == "performers" && o.Namespace == ns.Name && !strings.Contains(request.URI, "/status") {
			t.Errorf("the operator wrote %s", request)
		}
	}
}

// createInvalid creates a Performer with mistakes while no webhook is called, like one that is
// older than the webhooks.
func createInvalid(t *testing.T, ns *realcluster.Namespace, name string) *v1alpha1.Performer {
	t.Helper()
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(invalid, name)); err != nil {
		t.Fatal(err)
	}
	p, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOperatorIsStopped scales the operator to zero, under both failure policies.
func TestOperatorIsStopped(t *testing.T) {
	ns := cluster.Namespace(t)
	waitForWebhooks(t, ns)
	performers := ns.Performers.HourglassV1alpha1().Performers(ns.Name)
	if err := cluster.ScaleOperator(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	start := func(ctx context.Context) {
		if err := cluster.ScaleOperator(ctx, 2); err != nil {
			t.Errorf("scaling up: %v", err)
		}
	}
	t.Cleanup(func() { start(context.WithoutCancel(t.Context())) })

	// Under Ignore, everything is accepted, including mistakes.
	old := createInvalid(t, ns, "old")
	createInvalid(t, ns, "goes")

	setFailurePolicy(t, admissionregistrationv1.Fail)
	wait.For(t, "failurePolicy Fail to be in force", func(ctx context.Context) error {
		_, err := cluster.Apply(ctx, ns.Name, strings.Replace(fmt.Sprintf(suspicious, "new"), "0x123...", "0x124...", 1))
		if err == nil {
			_, err := cluster.Kubectl(ctx, "delete", "performer", "new", "-n", ns.Name, "--wait=false")
			return errors.Join(errors.New("a new Performer was accepted"), err)
		}
		if !strings.Contains(err.Error(), "failed calling webhook") {
			return err
		}
		return nil
	})
	// In this order, so that no finalizer is left, which would block the deletion of the namespace.
	for _, patch := range []string{
		`{"metadata":{"labels":{"a":"b"}}}`,
		`{"metadata":{"finalizers":["example.com/mine"]}}`,
		`{"metadata":{"finalizers":null}}`,
	} {
		if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Errorf("patch %s: %v", patch, err)
		}
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"status":{"phase":"Pending"}}`), metav1.PatchOptions{}, "status"); err != nil {
		t.Errorf("patch of the status: %v", err)
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"version":"2"}}`), metav1.PatchOptions{}); err == nil {
		t.Error("under Fail, a change of the spec was accepted without a webhook")
	}
	// No operator has added a finalizer, so it is deleted at once.
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "goes", "-n", ns.Name, "--timeout=60s"); err != nil {
		t.Errorf("deletion: %v", err)
	}

	start(t.Context())
	var stalled *v1alpha1.Performer
	for _, m := range mistakes {
		stalled = ns.WaitFor(t, "old", "to report the mistake", realcluster.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, "InvalidSpec", m.field+": "+m.why))
	}
	if stalled.UID != old.UID {
		t.Error("Performer old was recreated")
	}
	waitForWebhooks(t, ns)
	// Old mistakes block no other change. New mistakes are refused.
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"version":"2"}}`), metav1.PatchOptions{}); err != nil {
		t.Errorf("a change next to the old mistakes: %v", err)
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"podLabels":{"no key":"x"}}}`), metav1.PatchOptions{}); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("a new mistake: %v", err)
	}
	fixed := fmt.Sprintf(`{"spec":{"image":%q,"resources":null}}`, realcluster.SampleImage)
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(fixed), metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
	ns.WaitFor(t, "old", "to be no longer degraded", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionFalse, "AsExpected", ""))
}

// webhookObjects are the objects of the webhooks, without the Deployment.
var webhookObjects = []string{
	"mutatingwebhookconfiguration/hourglass-operator-webhook", "validatingwebhookconfiguration/hourglass-operator-webhook",
	"clusterrole/hourglass-operator-webhook-trust", "clusterrolebinding/hourglass-operator-webhook-trust",
	"service/hourglass-operator-webhook-service", "role/hourglass-operator-webhook-ca", "rolebinding/hourglass-operator-webhook-ca",
	"secret/hourglass-operator-webhook-ca",
}

func assertNoWebhooks(t *testing.T) {
	t.Helper()
	for _, object := range webhookObjects {
		found, err := cluster.Kubectl(t.Context(), "get", object, "-n", realcluster.OperatorNamespace, "--ignore-not-found", "-o", "name")
		if err != nil || found != "" {
			t.Errorf("left in the cluster: %s %v", found, err)
		}
	}
}

// TestWebhooksAreDisabledAndUninstalled disables the webhooks, enables them again and uninstalls
// the whole operator. It is the last test of the package, since files are ordered by name.
func TestWebhooksAreDisabledAndUninstalled(t *testing.T) {
	ns := cluster.Namespace(t)
	waitForWebhooks(t, ns)
	before := ns.CreateReady(t, ns.Performer("a"))
	for _, command := range [][]string{
		{"delete", "-f", "deploy/webhooks/webhooks.yaml"},
		{"apply", "-f", "deploy/"},
		{"rollout", "status", "-n", realcluster.OperatorNamespace, "deployment/" + realcluster.OperatorDeployment, "--timeout=120s"},
		{"delete", "secret", "-n", realcluster.OperatorNamespace, "hourglass-operator-webhook-ca"},
	} {
		if _, err := cluster.Kubectl(t.Context(), command...); err != nil {
			t.Fatal(err)
		}
	}
	assertNoWebhooks(t)
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(invalid, "b")); err != nil {
		t.Errorf("with the webhooks disabled: %v", err)
	}
	if now := ns.WaitReady(t, "a"); now.Status.PodName != before.Status.PodName || now.Status.PodOrdinal != before.Status.PodOrdinal {
		t.Errorf("the Performer runs in pod %s, before in %s", now.Status.PodName, before.Status.PodName)
	}

	if _, err := cluster.Kubectl(t.Context(), "apply", "-f", "deploy/webhooks/"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Undeploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	assertNoWebhooks(t)
	left, err := cluster.Kubectl(t.Context(), "get", "clusterroles,clusterrolebindings,crds,mutatingwebhookconfigurations,validatingwebhookconfigurations", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	for object := range strings.Lines(left) {
		if strings.Contains(object, "hourglass-operator") || strings.Contains(object, "performers") {
			t.Errorf("left in the cluster: %s", object)
		}
	}
}
