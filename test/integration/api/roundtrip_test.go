// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestEveryFieldSurvives fills every field of a Performer, writes it with strict validation and
// reads it back. A field that the CRD would prune, or that only the Go types have, fails it.
func TestEveryFieldSurvives(t *testing.T) {
	ctx := t.Context()
	performers := hourglass.HourglassV1alpha1().Performers(cluster.CreateNamespace(t))
	strict := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}

	var want v1alpha1.Performer
	fill(t, reflect.ValueOf(&want.Spec).Elem(), "spec")
	fill(t, reflect.ValueOf(&want.Status).Elem(), "status")
	want.Name = "every-field"

	created, err := performers.Create(ctx, &want, strict)
	if err != nil {
		t.Fatal(err)
	}
	if created.Status.ObservedGeneration != -1 {
		t.Errorf("observedGeneration of a fresh object is %d, want -1", created.Status.ObservedGeneration)
	}
	created.Status = want.Status
	if _, err := performers.UpdateStatus(ctx, created, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict}); err != nil {
		t.Fatal(err)
	}
	got, err := performers.Get(ctx, want.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "spec", reflect.ValueOf(want.Spec), reflect.ValueOf(got.Spec))
	compare(t, "status", reflect.ValueOf(want.Status), reflect.ValueOf(got.Status))
}

// What fill sets quantities, and what may be a number or a text, to.
const (
	filledQuantity    = "1500m"
	filledIntOrString = "x-or-1"
)

// fill sets every field below v, every pointer, one or two elements of every list and map. Where
// the schema asks for a certain kind of value, fillings has it.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if value, ok := fillings[path]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Interface().(type) {
	case metav1.Time:
		v.Set(reflect.ValueOf(metav1.NewTime(time.Unix(1700000000, 0))))
		return
	case metav1.ObjectMeta:
		// What metadata of a template has; the rest belongs to objects that exist.
		v.Set(reflect.ValueOf(metav1.ObjectMeta{Name: "x", Namespace: "x", Labels: map[string]string{"x": "x"},
			Annotations: map[string]string{"x": "x"}, Finalizers: []string{"x"}}))
		return
	case resource.Quantity:
		v.Set(reflect.ValueOf(resource.MustParse(filledQuantity)))
		return
	case intstr.IntOrString:
		v.Set(reflect.ValueOf(intstr.FromString(filledIntOrString)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path)
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(v.Type()) {
			if len(field.Index) == 1 {
				fill(t, v.FieldByIndex(field.Index), path+"."+field.Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path+"[]")
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, path+"{}")
		fill(t, value, path+"{}")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
		t.Fatalf("%s: no way to fill a %s", path, v.Type())
	}
}

// fillings are the values of fields that take only certain ones.
var fillings = map[string]any{
	"spec.ImagePullPolicy":      corev1.PullAlways,
	"spec.Replicas":             new(int32),
	"spec.UpgradeStrategy.Type": v1alpha1.RecreateUpgrade,
	"spec.Disruption.Type":      v1alpha1.NoneDisruption,
	"spec.Config.Environment":   map[string]string{"A": "1"},
	// Of the two references each element has one.
	"spec.Config.EnvironmentFrom": []v1alpha1.EnvironmentVariableSource{
		{Name: "B", ValueFrom: v1alpha1.EnvironmentValueSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k", Optional: new(bool),
		}}},
		{Name: "C", ValueFrom: v1alpha1.EnvironmentValueSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k", Optional: new(bool),
		}}},
	},
	// Refused by a rule, for a performer has no claims to refer to.
	"spec.Resources.Claims":      []corev1.ResourceClaim(nil),
	"status.Phase":               v1alpha1.PhaseRunning,
	"status.Conditions[].Status": metav1.ConditionTrue,
}

// compare reports each field that did not come back, by its path.
func compare(t *testing.T, path string, want, got reflect.Value) {
	t.Helper()
	if want.Kind() == reflect.Struct && want.Type().PkgPath() != "k8s.io/apimachinery/pkg/api/resource" {
		for _, field := range reflect.VisibleFields(want.Type()) {
			if len(field.Index) == 1 && field.IsExported() {
				compare(t, path+"."+field.Name, want.FieldByIndex(field.Index), got.FieldByIndex(field.Index))
			}
		}
		return
	}
	if !equality.Semantic.DeepEqual(want.Interface(), got.Interface()) {
		t.Errorf("%s: wrote %s, read %s", path, show(want), show(got))
	}
}

func show(v reflect.Value) string {
	return fmt.Sprintf("%+v", v.Interface())
}
