// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// quantities are the fields of a spec that are quantities, each with the way to it.
var quantities = []struct {
	name, fields string
	of           func(*v1alpha1.PerformerSpec) resource.Quantity
}{
	{"limit", `"resources":{"limits":{"cpu":%s}}`, func(s *v1alpha1.PerformerSpec) resource.Quantity { return s.Resources.Limits["cpu"] }},
	{"request", `"resources":{"requests":{"memory":%s}}`, func(s *v1alpha1.PerformerSpec) resource.Quantity { return s.Resources.Requests["memory"] }},
	{"size-limit", `"volumes":[{"name":"v","emptyDir":{"sizeLimit":%s}}]`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity { return *s.Volumes[0].EmptyDir.SizeLimit }},
	{"divisor", `"config":{"env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":%s}}}]}`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity {
			return s.Config.Env[0].ValueFrom.ResourceFieldRef.Divisor
		}},
	{"downward-divisor", `"volumes":[{"name":"v","downwardAPI":{"items":[{"path":"p","resourceFieldRef":{"resource":"limits.cpu","divisor":%s}}]}}]`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity {
			return s.Volumes[0].DownwardAPI.Items[0].ResourceFieldRef.Divisor
		}},
	{"projected-divisor", `"volumes":[{"name":"v","projected":{"sources":[{"downwardAPI":{"items":[{"path":"p","resourceFieldRef":{"resource":"limits.cpu","divisor":%s}}]}}]}}]`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity {
			return s.Volumes[0].Projected.Sources[0].DownwardAPI.Items[0].ResourceFieldRef.Divisor
		}},
	{"claim", `"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":%s}}}}}}]`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity {
			return s.Volumes[0].Ephemeral.VolumeClaimTemplate.Spec.Resources.Requests["storage"]
		}},
	{"claim-limit", `"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"limits":{"storage":%s}}}}}}]`,
		func(s *v1alpha1.PerformerSpec) resource.Quantity {
			return s.Volumes[0].Ephemeral.VolumeClaimTemplate.Spec.Resources.Limits["storage"]
		}},
}

// TestQuantitiesAsInDeployments writes quantities as people write them in Deployments, with and without
// quotes, at creation and by server-side apply.
func TestQuantitiesAsInDeployments(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	for _, field := range quantities {
		t.Run(field.name, func(t *testing.T) {
			for i, value := range []string{`0.5`, `1`, `1e3`, `1.5e-3`, `0`, `9007199254740992`, `"500m"`, `"1e3"`, `"1Gi"`, `"0.5"`, `"+1"`} {
				want := resource.MustParse(strings.Trim(value, `"`))
				check := func(what string, p *v1alpha1.Performer, err error) {
					t.Helper()
					if err != nil {
						t.Errorf("%s of %s: %v", what, value, err)
					} else if got := field.of(&p.Spec); got.Cmp(want) != 0 {
						t.Errorf("%s of %s: got %s", what, value, got.String())
					}
				}
				name := fmt.Sprintf("%s-%d", field.name, i)
				spec := controlplane.SpecWith(t, fmt.Sprintf(field.fields, value))
				if err := cluster.Post(t, namespace, name, spec); err != nil {
					t.Errorf("%s is refused: %v", value, err)
					continue
				}
				p, err := performers.Get(t.Context(), name, metav1.GetOptions{})
				check("the creation", p, err)
				if p, err = performers.Update(t.Context(), p, metav1.UpdateOptions{}); err != nil || p.Generation > 2 {
					t.Errorf("an update of %s: %v", value, err)
				}
				manifest := `{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":"applied-` + name + `"},"spec":` + spec + `}`
				for _, what := range []string{"the first apply", "the second apply"} {
					p, err := performers.Patch(t.Context(), "applied-"+name, types.ApplyPatchType, []byte(manifest), metav1.PatchOptions{FieldManager: "test", Force: ptr.To(true)})
					check(what, p, err)
					if err == nil && p.Generation != 1 {
						t.Errorf("%s of %s: generation %d", what, value, p.Generation)
					}
				}
			}
		})
	}
}

// TestWhatIsNoQuantity tries values that the Go types can't decode. What is let in must be readable.
func TestWhatIsNoQuantity(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	for _, field := range quantities {
		for i, value := range []string{
			`true`, `false`, `[]`, `[1]`, `{}`, `{"a":1}`, `"abc"`, `""`, `" 1"`, `"1 Gi"`, `"1e1.5"`, `"1e400"`, `"0.5.5"`, `"` + strings.Repeat("1", 65) + `"`,
		} {
			err := cluster.DryRunPost(t, namespace, fmt.Sprintf("%s-%d", field.name, i), controlplane.SpecWith(t, fmt.Sprintf(field.fields, value)))
			if !apierrors.IsInvalid(err) {
				t.Errorf("%s: %s: %v, want it refused as invalid", field.name, value, err)
			}
		}
		// As with a Deployment, null is none or 0.
		if err := cluster.Post(t, namespace, field.name, controlplane.SpecWith(t, fmt.Sprintf(field.fields, `null`))); err != nil && !apierrors.IsInvalid(err) {
			t.Error(err)
		}
	}
	if _, err := hourglass.HourglassV1alpha1().Performers(namespace).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("what was let in can't be read: %v", err)
	}
}
