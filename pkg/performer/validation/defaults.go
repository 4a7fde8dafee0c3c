// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"maps"
	"slices"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// The recommended labels, which a Performer gets at creation if it lacks them:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
const (
	labelName     = "app.kubernetes.io/name"
	labelInstance = "app.kubernetes.io/instance"
	labelPartOf   = "app.kubernetes.io/part-of"
)

// DefaultMeta sets the labels that a new Performer lacks, and the finalizer if the operator uses one,
// which saves the controller a write. It never overwrites, and nothing that it sets shapes a pod: a
// default of admission must never start an upgrade. It modifies p in place and is idempotent.
func DefaultMeta(p *v1alpha1.Performer, withFinalizer bool) {
	labels := map[string]string{labelName: render.AppName, labelPartOf: "hourglass"}
	// A name that the API server generates is not known yet.
	if p.Name != "" {
		labels[labelInstance] = render.LabelValue(p.Name)
	}
	maps.Copy(labels, p.Labels)
	p.Labels = labels
	if withFinalizer && !slices.Contains(p.Finalizers, render.Finalizer) {
		p.Finalizers = append(p.Finalizers, render.Finalizer)
	}
}
