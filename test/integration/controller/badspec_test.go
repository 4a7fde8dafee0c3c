// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestBadSpecsThatTheAPIRefuses has what never becomes an object, at creation and on one that runs.
func TestBadSpecsThatTheAPIRefuses(t *testing.T) {
	w := newWorld(t)
	startOperator(t)
	w.running("runs")
	before := w.performer("runs")
	thousand := func(format string) string {
		var all []string
		for i := range 1000 {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ",")
	}
	for i, tt := range []struct {
		name, fields string
		want         []string
	}{
		{"a quantity that is none", `"resources":{"limits":{"cpu":"much"}}`, []string{"spec.resources.limits.cpu"}},
		{"a negative count", `"hardwareRequirements":{"gpuCount":-1}`, []string{"spec.hardwareRequirements.gpuCount", "greater than or equal to 0"}},
		{"port 0", `"config":{"grpcPort":0}`, []string{"spec.config.grpcPort", "greater than or equal to 1"}},
		{"port 70000", `"config":{"grpcPort":70000}`, []string{"spec.config.grpcPort", "less than or equal to 65535"}},
		{"both references", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"},"configMapKeyRef":{"name":"s","key":"k"}}}]}`,
			[]string{"exactly one of secretKeyRef and configMapKeyRef"}},
		{"1,000 variables", `"config":{"environment":{` + thousand(`"V%d":"x"`) + `}}`, []string{"spec.config.environment", "256"}},
		{"1,000 references", `"config":{"environmentFrom":[` + thousand(`{"name":"V%d","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}`) + `]}`,
			[]string{"spec.config.environmentFrom", "256"}},
		{"1,000 of env", `"config":{"env":[` + thousand(`{"name":"V%d","value":"x"}`) + `]}`, []string{"spec.config.env", "256"}},
		{"a reserved label", `"podLabels":{"hourglass.eigenlayer.io/serving":"true"}`, []string{"spec.podLabels", "these labels are reserved for the operator"}},
		{"the label app", `"podLabels":{"app":"x"}`, []string{"spec.podLabels", "must not set app"}},
		{"an unknown strategy", `"upgradeStrategy":{"type":"Canary"}`, []string{"spec.upgradeStrategy.type", "BlueGreen"}},
		{"a deadline of 0", `"upgradeStrategy":{"progressDeadlineSeconds":0}`, []string{"spec.upgradeStrategy.progressDeadlineSeconds"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkRefusal(t, post(t, w.namespace, fmt.Sprintf("p%d", i), merged(t, tt.fields)), tt.want)
			_, err := hourglass.HourglassV1alpha1().Performers(w.namespace).Patch(t.Context(), "runs", types.MergePatchType, []byte(`{"spec":{`+tt.fields+`}}`), metav1.PatchOptions{})
			checkRefusal(t, err, tt.want)
		})
	}
	if now := w.performer("runs"); now.ResourceVersion != before.ResourceVersion {
		t.Error("a refused change left something")
	}
}

