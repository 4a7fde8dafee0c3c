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

// configurationName is that of both webhook configurations.
const configurationName = "hourglass-operator-webhook"

// mistaken has two mistakes that the schema lets in, %s is its name.
const mistaken = `
apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata: {name: %s}
spec:
  avsAddress: "0x0123456789abcdef0123456789abcdef01234567"
  image: registry.example.com/Performer:v1
  resources: {limits: {cpu: "1"}, requests: {cpu: "2"}}
`

// mistakes are what is wrong with it, by field.
var mistakes = []struct{ field, why string }{
	{"spec.image", `invalid image name "registry.example.com/Performer"`},
	{"spec.resources.requests.cpu", "2 is above the limit of 1: expected at most the limit"},
}

// dubious is let in with warnings; %s is its name.
const dubious = `
apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata: {name: %s}
spec: {avsAddress: "0x123...", image: my-avs:latest, imagePullPolicy: Never, config: {grpcPort: 8080}}
`

// answers waits until the API server asks the webhooks and trusts them.
func answers(t *testing.T, ns *realcluster.Namespace) {
	t.Helper()
	wait.For(t, "the webhooks to be asked", func(ctx context.Context) error {
		_, err := cluster.Apply(ctx, ns.Name, fmt.Sprintf(mistaken, "asked"))
		if err == nil {
			if _, err := cluster.Kubectl(ctx, "delete", "performer", "asked", "-n", ns.Name); err != nil {
				return err
			}
			return fmt.Errorf("a mistake is let in")
		}
		if !strings.Contains(err.Error(), mistakes[1].why) {
			return err
		}
		return nil
	})
}

// setFailurePolicy sets that of all webhooks, until the test's end.
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

func TestMistakesAreRefusedAndDoubtsAreTold(t *testing.T) {
	ns := cluster.Namespace(t)
	answers(t, ns)

	_, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(mistaken, "a"))
	for _, m := range mistakes {
		if want := m.field + ": " + m.why; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl lacks %q: %v", want, err)
		}
	}
	if _, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(t.Context(), "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is there all the same: %v", err)
	}

	// In its own namespace the operator stands in nobody's way.
	if _, err := cluster.Apply(t.Context(), realcluster.OperatorNamespace, fmt.Sprintf(mistaken, "exempt")); err != nil {
		t.Errorf("in the operator's own namespace: %v", err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "exempt", "-n", realcluster.OperatorNamespace, "--timeout=60s"); err != nil {
		t.Error(err)
	}

	// kubectl shows warnings on standard error, which is only kept where it fails for them.
	_, err = cluster.ApplyStrictly(t.Context(), ns.Name, fmt.Sprintf(dubious, "b"))
	for _, want := range []string{
		`Warning: spec.avsAddress: "0x123..." is not an Ethereum address: expected 0x followed by 40 hexadecimal digits`,
		"Warning: spec.image: tag latest",
		"Warning: spec.imagePullPolicy: Never",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl lacks %q: %v", want, err)
		}
	}
	made := ns.WaitReady(t, "b")
	if made.Labels["app.kubernetes.io/name"] != "hourglass-performer" || made.Labels["app.kubernetes.io/instance"] != "b" {
		t.Errorf("labels %v", made.Labels)
	}
	// Applied again it says nothing, and nothing starts.
	if _, err := cluster.ApplyStrictly(t.Context(), ns.Name, fmt.Sprintf(dubious, "b")); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	_, err = cluster.Kubectl(t.Context(), "patch", "performer", "b", "-n", ns.Name, "--type=merge", "--warnings-as-errors", `--patch={"spec":{"config":{"grpcPort":8081,"environment":{"GRPC_PORT":"8081"}}}}`)
	if err == nil || !strings.Contains(err.Error(), "spec.config.grpcPort: changes from 8080 to 8081") {
		t.Errorf("of a change of the port kubectl says %v", err)
	}
}

// TestTheFinalizerSavesAWrite has a Performer that is made with its finalizer. Without webhooks that is a write of the
// operator's own; here it writes nothing of the Performer but its status.
func TestTheFinalizerSavesAWrite(t *testing.T) {
	audit := cluster.AuditLog(t)
	ns := cluster.Namespace(t)
	answers(t, ns)
	made := ns.Create(t, ns.Performer("a"))
	if len(made.Finalizers) != 1 || made.Finalizers[0] != "hourglass.eigenlayer.io/performer-finalizer" {
		t.Errorf("made with finalizers %q", made.Finalizers)
	}
	ns.WaitReady(t, "a")
	requests, _, err := audit.Requests(realcluster.OperatorUser, made.CreationTimestamp.Time)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		if o := request.Object; o.Resource == "performers" && o.Namespace == ns.Name && !strings.Contains(request.URI, "/status") {
			t.Errorf("the operator writes %s", request)
		}
	}
}

