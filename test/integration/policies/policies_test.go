// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	policiesFolder = "manifests/policies"
	policyPrefix   = "hourglass-operator-"
	parameters     = "hourglass.eigenlayer.io/"
	digest         = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// policies are those of manifests/policies, each with a spec that its own parameters refuse, the
// message of the refusal, and a spec that they allow.
var policies = map[string]struct {
	bad, good, want string
}{
	"allowed-registries": {`"image":"evil.example.com/avs:1"`, `"image":"ghcr.io/team/avs:1"`,
		`spec.image: image "evil.example.com/avs:1" (evil.example.com/avs) is not allowed: expected an image from one of docker.io, gcr.io, ghcr.io, public.ecr.aws, quay.io, registry.k8s.io`},
	"image-digest": {`"image":"ghcr.io/team/avs:1"`, `"image":"ghcr.io/team/avs` + digest + `"`,
		`spec.image: image "ghcr.io/team/avs:1" does not end in a valid digest: expected one as in name@sha256:<64 hexadecimal digits>`},
	"image-tag": {`"image":"ghcr.io/team/avs:latest"`, `"image":"ghcr.io/team/avs:v1"`,
		`spec.image: image "ghcr.io/team/avs:latest" is not allowed: expected a tag other than latest, or a digest`},
	"resource-ceilings": {`"resources":{"limits":{"cpu":"9","memory":"32Gi","ephemeral-storage":"64Gi"}}`,
		`"resources":{"limits":{"cpu":"8","memory":"32Gi","ephemeral-storage":"64Gi"}}`,
		`spec.resources.limits.cpu: 9 exceeds the ceiling: expected at most 8`},
	"runtime-classes": {`"scheduling":{"runtimeClass":"runc"}`, `"scheduling":{"runtimeClass":"kata"}`,
		`spec.scheduling.runtimeClass: RuntimeClass "runc" is not allowed: expected one of gvisor, kata, kata-qemu-sev, kata-qemu-snp, kata-qemu-tdx`},
	"service-accounts": {`"config":{"serviceAccountName":"admin"}`, `"config":{"serviceAccountName":null}`,
		`spec.config.serviceAccountName: service account "admin" is not allowed: expected none`},
}

