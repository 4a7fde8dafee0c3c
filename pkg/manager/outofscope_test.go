// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned/fake"
	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestLogOutOfScope(t *testing.T) {
	var performers []runtime.Object
	add := func(namespace, name string, finalizers ...string) *v1alpha1.Performer {
		p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Finalizers: finalizers}}
		performers = append(performers, p)
		return p
	}
	add("watched", "a", render.Finalizer)
	add("other", "free")
	add("other", "theirs", "example.com/x")
	without := fake.NewClientset(performers...)
	add("other", "ours", "example.com/x", render.Finalizer).DeletionTimestamp = new(metav1.Now())
	few := fake.NewClientset(performers...)
	for i := range 12 {
		for j := range 2 + i/11 {
			add(fmt.Sprintf("n%02d", i), fmt.Sprint("p", j), render.Finalizer)
		}
	}
	many := fake.NewClientset(performers...)
	refusing := func(err error) *fake.Clientset {
		c := fake.NewClientset(performers...)
		c.PrependReactor("list", "performers", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err })
		return c
	}
	for _, tt := range []struct {
		name       string
		client     *fake.Clientset
		namespaces []string
		want       string // part of the only line; empty for none
	}{
		{"one", few, []string{"watched"}, `to remove it" "performers"=1 "deleting"=1 "namespaces"="other: 1"`},
		{"many", many, []string{"watched"}, `"performers"=26 "deleting"=1 "namespaces"="n11: 3, n00: 2, n01: 2, n02: 2, n03: 2, n04: 2, n05: 2, n06: 2, n07: 2, n08: 2, and 3 more"`},
		{"none", without, []string{"watched"}, ""},
		{"all are watched", many, nil, ""},
		{"may not list", refusing(apierrors.NewForbidden(v1alpha1.Resource("performers"), "", nil)), []string{"watched"}, ""},
		{"fails", refusing(errors.New("away")), []string{"watched"}, `Cannot check`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logs := &managertest.Logs{}
			logOutOfScope(logs.Context(t.Context()), tt.client, tt.namespaces)
			lines := logs.All()
			if tt.want == "" && len(lines) > 0 || tt.want != "" && (len(lines) != 1 || !strings.Contains(lines[0], tt.want)) {
				t.Errorf("got %q, want %q", lines, tt.want)
			}
		})
	}
}
