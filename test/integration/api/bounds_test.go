// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// tooLarge are specs that exceed a bound of the CRD by one, one for each kind of bound.
var tooLarge = []struct {
	name, fields string
	want         []string
}{
	{"text", `"volumes":[{"name":"v","hostPath":{"path":"` + strings.Repeat("x", 4097) + `"}}]`, []string{"spec.volumes[0].hostPath.path", "4096"}},
	{"text-in-a-map", `"podLabels":{"a":"` + strings.Repeat("x", 4097) + `"}`, []string{"spec.podLabels.a", "4096"}},
	{"text-in-a-list", `"securityContext":{"capabilities":{"add":["` + strings.Repeat("x", 4097) + `"]}}`, []string{"spec.securityContext.capabilities.add[0]", "4096"}},
	{"variable", `"config":{"environment":{"A":"` + strings.Repeat("x", 131073) + `"}}`, []string{"spec.config.environment.A", "131072"}},
	{"variable-in-a-list", `"config":{"env":[{"name":"A","value":"` + strings.Repeat("x", 131073) + `"}]}`, []string{"spec.config.env[0].value", "131072"}},
	{"argument", `"config":{"args":["` + strings.Repeat("x", 131073) + `"]}`, []string{"spec.config.args[0]", "131072"}},
	{"list", `"scheduling":{"tolerations":[` + repeated(257, func(i int) string { return fmt.Sprintf(`{"key":"k%d"}`, i) }) + `]}`, []string{"spec.scheduling.tolerations", "256"}},
	{"list-of-nodes", `"scheduling":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":[` +
		repeated(1025, func(i int) string { return fmt.Sprintf(`"n%d"`, i) }) + `]}]}]}}}}`, []string{"matchExpressions[0].values", "1024"}},
	{"map", `"scheduling":{"nodeSelector":{` + repeated(257, func(i int) string { return fmt.Sprintf(`"k%d":"v"`, i) }) + `}}`, []string{"spec.scheduling.nodeSelector", "256"}},
	{"node-label-key", `"scheduling":{"nodeSelector":{"` + longKey(318) + `":"v"}}`, []string{"spec.scheduling.nodeSelector", "must have keys of at most 317 characters"}},
	{"custom-label-key", `"hardwareRequirements":{"customLabels":{"` + longKey(318) + `":"v"}}`, []string{"spec.hardwareRequirements.customLabels", "must have keys of at most 317 characters"}},
	{"pod-label-key", `"podLabels":{"` + longKey(318) + `":"v"}`, []string{"spec.podLabels", "must have keys of at most 317 characters"}},
	{"annotation-key", `"podAnnotations":{"` + longKey(318) + `":"v"}`, []string{"spec.podAnnotations", "must have keys of at most 317 characters"}},
	{"matched-label-key", `"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"` + longKey(318) + `":"v"}}}]`,
		[]string{"spec.topologySpreadConstraints[0].labelSelector.matchLabels", "must have keys of at most 317 characters"}},
	{"variable-name", `"config":{"environment":{"` + longKey(4097) + `":"v"}}`, []string{"spec.config.environment", "must have keys of at most 4096 characters"}},
	{"driver-option", `"volumes":[{"name":"v","csi":{"driver":"d","volumeAttributes":{"` + longKey(4097) + `":"v"}}}]`,
		[]string{"spec.volumes[0].csi.volumeAttributes", "must have keys of at most 4096 characters"}},
	{"resources", `"resources":{"limits":{` + repeated(257, func(i int) string { return fmt.Sprintf(`"a.b/k%d":1`, i) }) + `}}`, []string{"spec.resources.limits", "256"}},
}

