// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

var ethereumAddress = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)

// Warnings returns a warning for each value in p that is valid but most likely not intended. before is the object that p
// replaces, or nil for a new one: only what this change introduces is reported.
func Warnings(before, p *v1alpha1.Performer) []string {
	old := &v1alpha1.PerformerSpec{}
	if before != nil {
		old = &before.Spec
	}
	spec := &p.Spec
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }

	if spec.AVSAddress != old.AVSAddress && !ethereumAddress.MatchString(spec.AVSAddress) {
		warn("spec.avsAddress: %q is not an Ethereum address: expected 0x followed by 40 hexadecimal digits", shortened(spec.AVSAddress))
	}
	if spec.Image != old.Image {
		switch _, tag, digest := splitImage(spec.Image); {
		case digest != "":
		case tag == "":
			warn("spec.image: no tag, which means latest: the image that runs depends on when it was pulled; use a version or a digest")
		case tag == "latest":
			warn("spec.image: tag latest: the image that runs depends on when it was pulled; use a version or a digest")
		}
	}
	if spec.ImagePullPolicy == corev1.PullNever && old.ImagePullPolicy != corev1.PullNever {
		warn("spec.imagePullPolicy: Never: the pod starts only on nodes that already have the image")
	}
	if account := spec.Config.ServiceAccountName; account != "" && account != old.Config.ServiceAccountName {
		warn("spec.config.serviceAccountName: %s: the container gets this account's token, and with it all of its permissions", shortened(account))
	}
	if before != nil && render.GRPCPort(spec) != render.GRPCPort(old) {
		warn("spec.config.grpcPort: changes from %d to %d: clients that dial the old port must be updated", render.GRPCPort(old), render.GRPCPort(spec))
	}
	if surgesInVain(spec) && !surgesInVain(old) {
		warn("spec.disruption.type: Surge has no effect with spec.upgradeStrategy.type Recreate: there are never two pods, so that a drain stops the pod before its successor starts")
	}
	return warnings
}

// surgesInVain reports whether the spec asks for a second pod before a drain, and excludes that there are two.
func surgesInVain(spec *v1alpha1.PerformerSpec) bool {
	return render.Recreates(spec) && spec.Disruption != nil && spec.Disruption.Type == v1alpha1.SurgeDisruption
}

// shortened limits the length of a quoted text.
func shortened(text string) string {
	const limit = 64
	if len(text) <= limit {
		return text
	}
	return text[:limit] + "…"
}