// readPolicy returns a policy and its binding as they are installed.
func readPolicy(t *testing.T, concern string) (*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {
	t.Helper()
	file, err := os.Open(repository.Path(policiesFolder, concern+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	documents := utilyaml.NewYAMLToJSONDecoder(file)
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	if err := errors.Join(documents.Decode(policy), documents.Decode(binding)); err != nil {
		t.Fatalf("%s: %v", concern, err)
	}
	if err := documents.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		t.Fatalf("%s holds more than a policy and its binding: %v", concern, err)
	}
	return policy, binding
}

// bind puts a policy in force in the given namespaces alone, by a copy of its binding that change
// may change, and returns the copy's name.
func bind(t *testing.T, concern string, change func(*admissionv1.ValidatingAdmissionPolicyBinding), namespaces ...string) (binding string) {
	t.Helper()
	binding = install(t, concern, change, namespaces...)
	mustRefuse(t, binding, namespaces[0])
	return binding
}

// install is bind without waiting.
func install(t *testing.T, concern string, change func(*admissionv1.ValidatingAdmissionPolicyBinding), namespaces ...string) string {
	t.Helper()
	policy, binding := readPolicy(t, concern)
	client := kube.AdmissionregistrationV1()
	// Without a binding a policy does nothing, so it may stay for the next test.
	if _, err := client.ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	binding.Name += "-" + namespaces[0]
	if ref := binding.Spec.ParamRef; ref != nil {
		ref.Name = binding.Name
	}
	selector := binding.Spec.MatchResources.NamespaceSelector
	selector.MatchExpressions = append(selector.MatchExpressions,
		metav1.LabelSelectorRequirement{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: namespaces})
	if change != nil {
		change(binding)
	}
	if _, err := client.ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.ValidatingAdmissionPolicyBindings().Delete(context.WithoutCancel(t.Context()), binding.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return binding.Name
}

// mustRefuse waits until a binding refuses what no parameters let pass.
func mustRefuse(t *testing.T, binding, namespace string) {
	t.Helper()
	wait.Until(t, binding+" to be in force", func() bool {
		err := cluster.DryRunPost(t, namespace, "probe", controlplane.SpecWith(t, `"image":":",
			"scheduling":{"runtimeClass":"no-such"},"config":{"serviceAccountName":"no-such"},
			"resources":{"limits":{"cpu":"1E","memory":"1E","ephemeral-storage":"1E"}},"hardwareRequirements":{"gpuCount":999999}`))
		return err != nil && strings.Contains(err.Error(), binding)
	})
}

// underEach runs a test under each policy, in a namespace with a Performer a of the given spec that
// was there before.
func underEach(t *testing.T, before func(concern string) (fields string), test func(t *testing.T, concern, namespace, binding string)) {
	t.Helper()
	// All at first: the server takes a second to know of a binding, however many there are.
	namespaces, bindings := map[string]string{}, map[string]string{}
	for concern := range policies {
		namespaces[concern] = cluster.CreateNamespace(t)
		if err := cluster.Post(t, namespaces[concern], "a", controlplane.SpecWith(t, before(concern))); err != nil {
			t.Fatal(err)
		}
		bindings[concern] = install(t, concern, nil, namespaces[concern])
	}
	for concern := range policies {
		t.Run(concern, func(t *testing.T) {
			mustRefuse(t, bindings[concern], namespaces[concern])
			test(t, concern, namespaces[concern], bindings[concern])
		})
	}
}

func bad(concern string) string { return policies[concern].bad }

func good(concern string) string { return policies[concern].good }

// with gives a binding other parameters than its own; an empty name takes all of them away.
func with(name, value string) func(*admissionv1.ValidatingAdmissionPolicyBinding) {
	return func(binding *admissionv1.ValidatingAdmissionPolicyBinding) {
		binding.Annotations = map[string]string{}
		if name != "" {
			binding.Annotations[parameters+name] = value
		}
	}
}

// patchSpec changes fields of a Performer's spec.
func patchSpec(t *testing.T, namespace, name, fields string) error {
	t.Helper()
	_, err := hourglass.HourglassV1alpha1().Performers(namespace).
		Patch(t.Context(), name, types.MergePatchType, []byte(`{"spec":{`+fields+`}}`), metav1.PatchOptions{})
	return err
}

// TestEveryPolicyIsTested holds the table above against the folder and what kustomize takes from
// it.
func TestEveryPolicyIsTested(t *testing.T) {
	folder := repository.Path(policiesFolder)
	kustomization, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var taken struct {
		Resources []string `json:"resources"`
	}
	if err := utilyaml.Unmarshal(kustomization, &taken); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var found, tested []string
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" {
			found = append(found, name)
		}
	}
	for concern := range maps.Keys(policies) {
		tested = append(tested, concern+".yaml")
	}
	slices.Sort(tested)
	if !slices.Equal(found, tested) || !slices.Equal(slices.Sorted(slices.Values(taken.Resources)), tested) {
		t.Errorf("the folder has %q, kustomize takes %q, and the tests know %q", found, taken.Resources, tested)
	}
}

// TestPoliciesAsTheyAreInstalled looks at what the tests change before they install it, and what
// they can't see.
func TestPoliciesAsTheyAreInstalled(t *testing.T) {
	for concern := range policies {
		policy, binding := readPolicy(t, concern)
		name := policyPrefix + concern
		if policy.Name != name || binding.Name != name || binding.Spec.PolicyName != name {
			t.Errorf("%s: the policy is %s, the binding %s, of %s", concern, policy.Name, binding.Name, binding.Spec.PolicyName)
		}
		if (policy.Spec.ParamKind == nil) != (binding.Spec.ParamRef == nil) {
			t.Errorf("%s: the policy has parameters of %v, the binding %v", concern, policy.Spec.ParamKind, binding.Spec.ParamRef)
		}
		if ref := binding.Spec.ParamRef; ref != nil && ref.Name != binding.Name {
			t.Errorf("%s: the binding's parameters are those of %s, not its own", concern, ref.Name)
		}
		if !slices.Equal(binding.Spec.ValidationActions, []admissionv1.ValidationAction{admissionv1.Deny}) {
			t.Errorf("%s: the binding does %v", concern, binding.Spec.ValidationActions)
		}
	}
}

// TestPoliciesRefuseAndAllow creates and changes Performers under each policy with its own
// parameters.
func TestPoliciesRefuseAndAllow(t *testing.T) {
	underEach(t, good, func(t *testing.T, concern, namespace, binding string) {
		want := fmt.Sprintf("ValidatingAdmissionPolicy '%s%s' with binding '%s' denied request: %s", policyPrefix, concern, binding, policies[concern].want)
		refusal := cluster.Post(t, namespace, "b", controlplane.SpecWith(t, bad(concern)))
		controlplane.CheckRefusal(t, refusal, []string{want})
		if !apierrors.IsForbidden(refusal) {
			t.Errorf("the answer is not 403: %v", refusal)
		}
		controlplane.CheckRefusal(t, cluster.Post(t, namespace, "b", controlplane.SpecWith(t, good(concern))), nil)
		controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", bad(concern)), []string{want})
		controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", `"version":"2"`), nil)
		_, err := hourglass.HourglassV1alpha1().Performers(namespace).Patch(t.Context(), "c", types.ApplyPatchType,
			[]byte(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":"c"},"spec":`+controlplane.SpecWith(t, bad(concern))+`}`),
			metav1.PatchOptions{FieldManager: "test"})
		controlplane.CheckRefusal(t, err, []string{want})
	})
}

// TestPoliciesLeaveOlderObjectsAlone has Performers that were there before the policies. Nothing
// that does not touch what is wrong with them may be refused.
func TestPoliciesLeaveOlderObjectsAlone(t *testing.T) {
	underEach(t, bad, func(t *testing.T, _, namespace, _ string) {
		checkOtherWrites(t, namespace, "a")
		controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", `"version":"2","config":{"args":["a"]}`), nil)
		if err := hourglass.HourglassV1alpha1().Performers(namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		checkRelease(t, namespace, "a")
	})
}

// TestOlderObjectsCanBeFixedUnderPolicies fixes what a policy would refuse.
func TestOlderObjectsCanBeFixedUnderPolicies(t *testing.T) {
	underEach(t, bad, func(t *testing.T, concern, namespace, _ string) {
		controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", good(concern)), nil)
		controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", bad(concern)), []string{policies[concern].want})
	})
}

// checkOtherWrites writes everything but the spec of a Performer.
func checkOtherWrites(t *testing.T, namespace, name string) {
	t.Helper()
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	patch := func(what, body string, subresources ...string) {
		t.Helper()
		if _, err := performers.Patch(t.Context(), name, types.MergePatchType, []byte(body), metav1.PatchOptions{}, subresources...); err != nil {
			t.Errorf("%s is refused: %v", what, err)
		}
	}
	patch("a label", `{"metadata":{"labels":{"a":"b"},"annotations":{"a":"b"}}}`)
	patch("a finalizer", `{"metadata":{"finalizers":["hourglass.eigenlayer.io/performer-finalizer"]}}`)
	patch("a status", `{"status":{"observedGeneration":1,"phase":"Running","ready":true}}`, "status")
	p, err := performers.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The operator writes a status as a whole object.
	p.Status.PodName = "x"
	if p, err = performers.UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatalf("the status of a whole object is refused: %v", err)
	}
	// And other clients whole objects.
	p.Labels["c"] = "d"
	if _, err := performers.Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Errorf("a label, by an update of the whole object, is refused: %v", err)
	}
}

// checkRelease removes the finalizer from a Performer that is being deleted, and checks that it is
// gone.
func checkRelease(t *testing.T, namespace, name string) {
	t.Helper()
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	for _, step := range []struct{ what, body string }{
		{"a label of one that is being deleted", `{"metadata":{"labels":{"e":"f"}}}`},
		{"the finalizer's removal", `{"metadata":{"finalizers":null}}`},
	} {
		if _, err := performers.Patch(t.Context(), name, types.MergePatchType, []byte(step.body), metav1.PatchOptions{}); err != nil {
			t.Errorf("%s is refused: %v", step.what, err)
		}
	}
	if _, err := performers.Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is not gone: %v", err)
	}
}