// oldOne makes a Performer with mistakes while nobody judges, as are those of the time before the webhooks were turned on.
func oldOne(t *testing.T, ns *realcluster.Namespace, name string) *v1alpha1.Performer {
	t.Helper()
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(mistaken, name)); err != nil {
		t.Fatal(err)
	}
	p, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheOperatorIsAway scales the operator to zero, with either failure policy.
func TestTheOperatorIsAway(t *testing.T) {
	ns := cluster.Namespace(t)
	answers(t, ns)
	performers := ns.Performers.HourglassV1alpha1().Performers(ns.Name)
	if err := cluster.ScaleOperator(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	back := func(ctx context.Context) {
		if err := cluster.ScaleOperator(ctx, 2); err != nil {
			t.Errorf("scaling up: %v", err)
		}
	}
	t.Cleanup(func() { back(context.WithoutCancel(t.Context())) })

	// Ignore: everybody can do everything, and mistakes get in.
	old := oldOne(t, ns, "old")
	oldOne(t, ns, "goes")

	setFailurePolicy(t, admissionregistrationv1.Fail)
	wait.For(t, "Fail to be in force", func(ctx context.Context) error {
		_, err := cluster.Apply(ctx, ns.Name, strings.Replace(fmt.Sprintf(dubious, "new"), "0x123...", "0x124...", 1))
		if err == nil {
			_, err := cluster.Kubectl(ctx, "delete", "performer", "new", "-n", ns.Name, "--wait=false")
			return errors.Join(errors.New("a new Performer is let in"), err)
		}
		if !strings.Contains(err.Error(), "failed calling webhook") {
			return err
		}
		return nil
	})
	// In this order: a finalizer that stays holds up the removal of everything.
	for _, patch := range []string{
		`{"metadata":{"labels":{"a":"b"}}}`,
		`{"metadata":{"finalizers":["example.com/mine"]}}`,
		`{"metadata":{"finalizers":null}}`,
	} {
		if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Errorf("change %s: %v", patch, err)
		}
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"status":{"phase":"Pending"}}`), metav1.PatchOptions{}, "status"); err != nil {
		t.Errorf("a change of the status: %v", err)
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"version":"2"}}`), metav1.PatchOptions{}); err == nil {
		t.Error("under Fail a change of the spec is let in that nobody has judged")
	}
	// Nobody is there to put a finalizer on it, so it goes at once.
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "goes", "-n", ns.Name, "--timeout=60s"); err != nil {
		t.Errorf("a deletion: %v", err)
	}

	back(t.Context())
	var told *v1alpha1.Performer
	for _, m := range mistakes {
		told = ns.WaitFor(t, "old", "what is wrong to be told", realcluster.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, "InvalidSpec", m.field+": "+m.why))
	}
	if told.UID != old.UID {
		t.Error("it is another one")
	}
	answers(t, ns)
	// What was wrong before holds nothing up; what is new does.
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"version":"2"}}`), metav1.PatchOptions{}); err != nil {
		t.Errorf("a change beside the old mistakes: %v", err)
	}
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec":{"podLabels":{"no key":"x"}}}`), metav1.PatchOptions{}); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("a further mistake: %v", err)
	}
	mended := fmt.Sprintf(`{"spec":{"image":%q,"resources":null}}`, realcluster.SampleImage)
	if _, err := performers.Patch(t.Context(), "old", types.MergePatchType, []byte(mended), metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
	ns.WaitFor(t, "old", "the mistakes to be gone", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionFalse, "AsExpected", ""))
}

// webhookObjects are what there is of webhooks besides the operator itself.
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
			t.Errorf("left: %s %v", found, err)
		}
	}
}

// TestWebhooksAreTurnedOffAndUninstalled is the last of the package, for the files are taken by their names: first the webhooks go, then, turned on again, the whole operator.
func TestWebhooksAreTurnedOffAndUninstalled(t *testing.T) {
	ns := cluster.Namespace(t)
	answers(t, ns)
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
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(mistaken, "b")); err != nil {
		t.Errorf("with the webhooks off: %v", err)
	}
	if now := ns.WaitReady(t, "a"); now.Status.PodName != before.Status.PodName || now.Status.PodOrdinal != before.Status.PodOrdinal {
		t.Errorf("the performer runs in %s, before in %s", now.Status.PodName, before.Status.PodName)
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