// TestBadSpecsThatTheClusterRefuses has what the schema lets in and can't run: what the API server refuses of
// the pod, and what it would refuse. Each is asked of a new Performer and of one that runs, which goes on; and
// each is mended.
func TestBadSpecsThatTheClusterRefuses(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	const (
		// Something else may change that lets it in: a class be made, say.
		waits = v1alpha1.ConditionReconciling
		// Nothing but another spec helps.
		stalls = v1alpha1.ConditionStalled
	)
	tests := []struct {
		name, fields, mend, condition string
		// reason is InvalidSpec for what is wrong in any cluster, and found without asking this one.
		reason string
		want   []string
	}{
		{"priority-class", `"scheduling":{"priorityClassName":"there-is-none"}`, `"scheduling":null`, waits, performer.ReasonPodRefused, []string{"PriorityClass", "there-is-none"}},
		{"runtime-class", `"scheduling":{"runtimeClass":"there-is-none"}`, `"scheduling":null`, waits, performer.ReasonPodRefused, []string{"RuntimeClass", "there-is-none", "not found"}},
		{"toleration", `"scheduling":{"tolerations":[{"key":"a","operator":"Sometimes"}]}`, `"scheduling":null`, stalls, performer.ReasonPodRefused, []string{"tolerations", "Sometimes"}},
		{"field", `"config":{"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"there.is.none"}}}]}`, `"config":{"env":null}`, stalls, performer.ReasonPodRefused, []string{"fieldPath", "there.is.none"}},
		{"label-key", `"podLabels":{"no key":"x"}`, `"podLabels":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.podLabels", "no key"}},
		{"annotation-key", `"podAnnotations":{"no key":"x"}`, `"podAnnotations":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.podAnnotations"}},
		{"image", `"image":"no//image:1"`, `"image":"repo:1"`, stalls, performer.ReasonInvalidSpec, []string{"spec.image is", "no//image"}},
		{"custom-label-value", `"hardwareRequirements":{"customLabels":{"key":"no value!"}}`, `"hardwareRequirements":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.hardwareRequirements.customLabels", "no value!"}},
		{"variable-name", `"config":{"environment":{"":"x"}}`, `"config":{"environment":null}`, stalls, performer.ReasonInvalidSpec, []string{"spec.config.environment"}},
		{"request-above-limit", `"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}`, `"resources":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.resources.requests.cpu is 2, above the limit of 1"}},
		{"account-name", `"config":{"serviceAccountName":"No Account"}`, `"config":{"serviceAccountName":null}`, stalls, performer.ReasonInvalidSpec, []string{"spec.config.serviceAccountName"}},
		{"volume-mount", `"volumeMounts":[{"name":"there-is-none","mountPath":"/x"}]`, `"volumeMounts":null`, stalls, performer.ReasonInvalidSpec, []string{"spec.volumeMounts[0].name", "there-is-none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := w.as(t)
			check := func(name string) *v1alpha1.Performer {
				t.Helper()
				p := w.awaitPerformer(name, "the refusal", func(p *v1alpha1.Performer) bool {
					return p.Status.ObservedGeneration == p.Generation && hasReason(tt.condition, tt.reason)(p)
				})
				degraded := conditionOf(p, v1alpha1.ConditionDegraded)
				for _, part := range tt.want {
					if !strings.Contains(degraded.Message, part) {
						t.Errorf("the message lacks %q: %s", part, degraded.Message)
					}
				}
				return p
			}
			fresh, runs := tt.name, tt.name+"-runs"
			if err := post(t, w.namespace, fresh, merged(t, tt.fields)); err != nil {
				t.Fatal(err)
			}
			if p := check(fresh); p.Status.Ready || len(w.pods(fresh)) > 0 {
				t.Errorf("status %+v", p.Status)
			}
			var told []string
			wait.For(t, "an event", func(context.Context) error {
				told = append(told, op.told(w.namespace)...)
				if !slices.ContainsFunc(told, func(e string) bool {
					return strings.HasPrefix(e, "Warning "+tt.reason) && strings.Contains(e, tt.want[0])
				}) {
					return errors.New(strings.Join(told, "\n"))
				}
				return nil
			})
			w.patch(fresh, `{"spec":{`+tt.mend+`}}`)
			w.MakeReady("performer-" + fresh + "-0")
			w.awaitOn(fresh, "performer-"+fresh+"-0")

			w.running(runs)
			before := w.AwaitPod("performer-" + runs + "-0")
			w.patch(runs, `{"spec":{`+tt.fields+`}}`)
			if p := check(runs); !p.Status.Ready || p.Status.PodName != before.Name {
				t.Errorf("what ran is taken down: %+v", p.Status)
			}
			w.patch(runs, `{"spec":{`+tt.mend+`}}`)
			w.awaitOn(runs, before.Name)
			if now := w.AwaitPod(before.Name); now.UID != before.UID {
				t.Error("it is another pod")
			}
			for _, name := range []string{fresh, runs} {
				h.checkStatuses(name)
			}
			h.checkNoGap(runs)
		})
	}
	op.stop()
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
	// Of each pair: two pods, and a few tries until the status that tells of the refusal is seen.
	if tries := op.requests.of("POST /api/v1/namespaces/" + w.namespace + "/pods"); len(tries) > len(tests)*(2+2*4) {
		t.Errorf("%d tries to make pods", len(tries))
	}
	for _, tt := range tests {
		for _, name := range []string{tt.name, tt.name + "-runs"} {
			if writes := op.requests.of(w.namespace + "/performers/" + name + "/status"); len(writes) > 8 {
				t.Errorf("%s: %d writes of status", name, len(writes))
			}
		}
	}
}