// TestPoliciesWithoutTheirParameters has bindings that lack what their policies need. They refuse
// what they can't check and give the reason. All other requests pass.
func TestPoliciesWithoutTheirParameters(t *testing.T) {
	var tests []func()
	for concern, says := range map[string]string{
		"allowed-registries": "spec.image: cannot be checked: annotation hourglass.eigenlayer.io/allowed-registries of %s is missing or empty: expected registries, such as ghcr.io,docker.io/library",
		"image-tag":          "spec.image: cannot be checked: annotation hourglass.eigenlayer.io/forbidden-tags of %s is missing: expected tags, such as latest",
		"resource-ceilings": "spec.resources: cannot be checked: %s has none of the annotations hourglass.eigenlayer.io/max-cpu, hourglass.eigenlayer.io/max-memory, " +
			"hourglass.eigenlayer.io/max-ephemeral-storage, hourglass.eigenlayer.io/max-gpus: expected at least one",
		"runtime-classes":  "spec.scheduling.runtimeClass: cannot be checked: annotation hourglass.eigenlayer.io/allowed-runtime-classes of %s is missing: expected RuntimeClasses, or an empty value for none",
		"service-accounts": "spec.config.serviceAccountName: cannot be checked: annotation hourglass.eigenlayer.io/allowed-service-accounts of %s is missing: expected service accounts, as name or namespace/name, or an empty value for none",
	} {
		for what, change := range map[string]func(*admissionv1.ValidatingAdmissionPolicyBinding){
			"no annotation": with("", ""),
			"others' alone": with("else", "ghcr.io"),
			"no paramRef":   func(b *admissionv1.ValidatingAdmissionPolicyBinding) { b.Spec.ParamRef = nil },
		} {
			namespace := cluster.CreateNamespace(t)
			controlplane.CheckRefusal(t, cluster.Post(t, namespace, "good", controlplane.SpecWith(t, good(concern))), nil)
			controlplane.CheckRefusal(t, cluster.Post(t, namespace, "bad", controlplane.SpecWith(t, bad(concern))), nil)
			binding := install(t, concern, change, namespace)
			tests = append(tests, func() {
				t.Run(concern+"/"+what, func(t *testing.T) {
					mustRefuse(t, binding, namespace)
					holder := "ValidatingAdmissionPolicyBinding " + binding
					if what == "no paramRef" {
						holder = "the binding (which must name itself in spec.paramRef)"
					}
					want := []string{fmt.Sprintf(says, holder)}
					controlplane.CheckRefusal(t, cluster.DryRunPost(t, namespace, "probe", controlplane.SpecWith(t, bad(concern))), want)
					controlplane.CheckRefusal(t, patchSpec(t, namespace, "good", bad(concern)), want)
					checkOtherWrites(t, namespace, "bad")
					controlplane.CheckRefusal(t, patchSpec(t, namespace, "bad", `"version":"2"`), nil)
					if err := hourglass.HourglassV1alpha1().Performers(namespace).Delete(t.Context(), "bad", metav1.DeleteOptions{}); err != nil {
						t.Fatal(err)
					}
					checkRelease(t, namespace, "bad")
				})
			})
		}
	}
	for _, test := range tests {
		test()
	}
}

