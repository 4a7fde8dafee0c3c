// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestRefusalWithAChangingMessage has a webhook that numbers its answers. The operator sets one
// condition and does not loop over attempts and writes.
func TestRefusalWithAChangingMessage(t *testing.T) {
	var count atomic.Int32
	server := httptest.NewTLSServer(reviews(func(*corev1.Pod) string { return fmt.Sprintf("no, for the %dth time", count.Add(1)) }))
	defer server.Close()
	ns := cluster.Namespace(t)
	op := startOperator(t)
	podWebhook(ns, webhookAt(server))
	ns.Create("a")
	ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonPodRefused)
	// Other Performers are reconciled meanwhile, whenever they change.
	other := cluster.Namespace(t)
	other.Running("b")
	for version := range 20 {
		other.Patch("b", fmt.Sprintf(`{"spec":{"version":"%d"}}`, version))
		pod := fmt.Sprintf("performer-b-%d", version+1)
		other.MakeReady(pod)
		other.AwaitReadyOn("b", pod)
	}
	p := ns.Performer("a")
	op.stop()
	if message := controlplane.Condition(p, v1alpha1.ConditionDegraded).Message; !strings.Contains(message, "no, for the ") {
		t.Errorf("message %q", message)
	}
	if tries := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(tries) > 8 {
		t.Errorf("%d attempts to create the pod", len(tries))
	}
	if writes := op.requests.of("/performers/a/status"); len(writes) > 8 {
		t.Errorf("%d writes of the status", len(writes))
	}
}

// TestRefusedCopyDoesNotBlockTheUpgrade loses the serving pod and has its copy refused, which is
// why the user has just changed the spec.
func TestRefusedCopyDoesNotBlockTheUpgrade(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	ns.Bind("performer-a-0") // so that its deletion takes time
	op.stop()
	server := httptest.NewTLSServer(reviews(func(pod *corev1.Pod) string {
		if pod.Spec.Containers[0].Image != "repo:2" {
			return "only repo:2 is allowed"
		}
		return ""
	}))
	defer server.Close()
	podWebhook(ns, webhookAt(server))
	ns.Evict("performer-a-0")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	startOperator(t)
	wait.For(t, "a pod of the new revision", func(context.Context) error {
		for _, pod := range ns.Pods("a") {
			if pod.Annotations[render.AnnotationRevision] == render.Revision(&ns.Performer("a").Spec) {
				return nil
			}
		}
		return errors.New("there is none")
	})
	ns.AwaitDeletion("performer-a-0") // still there to be copied
}

// reviews serves a webhook for pods. refuse returns why it refuses a pod, or an empty text to admit
// it.
func reviews(refuse func(*corev1.Pod) string) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		var (
			review admissionapi.AdmissionReview
			pod    corev1.Pod
		)
		err := json.NewDecoder(request.Body).Decode(&review)
		if err == nil {
			err = json.Unmarshal(review.Request.Object.Raw, &pod)
		}
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		why := refuse(&pod)
		review.Response = &admissionapi.AdmissionResponse{UID: review.Request.UID, Allowed: why == "", Result: &metav1.Status{Message: why}}
		review.Request = nil
		_ = json.NewEncoder(response).Encode(review)
	})
}

// webhookAt returns how the API server reaches the webhook of a server.
func webhookAt(server *httptest.Server) admissionv1.WebhookClientConfig {
	return admissionv1.WebhookClientConfig{
		URL: &server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}
}

func TestPodSecurityRefuses(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	ns.Running("runs")
	before := ns.AwaitPod("performer-runs-0")
	enforce := `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
	if _, err := kube.CoreV1().Namespaces().Patch(t.Context(), ns.Name, types.MergePatchType, []byte(enforce), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitAdmission(ns, true)
	ns.Create("fresh")
	ns.Patch("runs", `{"spec":{"version":"2"}}`)
	for _, name := range []string{"fresh", "runs"} {
		p := ns.AwaitReason(name, v1alpha1.ConditionDegraded, performer.ReasonPodRefused)
		message := controlplane.Condition(p, v1alpha1.ConditionDegraded).Message
		if !strings.Contains(message, "PodSecurity") || !strings.Contains(message, "runAsNonRoot") || p.Status.Ready != (name == "runs") {
			t.Errorf("%s: message %q, status %+v", name, message, p.Status)
		}
		// What the operator sets by itself must not be reported as missing.
		if strings.Contains(message, "seccompProfile") || strings.Contains(message, "allowPrivilegeEscalation") {
			t.Errorf("the defaults are not safe: %s", message)
		}
	}
	if now := ns.AwaitPod("performer-runs-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	const contexts = `{"spec":{"podSecurityContext":{"runAsNonRoot":true,"runAsUser":65532},"securityContext":{"capabilities":{"drop":["ALL"]}}}}`
	for name, pod := range map[string]string{"fresh": "performer-fresh-0", "runs": "performer-runs-1"} {
		ns.Patch(name, contexts)
		ns.MakeReady(pod)
		ns.AwaitReadyOn(name, pod)
		h.checkStatuses(name)
	}
	h.checkNoGap("runs")
	// And a Performer that has them from its creation.
	ns.Running("restricted", func(p *v1alpha1.Performer) {
		p.Spec.PodSecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
		p.Spec.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	})
}

// TestUnreachablePodWebhook makes every creation of a pod in the namespace fail, though not by a
// refusal of that pod.
func TestUnreachablePodWebhook(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	startOperator(t)
	remove := podWebhook(ns, admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:1/")})
	ns.Create("a")
	p := ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonRequestFailed)
	message := controlplane.Condition(p, v1alpha1.ConditionReady).Message
	if !strings.Contains(message, "creating pod performer-a-0: ") || !strings.Contains(message, `failed calling webhook "pods.example.com"`) || kstatus(p) != kstatusInProgress {
		t.Errorf("message %q, status %+v", message, p.Status)
	}
	remove()
	awaitAdmission(ns, false)
	ns.MakeReady("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	h.checkStatuses("a")
}

// podWebhook has the API server call a webhook for each pod that is created in the namespace, until
// the webhook is removed or the test ends.
func podWebhook(ns controlplane.Namespace, client admissionv1.WebhookClientConfig) (remove func()) {
	ns.Helper()
	configurations := kube.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := configurations.Create(ns.Context(), &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ns.Name},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "pods.example.com", AdmissionReviewVersions: []string{"v1"},
			SideEffects:       ptr.To(admissionv1.SideEffectClassNone),
			ClientConfig:      client,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns.Name}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	remove = sync.OnceFunc(func() {
		if err := configurations.Delete(context.WithoutCancel(ns.Context()), ns.Name, metav1.DeleteOptions{}); err != nil {
			ns.Error(err)
		}
	})
	ns.Cleanup(remove)
	awaitAdmission(ns, true)
	return remove
}
