// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import "github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"

// Disruption returns how disruptions are treated: spec.disruption.type or its default, and None under
// Recreate, where no second pod may run next to the first.
func Disruption(spec *v1alpha1.PerformerSpec) v1alpha1.DisruptionType {
	switch {
	case Recreates(spec):
		return v1alpha1.NoneDisruption
	case spec.Disruption == nil || spec.Disruption.Type == "":
		return v1alpha1.BridgeDisruption
	default:
		return spec.Disruption.Type
	}
}

// Recreates reports whether the upgrade strategy is Recreate: never two pods at a time.
func Recreates(spec *v1alpha1.PerformerSpec) bool {
	return spec.UpgradeStrategy != nil && spec.UpgradeStrategy.Type == v1alpha1.RecreateUpgrade
}