// TestParametersInAnotherObject shows why a binding holds its own parameters: where they are
// another object that is lost, the API server refuses every write in its own words, before it looks
// at the policy's conditions.
func TestParametersInAnotherObject(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	if err := cluster.Post(t, namespace, "a", controlplane.SpecWith(t, `"version":"1"`)); err != nil {
		t.Fatal(err)
	}
	bind(t, "image-tag", func(b *admissionv1.ValidatingAdmissionPolicyBinding) { b.Spec.ParamRef.Name = "no-such" }, namespace)
	want := []string{"failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"}
	controlplane.CheckRefusal(t, cluster.DryRunPost(t, namespace, "probe", controlplane.SpecWith(t, `"version":"1"`)), want)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	_, err := performers.Patch(t.Context(), "a", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{})
	controlplane.CheckRefusal(t, err, want)
}

// TestPoliciesExemptNamespaces has namespaces that a policy does not check: the operator's own, and
// those with a label.
func TestPoliciesExemptNamespaces(t *testing.T) {
	const own = "hourglass-system"
	_, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: own}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	for concern, p := range policies {
		t.Run(concern, func(t *testing.T) {
			checked, exempt, other := cluster.CreateNamespace(t), cluster.CreateNamespace(t), cluster.CreateNamespace(t)
			for namespace, label := range map[string]string{exempt: `policies":"exempt`, other: concern + `":"large`, checked: `policies":"enforced`} {
				_, err := kube.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType,
					[]byte(`{"metadata":{"labels":{"`+parameters+label+`"}}}`), metav1.PatchOptions{})
				if err != nil {
					t.Fatal(err)
				}
			}
			bind(t, concern, nil, checked, exempt, other, own)
			controlplane.CheckRefusal(t, cluster.DryRunPost(t, checked, "probe", controlplane.SpecWith(t, p.bad)), []string{p.want})
			for _, spared := range []string{exempt, other, own} {
				// The server knows of a label a moment later than of the namespace.
				wait.For(t, "the exemption of namespace "+spared, func(context.Context) error {
					if err := cluster.DryRunPost(t, spared, "probe", controlplane.SpecWith(t, p.bad)); err != nil {
						return err
					}
					return nil
				})
			}
		})
	}
}

