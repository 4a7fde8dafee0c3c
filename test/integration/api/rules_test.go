// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// rules are the rules of the CRD, those on the name apart, each with a spec that breaks it and one
// that is just right.
var rules = []struct {
	name, bad, good string
	want            []string
}{
	{"image", `"image":"repo:1 "`, `"image":"repo:1"`, []string{"spec.image", "must not begin or end with white space: remove it"}},
	{"claims", `"resources":{"claims":[{"name":"x"}]}`, `"resources":{"claims":[]}`, []string{"spec.resources", "claims are not supported: a Performer has no resource claims to refer to; leave claims empty"}},
	{"label-app", `"podLabels":{"app":"x"}`, `"podLabels":{"app":null,"apps":"x"}`, []string{"spec.podLabels", "must not set app or app.kubernetes.io/managed-by: these labels are reserved for the operator"}},
	{"label-managed-by", `"podLabels":{"app.kubernetes.io/managed-by":"x"}`, `"podLabels":{"app.kubernetes.io/managed-by":null,"app.kubernetes.io/name":"x"}`,
		[]string{"spec.podLabels", "must not set app or app.kubernetes.io/managed-by: these labels are reserved for the operator"}},
	{"label-ours", `"podLabels":{"hourglass.eigenlayer.io/serving":"true"}`, `"podLabels":{"hourglass.eigenlayer.io/serving":null,"eigenlayer.io/serving":"true"}`,
		[]string{"spec.podLabels", "must not set labels that begin with hourglass.eigenlayer.io/: these labels are reserved for the operator"}},
	{"annotation-ours", `"podAnnotations":{"hourglass.eigenlayer.io/revision":"x"}`, `"podAnnotations":{"hourglass.eigenlayer.io/revision":null,"a/b":"x"}`,
		[]string{"spec.podAnnotations", "must not set annotations that begin with hourglass.eigenlayer.io/: these annotations are reserved for the operator"}},
	{"environment-from", `"config":{"environment":{"A":"1"},"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`,
		`"config":{"environment":{"A":null,"B":"1"}}`, []string{"spec.config", "environment and environmentFrom both set A: set each name once"}},
	{"environment-env", `"config":{"environment":{"A":"1"},"env":[{"name":"B"},{"name":"A","value":"2"}]}`,
		`"config":{"environment":{"A":null,"C":"1"}}`, []string{"spec.config", "environment and env both set A: set each name once"}},
	{"from-env", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"env":[{"name":"A","value":"2"}]}`,
		`"config":{"env":[{"name":"B","value":"2"}]}`, []string{"spec.config", "environmentFrom and env must not set the same name: set each name once"}},
	{"from-name", `"config":{"environmentFrom":[{"name":"A=B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`,
		`"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}`, []string{"spec.config.environmentFrom[0].name", "must not contain '='"}},
	{"from-both", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"},"configMapKeyRef":{"name":"s","key":"k"}}}]}`,
		`"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"s","key":"k"}}}]}`,
		[]string{"spec.config.environmentFrom[0].valueFrom", "set exactly one of secretKeyRef and configMapKeyRef"}},
	{"config-size", `"config":{"environment":{"A":"` + strings.Repeat("x", 131072) + `","B":"` + strings.Repeat("x", 100000) + `"},"env":[{"name":"C","value":"` +
		strings.Repeat("x", 31000) + `"}],"args":["ab"],"command":["` + strings.Repeat("x", 69) + `"]}`,
		`"config":{"environment":{"A":"` + strings.Repeat("x", 131072) + `","B":"` + strings.Repeat("x", 100000) + `"},"env":[{"name":"C","value":"` +
			strings.Repeat("x", 31000) + `"}],"args":["a"],"command":["` + strings.Repeat("x", 69) + `"]}`,
		[]string{"spec.config", "environment, env, args and command must have at most 262144 characters in all"}},
	{"annotation-size", `"podAnnotations":{"a":"` + strings.Repeat("x", 262143) + `","b":""}`, `"podAnnotations":{"a":"` + strings.Repeat("x", 262142) + `","b":""}`,
		[]string{"spec.podAnnotations", "must have at most 262144 characters in all keys and values"}},
	{"from-none", `"config":{"environmentFrom":[{"name":"A","valueFrom":{}}]}`,
		`"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"s","key":"k"}}}]}`,
		[]string{"spec.config.environmentFrom[0].valueFrom", "set exactly one of secretKeyRef and configMapKeyRef"}},
}

func TestRulesAtCreationAndUpdate(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			controlplane.CheckRefusal(t, cluster.Post(t, namespace, rule.name, controlplane.SpecWith(t, rule.bad)), rule.want)
			if err := cluster.Post(t, namespace, rule.name, controlplane.SpecWith(t, `"version":"1"`)); err != nil {
				t.Fatal(err)
			}
			for _, step := range []struct {
				fields string
				want   []string
			}{{rule.bad, rule.want}, {rule.good, nil}} {
				_, err := performers.Patch(t.Context(), rule.name, types.MergePatchType, []byte(`{"spec":{`+step.fields+`}}`), metav1.PatchOptions{})
				controlplane.CheckRefusal(t, err, step.want)
			}
		})
	}
}

