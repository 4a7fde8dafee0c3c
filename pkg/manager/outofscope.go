// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

const (
	// outOfScopePage is how many Performers are read at a time, since each may be large.
	outOfScopePage = 50
	// outOfScopeTimeout is the longest time to read all Performers.
	outOfScopeTimeout = time.Minute
	// maxNamespacesLogged bounds the line in the log.
	maxNamespacesLogged = 10
)

// outOfScope are the Performers with the operator's finalizer in namespaces that are not watched.
type outOfScope struct {
	performers, deleting int
	byNamespace          map[string]int
}

// logOutOfScope logs how many Performers have the operator's finalizer in namespaces that are not
// watched. An operator that watched all namespaces has left it there, and nobody removes it when
// these Performers are deleted. A manager that may not list all Performers logs nothing.
func logOutOfScope(ctx context.Context, client versioned.Interface, namespaces []string) {
	if len(namespaces) == 0 {
		return
	}
	logger := klog.FromContext(ctx)
	found, err := findOutOfScope(ctx, client, namespaces)
	switch {
	case apierrors.IsForbidden(err), ctx.Err() != nil:
	case err != nil:
		logger.Error(err, "Cannot check whether Performers outside of --namespaces have the operator's finalizer")
	case found.performers > 0:
		logger.Info("Performers outside of --namespaces have the operator's finalizer: unless another operator watches their namespaces, their deletion never ends; see docs/operations.md#narrowing-the-scope to remove it",
			"performers", found.performers, "deleting", found.deleting, "namespaces", found.namespaces())
	}
}

// findOutOfScope reads all Performers of the cluster.
func findOutOfScope(ctx context.Context, client versioned.Interface, namespaces []string) (*outOfScope, error) {
	ctx, cancel := context.WithTimeout(ctx, outOfScopeTimeout)
	defer cancel()
	found := &outOfScope{byNamespace: map[string]int{}}
	options := metav1.ListOptions{Limit: outOfScopePage}
	for {
		page, err := client.HourglassV1alpha1().Performers(metav1.NamespaceAll).List(ctx, options)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			p := &page.Items[i]
			if slices.Contains(namespaces, p.Namespace) || !slices.Contains(p.Finalizers, render.Finalizer) {
				continue
			}
			found.performers++
			found.byNamespace[p.Namespace]++
			if p.DeletionTimestamp != nil {
				found.deleting++
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return found, nil
		}
	}
}

// namespaces returns the namespaces with most of the Performers, and how many each has.
func (o *outOfScope) namespaces() string {
	var names []string
	for name := range o.byNamespace {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(o.byNamespace[b], o.byNamespace[a]), strings.Compare(a, b))
	})
	var texts []string
	for _, name := range names[:min(len(names), maxNamespacesLogged)] {
		texts = append(texts, fmt.Sprintf("%s: %d", name, o.byNamespace[name]))
	}
	if more := len(names) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}