// warnings collects what the server warns of.
type warnings struct {
	sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.Lock()
	defer w.Unlock()
	w.texts = append(w.texts, text)
}

func TestPoliciesCanWarnFirst(t *testing.T) {
	for concern, p := range policies {
		t.Run(concern, func(t *testing.T) {
			namespace := cluster.CreateNamespace(t)
			binding := install(t, concern, func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
				b.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn, admissionv1.Audit}
			}, namespace)
			heard := &warnings{}
			warned := rest.CopyConfig(config)
			warned.WarningHandlerWithContext = heard
			client, err := versioned.NewForConfig(warned)
			if err != nil {
				t.Fatal(err)
			}
			var performer v1alpha1.Performer
			if err := json.Unmarshal([]byte(`{"metadata":{"name":"a"},"spec":`+controlplane.SpecWith(t, p.bad)+`}`), &performer); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy '%s%s' with binding '%s': %s", policyPrefix, concern, binding, p.want)
			wait.For(t, "the warning of binding "+binding, func(ctx context.Context) error {
				_, err := client.HourglassV1alpha1().Performers(namespace).Create(ctx, &performer, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				if err != nil {
					return err
				}
				heard.Lock()
				defer heard.Unlock()
				if !slices.Contains(heard.texts, want) {
					return fmt.Errorf("heard %q, want %q", heard.texts, want)
				}
				return nil
			})
		})
	}
}