// TestRulesOnOlderObjects has objects that got in before the rules were there. Nothing that does
// not touch what is wrong with them may be refused.
func TestRulesOnOlderObjects(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	withoutAnyRule(t, func() {
		for _, rule := range rules {
			if err := cluster.Post(t, namespace, rule.name, controlplane.SpecWith(t, rule.bad)); err != nil {
				t.Fatalf("%s: %v", rule.name, err)
			}
		}
	})
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			patch := func(what, body string, subresources ...string) {
				t.Helper()
				if _, err := performers.Patch(t.Context(), rule.name, types.MergePatchType, []byte(body), metav1.PatchOptions{}, subresources...); err != nil {
					t.Errorf("%s is refused: %v", what, err)
				}
			}
			patch("a label", `{"metadata":{"labels":{"a":"b"},"annotations":{"a":"b"}}}`)
			patch("a finalizer", `{"metadata":{"finalizers":["hourglass.eigenlayer.io/performer-finalizer"]}}`)
			patch("a status", `{"status":{"observedGeneration":1,"phase":"Running","ready":true}}`, "status")
			p, err := performers.Get(t.Context(), rule.name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			// The operator writes a status as a whole object.
			p.Status.PodName = "x"
			if _, err := performers.UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
				t.Errorf("the status of a whole object is refused: %v", err)
			}
			patch("a change of something else", `{"spec":{"version":"2"}}`)
			if err := performers.Delete(t.Context(), rule.name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
			patch("a label of one that is being deleted", `{"metadata":{"labels":{"c":"d"}}}`)
			patch("the finalizer's removal", `{"metadata":{"finalizers":null}}`)
			if _, err := performers.Get(t.Context(), rule.name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("it still exists: %v", err)
			}
		})
	}
}

// TestOlderObjectsCanBeFixed fixes what a rule would refuse.
func TestOlderObjectsCanBeFixed(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	withoutAnyRule(t, func() {
		for _, rule := range rules {
			if err := cluster.Post(t, namespace, rule.name, controlplane.SpecWith(t, rule.bad)); err != nil {
				t.Fatalf("%s: %v", rule.name, err)
			}
		}
	})
	for _, rule := range rules {
		for _, step := range []struct {
			fields string
			want   []string
		}{{rule.good, nil}, {rule.bad, rule.want}} {
			_, err := performers.Patch(t.Context(), rule.name, types.MergePatchType, []byte(`{"spec":{`+step.fields+`}}`), metav1.PatchOptions{})
			controlplane.CheckRefusal(t, err, step.want)
		}
	}
}

// withoutAnyRule runs create while the CRD has neither CEL rules nor upper bounds.
func withoutAnyRule(t *testing.T, create func()) {
	t.Helper()
	client := kube.Discovery().RESTClient()
	raw, err := client.Get().AbsPath(controlplane.CRD).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var crd map[string]any
	if err := json.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	dropRules(crd["spec"])
	body, err := json.Marshal(crd)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Put().AbsPath(controlplane.CRD).SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	refuses := func() bool {
		err := hourglass.HourglassV1alpha1().RESTClient().Post().AbsPath(controlplane.PerformersPath("default")).
			Param("dryRun", "All").SetHeader("Content-Type", "application/json").
			Body([]byte(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":"x"},"spec":{"avsAddress":"0","image":" r"}}`)).
			Do(t.Context()).Error()
		return apierrors.IsInvalid(err)
	}
	wait.Until(t, "the CRD to have no rules", func() bool { return !refuses() })
	create()
	if err := cluster.InstallCRD(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "the CRD to have its rules again", refuses)
}

// dropRules removes all CEL rules and upper bounds from a schema, and returns the number of rules without
// those that are bounds themselves, of the keys of a map (TestBounds, TestEveryValueHasABound).
func dropRules(node any) (found int) {
	switch n := node.(type) {
	case map[string]any:
		if list, ok := n["x-kubernetes-validations"].([]any); ok {
			for _, rule := range list {
				if text, _ := rule.(map[string]any)["rule"].(string); !strings.HasPrefix(text, boundOfKeys) {
					found++
				}
			}
		}
		for _, keyword := range []string{"x-kubernetes-validations", "maxLength", "maxItems", "maxProperties"} {
			delete(n, keyword)
		}
		for _, child := range n {
			found += dropRules(child)
		}
	case []any:
		for _, child := range n {
			found += dropRules(child)
		}
	}
	return found
}

// TestEveryRuleIsTested counts the rules of the CRD against those that the tests break.
func TestEveryRuleIsTested(t *testing.T) {
	raw, err := kube.Discovery().RESTClient().Get().AbsPath(controlplane.CRD).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var crd map[string]any
	if err := json.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	// Two rows break one rule twice over: the reserved labels, and the sources. Two rules are on
	// the name (TestNamesAreCheckedOnlyAtCreation).
	const rowsMore, rulesOnNames = 2, 2
	if found := dropRules(crd["spec"]); found != len(rules)-rowsMore+rulesOnNames {
		t.Errorf("the CRD has %d rules, and the tests know %d", found, len(rules)-rowsMore+rulesOnNames)
	}
}
