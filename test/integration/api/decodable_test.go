// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestAcceptedValuesCanBeDecoded sets each number and quantity of a Performer to what no Go type of
// it can hold. One that is stored would fail every list and watch of Performers, of whatever
// client, and take all other Performers along.
func TestAcceptedValuesCanBeDecoded(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	post := func(object any) ([]byte, error) {
		body, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		return hourglass.HourglassV1alpha1().RESTClient().Post().Namespace(namespace).Resource("performers").
			Param("dryRun", metav1.DryRunAll).SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Raw()
	}
	var whole v1alpha1.Performer
	fill(t, reflect.ValueOf(&whole.Spec).Elem(), "spec")
	whole.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "Performer"}
	whole.Name = "every-field"
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&whole)
	if err != nil {
		t.Fatal(err)
	}
	delete(object, "status")
	if _, err := post(object); err != nil {
		t.Fatalf("as it is: %v", err)
	}

	numbers := []any{json.Number("2147483648"), json.Number("-2147483649"), json.Number("9223372036854775808"), json.Number("-9223372036854775809"), json.Number("1e30")}
	quantities := []any{"1e1.5", "1e.5", "1e99999999999999999999", "1e1000000000", "1e-1000000000", "1E400"}
	structures := []any{true, false, nil, []any{}, []any{int64(1)}, map[string]any{}, map[string]any{"a": int64(1)}}
	tried := 0
	eachLeaf(object, "", func(path string, value any, set func(any)) {
		var evil []any
		switch value := value.(type) {
		case int64, float64:
			evil = numbers
		case string:
			if value == filledQuantity || value == filledIntOrString {
				evil = slices.Concat(quantities, numbers, structures)
			}
		}
		for _, e := range evil {
			tried++
			set(e)
			stored, err := post(object)
			if err != nil {
				continue
			}
			if len(fmt.Sprint(e)) > 10 && strings.ContainsAny(fmt.Sprint(e), "eE") {
				// To find out would take the memory that is to be spared.
				t.Errorf("%s: %v is let in", path, e)
				continue
			}
			if err := json.Unmarshal(stored, &v1alpha1.Performer{}); err != nil {
				t.Errorf("%s: %v is let in and can't be read: %v", path, e, err)
			}
		}
		set(value)
	})
	if tried < 300 {
		t.Errorf("only %d values were tried", tried)
	}
}

// eachLeaf calls visit for each value below v that is neither a list nor a map, with a way to set
// it.
func eachLeaf(v any, path string, visit func(path string, value any, set func(any))) {
	children := map[string]any{}
	var set func(key string, value any)
	switch v := v.(type) {
	case map[string]any:
		maps.Copy(children, v)
		set = func(key string, value any) { v[key] = value }
	case []any:
		for i := range v {
			children[strconv.Itoa(i)] = v[i]
		}
		set = func(key string, value any) {
			i, err := strconv.Atoi(key)
			if err != nil {
				panic(err)
			}
			v[i] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(children)) {
		switch child := children[key].(type) {
		case map[string]any, []any:
			eachLeaf(child, path+"."+key, visit)
		default:
			visit(strings.TrimPrefix(path+"."+key, "."), child, func(value any) { set(key, value) })
		}
	}
}