func repeated(n int, item func(int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

// longKey returns a key of n characters, in the form of a qualified name.
func longKey(n int) string { return strings.Repeat("k", n-64) + "/" + strings.Repeat("n", 63) }

// TestLongestKeys has keys of the greatest length that the bounds allow.
func TestLongestKeys(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	for _, tt := range tooLarge {
		if strings.Contains(tt.want[1], "must have keys") {
			allowed := strings.NewReplacer(longKey(318), longKey(317), longKey(4097), longKey(4096)).Replace(tt.fields)
			if err := cluster.DryRunPost(t, namespace, tt.name, controlplane.SpecWith(t, allowed)); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	for _, tt := range tooLarge {
		controlplane.CheckRefusal(t, cluster.DryRunPost(t, namespace, tt.name, controlplane.SpecWith(t, tt.fields)), tt.want)
	}
}

// TestBoundsOnOlderObjects has objects that were created before the bounds existed. Everything that does
// not touch what is too large must be accepted.
func TestBoundsOnOlderObjects(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	withoutAnyRule(t, func() {
		for _, tt := range tooLarge {
			if err := cluster.Post(t, namespace, tt.name, controlplane.SpecWith(t, tt.fields)); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
	})
	for _, tt := range tooLarge {
		t.Run(tt.name, func(t *testing.T) {
			for what, change := range map[string][]string{
				"a label":             {`{"metadata":{"labels":{"a":"b"}}}`},
				"a finalizer":         {`{"metadata":{"finalizers":["hourglass.eigenlayer.io/performer-finalizer"]}}`},
				"a status":            {`{"status":{"observedGeneration":1,"phase":"Running","ready":true}}`, "status"},
				"the scale":           {`{"spec":{"replicas":0}}`, "scale"},
				"another field":       {`{"spec":{"version":"2"}}`},
				"a field next to it":  {`{"spec":{"config":{"grpcPort":8081},"scheduling":{"runtimeClass":"r"}}}`},
				"a resource":          {`{"spec":{"hardwareRequirements":{"gpuCount":1}}}`},
				"an additional label": {`{"spec":{"podLabels":{"b":"c"}}}`},
			} {
				if what == "an additional label" && tt.name == "pod-label-key" {
					continue // it changes the map whose key is too long
				}
				_, err := hourglass.HourglassV1alpha1().RESTClient().Patch(types.MergePatchType).Namespace(namespace).Resource("performers").
					Name(tt.name).SubResource(change[1:]...).Body([]byte(change[0])).Do(t.Context()).Raw()
				if err != nil {
					t.Errorf("%s is refused: %v", what, err)
				}
			}
			p, err := performers.Get(t.Context(), tt.name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			p.Status.PodName = "x"
			if _, err := performers.UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
				t.Errorf("the status of a whole object is refused: %v", err)
			}
			if err := performers.Delete(t.Context(), tt.name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := performers.Patch(t.Context(), tt.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
				t.Errorf("the removal of the finalizer is refused: %v", err)
			}
		})
	}
}

// TestEveryValueHasABound looks for texts, lists, maps and keys of maps of the spec that the CRD, as the server
// has it, does not bound.
func TestEveryValueHasABound(t *testing.T) {
	raw, err := kube.Discovery().RESTClient().Get().AbsPath(controlplane.CRD).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema node `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	found := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].unbounded(t, "spec")
	if found < 400 {
		t.Errorf("only %d values were looked at", found)
	}
}

// node is what this test reads of a schema.
type node struct {
	Type                 string
	Enum                 []any
	MaxLength            *int64
	MaxItems             *int64
	MaxProperties        *int64
	Properties           map[string]*node
	Items                *node
	AdditionalProperties *node
	Rules                []struct{ Rule string } `json:"x-kubernetes-validations"`
}

// boundOfKeys is the beginning of a rule that bounds the length of a map's keys.
const boundOfKeys = "self.all(key, key.size() <= "

// boundsKeys reports whether a rule bounds the length of a map's keys.
func (n *node) boundsKeys() bool {
	return slices.ContainsFunc(n.Rules, func(r struct{ Rule string }) bool { return strings.HasPrefix(r.Rule, boundOfKeys) })
}

// unbounded reports each text, list and map that has no bound, and returns how many there are.
func (n *node) unbounded(t *testing.T, path string) (found int) {
	bounded := true
	switch {
	case n.Type == "string", n.Type == "": // a quantity has no type
		found++
		bounded = n.MaxLength != nil || len(n.Enum) > 0
	case n.Type == "array":
		found++
		bounded = n.MaxItems != nil
	case n.AdditionalProperties != nil:
		found++
		// No rule can be about quantities, which have no type.
		bounded = n.MaxProperties != nil && (n.boundsKeys() || n.AdditionalProperties.Type == "")
	}
	if !bounded {
		t.Errorf("%s has no bound: hack/crdtool/adjust.go sets those of Kubernetes' types", path)
	}
	for name, property := range n.Properties {
		found += property.unbounded(t, path+"."+name)
	}
	if n.Items != nil {
		found += n.Items.unbounded(t, path+"[]")
	}
	if n.AdditionalProperties != nil {
		found += n.AdditionalProperties.unbounded(t, path+"{}")
	}
	return found
}
