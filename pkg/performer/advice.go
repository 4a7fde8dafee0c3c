// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

var ethereumAddress = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)

// Warnings returns what is allowed in p but most likely not meant. before is the object that p
// replaces, or nil for a new one: only what this change introduces is warned of.
func Warnings(before, p *v1alpha1.Performer) []string {
	old := &v1alpha1.PerformerSpec{}
	if before != nil {
		old = &before.Spec
	}
	spec := &p.Spec
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }

	if spec.AVSAddress != old.AVSAddress && !ethereumAddress.MatchString(spec.AVSAddress) {
		warn("spec.avsAddress is %q, which is not an Ethereum address: it should be 0x followed by 40 hexadecimal digits", shortened(spec.AVSAddress))
	}
	if spec.Image != old.Image {
		switch _, tag, digest := splitImage(spec.Image); {
		case digest != "":
		case tag == "":
			warn("spec.image has no tag, which means latest: what runs then depends on when the image was pulled; name a version or a digest")
		case tag == "latest":
			warn("spec.image has the tag latest: what runs then depends on when the image was pulled; name a version or a digest")
		}
	}
	if spec.ImagePullPolicy == corev1.PullNever && old.ImagePullPolicy != corev1.PullNever {
		warn("spec.imagePullPolicy is Never: the pod starts only on nodes that have the image already")
	}
	if account := spec.Config.ServiceAccountName; account != "" && account != old.Config.ServiceAccountName {
		warn("spec.config.serviceAccountName is %s: the container gets this account's token, and with it all of its permissions", account)
	}
	if before != nil && GRPCPort(spec) != GRPCPort(old) {
		warn("spec.config.grpcPort changes from %d to %d: clients that dial the old port must be updated", GRPCPort(old), GRPCPort(spec))
	}
	return warnings
}

// shortened bounds a text that is quoted.
func shortened(text string) string {
	const limit = 64
	if len(text) <= limit {
		return text
	}
	return text[:limit] + "…"
}

// Recommended labels of a Performer that is made without them:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
const (
	labelName     = "app.kubernetes.io/name"
	labelInstance = "app.kubernetes.io/instance"
	labelPartOf   = "app.kubernetes.io/part-of"
)

// DefaultMeta gives a Performer that is being made the labels that it lacks, and the finalizer, which
// saves the controller a write. It never overwrites, and what it sets shapes no pod: no default of
// admission may ever be what starts an upgrade. It modifies p in place and is idempotent.
func DefaultMeta(p *v1alpha1.Performer, s Settings) {
	labels := map[string]string{labelName: AppName, labelPartOf: "hourglass"}
	// A name that the API server makes up is not known yet.
	if p.Name != "" {
		labels[labelInstance] = labelValue(p.Name)
	}
	maps.Copy(labels, p.Labels)
	p.Labels = labels
	if !s.WithoutFinalizer && !slices.Contains(p.Finalizers, Finalizer) {
		p.Finalizers = append(p.Finalizers, Finalizer)
	}
}
