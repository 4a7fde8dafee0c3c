// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// circumstances is a hash of the state that may decide whether the API server refuses a write, as far as
// the operator sees it. If it changes, refused writes are retried at once. otherService is the UID of the
// Service of the Performer's name, if that is not the Performer's own.
type circumstances uint64

func circumstancesOf(o *performer.Observed, otherService types.UID) circumstances {
	h := fnv.New64a()
	for _, key := range slices.Sorted(maps.Keys(o.Performer.Labels)) {
		fmt.Fprintln(h, key, o.Performer.Labels[key])
	}
	for _, key := range slices.Sorted(maps.Keys(o.Performer.Annotations)) {
		fmt.Fprintln(h, key, o.Performer.Annotations[key])
	}
	var pods []string
	for _, pod := range o.Pods {
		ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
		pods = append(pods, fmt.Sprintln(pod.UID, pod.DeletionTimestamp != nil, ended))
	}
	slices.Sort(pods)
	fmt.Fprintln(h, pods, o.Service != nil, otherService)
	return circumstances(h.Sum64())
}