// awaitAdmission waits until admission, which goes by caches, refuses a plain pod or lets it in.
func (w world) awaitAdmission(refuses bool) {
	w.Helper()
	wait.For(w.T, fmt.Sprintf("a pod refused: %v", refuses), func(ctx context.Context) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
		_, err := kube.CoreV1().Pods(w.namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if (err != nil) != refuses {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
}

// exhausted makes a quota q of the namespace for a resource, which has no room.
func (w world) exhausted(resource corev1.ResourceName) {
	w.Helper()
	quotas := kube.CoreV1().ResourceQuotas(w.namespace)
	one := corev1.ResourceList{resource: quantity("1")}
	quota, err := quotas.Create(w.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: one},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	// The controller that counts does not run here.
	quota.Status = corev1.ResourceQuotaStatus{Hard: one, Used: one}
	if _, err := quotas.UpdateStatus(w.Context(), quota, metav1.UpdateOptions{}); err != nil {
		w.Fatal(err)
	}
}

func TestQuotaIsExhausted(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	w.running("runs")
	before := w.AwaitPod("performer-runs-0")
	w.exhausted("pods")
	w.awaitAdmission(true)

	w.create("fresh")
	w.patch("runs", `{"spec":{"image":"repo:2"}}`)
	for _, name := range []string{"fresh", "runs"} {
		p := w.awaitPerformer(name, "the refusal", hasReason(v1alpha1.ConditionDegraded, performer.ReasonPodRefused))
		message := conditionOf(p, v1alpha1.ConditionDegraded).Message
		if !strings.Contains(message, "exceeded quota: q") || kstatus(p) != kstatusInProgress || p.Status.Ready != (name == "runs") {
			t.Errorf("%s: message %q, status %+v", name, message, p.Status)
		}
	}
	if now := w.AwaitPod("performer-runs-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if err := kube.CoreV1().ResourceQuotas(w.namespace).Delete(t.Context(), "q", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaitAdmission(false)
	// It is looked at again within a minute; any change brings it forward.
	for name, pod := range map[string]string{"fresh": "performer-fresh-0", "runs": "performer-runs-1"} {
		w.patch(name, `{"metadata":{"labels":{"again":"1"}}}`)
		w.MakeReady(pod)
		w.awaitOn(name, pod)
		h.checkStatuses(name)
	}
	h.checkNoGap("runs")
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + w.namespace + "/pods"); len(tries) > 12 {
		t.Errorf("%d tries to make pods", len(tries))
	}
}

func TestPodSecurityRefuses(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	w.running("runs")
	before := w.AwaitPod("performer-runs-0")
	enforce := `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
	if _, err := kube.CoreV1().Namespaces().Patch(t.Context(), w.namespace, types.MergePatchType, []byte(enforce), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaitAdmission(true)
	w.create("fresh")
	w.patch("runs", `{"spec":{"version":"2"}}`)
	for _, name := range []string{"fresh", "runs"} {
		p := w.awaitPerformer(name, "the refusal", hasReason(v1alpha1.ConditionDegraded, performer.ReasonPodRefused))
		message := conditionOf(p, v1alpha1.ConditionDegraded).Message
		if !strings.Contains(message, "PodSecurity") || !strings.Contains(message, "runAsNonRoot") || p.Status.Ready != (name == "runs") {
			t.Errorf("%s: message %q, status %+v", name, message, p.Status)
		}
		// What the operator does by itself is not what is missing.
		if strings.Contains(message, "seccompProfile") || strings.Contains(message, "allowPrivilegeEscalation") {
			t.Errorf("the defaults are not safe: %s", message)
		}
	}
	if now := w.AwaitPod("performer-runs-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	const contexts = `{"spec":{"podSecurityContext":{"runAsNonRoot":true,"runAsUser":65532},"securityContext":{"capabilities":{"drop":["ALL"]}}}}`
	for name, pod := range map[string]string{"fresh": "performer-fresh-0", "runs": "performer-runs-1"} {
		w.patch(name, contexts)
		w.MakeReady(pod)
		w.awaitOn(name, pod)
		h.checkStatuses(name)
	}
	h.checkNoGap("runs")
	// And one that is made with them.
	w.running("restricted", func(p *v1alpha1.Performer) {
		p.Spec.PodSecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
		p.Spec.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	})
}

// TestBadSpecsThatTheKubeletRefuses plays the kubelet of a changed spec that can't run, beside a pod
// that does.
func TestBadSpecsThatTheKubeletRefuses(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	op := startOperator(t)
	for _, tt := range []struct{ name, fields, reason, message, want string }{
		{"secret", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`,
			"CreateContainerConfigError", "secret s not found", performer.ReasonContainerConfigInvalid},
		{"config-map", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}]}`,
			"CreateContainerConfigError", "configmap c not found", performer.ReasonContainerConfigInvalid},
		{"image", `"image":"repo:missing"`, "ErrImagePull", "repo:missing: not found", performer.ReasonImagePullFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := w.as(t)
			w.running(tt.name)
			before := w.AwaitPod("performer-" + tt.name + "-0")
			w.patch(tt.name, `{"spec":{`+tt.fields+`}}`)
			w.PatchStatus("performer-"+tt.name+"-1", waitsFor(tt.reason, tt.message))
			p := w.awaitPerformer(tt.name, "the failure", hasReason(v1alpha1.ConditionDegraded, tt.want))
			if message := conditionOf(p, v1alpha1.ConditionDegraded).Message; !strings.Contains(message, tt.message) || !p.Status.Ready {
				t.Errorf("message %q, status %+v", message, p.Status)
			}
			w.patch(tt.name, `{"spec":{"image":"repo:1","config":{"environmentFrom":null}}}`)
			w.awaitNoPod("performer-" + tt.name + "-1")
			w.awaitOn(tt.name, before.Name)
			if now := w.AwaitPod(before.Name); now.UID != before.UID {
				t.Error("it is another pod")
			}
			h.checkNoGap(tt.name)
			h.checkStatuses(tt.name)
		})
	}
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + w.namespace + "/pods"); len(tries) != 6 {
		t.Errorf("%d pods were made:\n%s", len(tries), strings.Join(tries, "\n"))
	}
}

// TestAChangeInATerminatingNamespace wants the refusal of the API server, and quiet of the operator.
func TestAChangeInATerminatingNamespace(t *testing.T) {
	w := worldIn(t, newNamespace(t)) // nobody can make endpoint slices there either
	first := startOperator(t)
	w.running("a")
	first.stop()
	// Nobody here empties the namespace, so it stays as it is.
	if err := kube.CoreV1().Namespaces().Delete(t.Context(), w.namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the namespace going", func(context.Context) error {
		err := post(t, w.namespace, "late", merged(t, `"version":"1"`))
		if err == nil || !strings.Contains(err.Error(), "because it is being terminated") {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
	before := w.AwaitPod("performer-a-0")
	op := startOperator(t)
	w.patch("a", `{"spec":{"version":"2"}}`)
	wait.Until(t, "a try", func() bool { return len(op.requests.of("POST /api/v1/namespaces/"+w.namespace+"/pods")) > 0 })
	other := newWorld(t)
	other.running("b")
	op.stop()
	if now := w.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
	if writes := op.requests.of(w.namespace); len(writes) > 8 {
		t.Errorf("%d requests for one that can't be:\n%s", len(writes), strings.Join(writes, "\n"))
	}
}

// podWebhook has the API server ask somebody's webhook about each pod that is made in the namespace, until it is removed
// or the test ends.
func (w world) podWebhook(client admissionv1.WebhookClientConfig) (remove func()) {
	w.Helper()
	configurations := kube.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := configurations.Create(w.Context(), &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "pods.example.com", AdmissionReviewVersions: []string{"v1"},
			SideEffects:       ptr.To(admissionv1.SideEffectClassNone),
			ClientConfig:      client,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": w.namespace}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	remove = sync.OnceFunc(func() {
		if err := configurations.Delete(context.WithoutCancel(w.Context()), w.namespace, metav1.DeleteOptions{}); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(remove)
	w.awaitAdmission(true)
	return remove
}

// TestAWebhookOfOthersDoesNotAnswer has every pod of the namespace fail with an error that is no refusal of it.
func TestAWebhookOfOthersDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	h := recordHistory(w)
	startOperator(t)
	remove := w.podWebhook(admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:1/")})
	w.create("a")
	p := w.awaitPerformer("a", "the failure", hasReason(v1alpha1.ConditionDegraded, performer.ReasonRequestFailed))
	message := conditionOf(p, v1alpha1.ConditionReady).Message
	if !strings.Contains(message, "creating pod performer-a-0: ") || !strings.Contains(message, `failed calling webhook "pods.example.com"`) || kstatus(p) != kstatusInProgress {
		t.Errorf("message %q, status %+v", message, p.Status)
	}
	remove()
	w.awaitAdmission(false)
	w.MakeReady("performer-a-0")
	w.awaitOn("a", "performer-a-0")
	h.checkStatuses("a")
}
