// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"maps"
	"slices"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// The recommended labels that a Performer gets at creation if it lacks them:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
// app.kubernetes.io/instance is not one of them: it belongs to the tool that deploys the Performer, and
// Argo CD takes an object with another value for one that it must prune.
const (
	labelName   = "app.kubernetes.io/name"
	labelPartOf = "app.kubernetes.io/part-of"
)

// DefaultMeta sets the labels that a new Performer lacks, and the finalizer if the operator uses one,
// which saves the controller a write. It never overwrites, and nothing that it sets shapes a pod: a
// default of admission must never start an upgrade. It modifies p in place and is idempotent.
func DefaultMeta(p *v1alpha1.Performer, withFinalizer bool) {
	labels := map[string]string{labelName: render.AppName, labelPartOf: "hourglass"}
	maps.Copy(labels, p.Labels)
	p.Labels = labels
	if withFinalizer && !slices.Contains(p.Finalizers, render.Finalizer) {
		p.Finalizers = append(p.Finalizers, render.Finalizer)
	}
}
