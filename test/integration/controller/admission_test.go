// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestAQuotaHasNoRoomForAThirdPod has an upgrade superseded while its pod is not ready yet. That pod has to go before the
// quota lets in the next one.
func TestAQuotaHasNoRoomForAThirdPod(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	w.running("a")
	w.patch("a", `{"spec":{"image":"repo:2"}}`)
	w.AwaitPod("performer-a-1")
	w.exhausted("pods")
	w.awaitAdmission(true)
	w.patch("a", `{"spec":{"image":"repo:3"}}`)
	w.awaitNoPod("performer-a-1")
	p := w.awaitPerformer("a", "the refusal", hasReason(v1alpha1.ConditionDegraded, performer.ReasonPodRefused))
	if !p.Status.Ready {
		t.Errorf("status %+v", p.Status)
	}
}

// TestAServiceIsRefusedWhilePodsAreNot has a change of the port refused by a quota of node ports, and then the only pod
// lost.
func TestAServiceIsRefusedWhilePodsAreNot(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	w.running("a")
	w.Bind("performer-a-0") // so that it takes its time to end
	services := kube.CoreV1().Services(w.namespace)
	if _, err := services.Patch(t.Context(), "performer-a", types.MergePatchType, []byte(`{"spec":{"type":"NodePort"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.exhausted(corev1.ResourceServicesNodePorts)
	wait.For(t, "a node port refused", func(ctx context.Context) error {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 1}}}}
		if _, err := services.Create(ctx, service, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err == nil {
			return errors.New("it is not")
		}
		return nil
	})
	w.patch("a", `{"spec":{"config":{"grpcPort":8181}}}`)
	w.awaitPerformer("a", "the refusal", hasReason(v1alpha1.ConditionDegraded, performer.ReasonServiceRefused))
	w.evict("performer-a-0")
	// A copy of it beside the new one, which is not ready.
	w.AwaitPod("performer-a-2")
}

// TestARefusalIsWordedAnewEachTime has a webhook that gives each of its answers a number. That is one condition, and not
// a loop of tries and writes.
func TestARefusalIsWordedAnewEachTime(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewTLSServer(reviews(func(*corev1.Pod) string { return fmt.Sprintf("no, for the %dth time", asked.Add(1)) }))
	defer server.Close()
	w := newWorld(t)
	op := startOperator(t)
	w.podWebhook(webhookAt(server))
	w.create("a")
	w.awaitPerformer("a", "the refusal", hasReason(v1alpha1.ConditionStalled, performer.ReasonPodRefused))
	// Others are worked on meanwhile, as often as they change.
	other := newWorld(t)
	other.running("b")
	for version := range 20 {
		other.patch("b", fmt.Sprintf(`{"spec":{"version":"%d"}}`, version))
		pod := fmt.Sprintf("performer-b-%d", version+1)
		other.MakeReady(pod)
		other.awaitOn("b", pod)
	}
	p := w.performer("a")
	op.stop()
	if message := conditionOf(p, v1alpha1.ConditionStalled).Message; !strings.Contains(message, "no, for the ") {
		t.Errorf("message %q", message)
	}
	if tries := op.requests.of("POST /api/v1/namespaces/" + w.namespace + "/pods"); len(tries) > 8 {
		t.Errorf("%d tries to make the pod", len(tries))
	}
	if writes := op.requests.of("/performers/a/status"); len(writes) > 8 {
		t.Errorf("%d statuses", len(writes))
	}
}

// TestAnAnnotationThatCannotBeALabel has the annotation that tells of the revision spoilt. The pod is replaced like any
// other of another revision.
func TestAnAnnotationThatCannotBeALabel(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	w.running("a")
	body := `{"metadata":{"annotations":{"` + render.AnnotationRevision + `":"not valid!"}}}`
	if _, err := kube.CoreV1().Pods(w.namespace).Patch(t.Context(), "performer-a-0", types.MergePatchType, []byte(body), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.MakeReady("performer-a-1")
	w.awaitOn("a", "performer-a-1")
}

// TestARefusedCopyHoldsUpNoSuccessor has the pod that served lost, and a copy of it refused: it is what the user has just
// changed the spec for.
func TestARefusedCopyHoldsUpNoSuccessor(t *testing.T) {
	w := newWorld(t)
	op := startOperator(t)
	w.running("a")
	w.Bind("performer-a-0") // so that it takes its time to end
	op.stop()
	server := httptest.NewTLSServer(reviews(func(pod *corev1.Pod) string {
		if pod.Spec.Containers[0].Image != "repo:2" {
			return "only repo:2 is allowed"
		}
		return ""
	}))
	defer server.Close()
	w.podWebhook(webhookAt(server))
	w.evict("performer-a-0")
	w.patch("a", `{"spec":{"image":"repo:2"}}`)
	startOperator(t)
	wait.For(t, "a pod of the new revision", func(context.Context) error {
		for _, pod := range w.pods("a") {
			if pod.Annotations[render.AnnotationRevision] == render.Revision(&w.performer("a").Spec) {
				return nil
			}
		}
		return errors.New("there is none")
	})
	w.AwaitDeletion("performer-a-0") // still there to be copied
}

// reviews answers the API server's questions about pods with what refuse says of each; the empty text lets it in.
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

// webhookAt is how the API server reaches that webhook.
func webhookAt(server *httptest.Server) admissionv1.WebhookClientConfig {
	return admissionv1.WebhookClientConfig{
		URL: &server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}
}
