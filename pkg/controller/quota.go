// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// exceededQuota matches the message of the quota plugin:
// k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
var exceededQuota = regexp.MustCompile(`exceeded quota: \S+, requested: (\S+), used: (\S+), limited: (\S+)$`)

// fitsQuotaWithout reports whether a pod was refused by a quota that has room for it once the given pod is
// gone.
func fitsQuotaWithout(err error, replaced *corev1.Pod) bool {
	found := exceededQuota.FindStringSubmatch(err.Error())
	if found == nil {
		return false
	}
	requested, used, limited := amounts(found[1]), amounts(found[2]), amounts(found[3])
	for name, request := range requested {
		limit, ok := limited[name]
		if !ok {
			return false
		}
		needed := used[name].DeepCopy()
		needed.Add(request)
		needed.Sub(shareOf(replaced, name))
		if needed.Cmp(limit) > 0 {
			return false
		}
	}
	return len(requested) > 0
}

// amounts parses a list such as limits.cpu=2,pods=1. An amount that is no quantity is left out.
func amounts(list string) map[string]resource.Quantity {
	parsed := map[string]resource.Quantity{}
	for item := range strings.SplitSeq(list, ",") {
		name, amount, _ := strings.Cut(item, "=")
		if quantity, err := resource.ParseQuantity(amount); err == nil {
			parsed[name] = quantity
		}
	}
	return parsed
}

// shareOf returns what a pod uses of a resource by its name in a quota:
// https://kubernetes.io/docs/concepts/policy/resource-quotas
func shareOf(pod *corev1.Pod, name string) resource.Quantity {
	if name == "pods" || name == "count/pods" {
		return *resource.NewQuantity(1, resource.DecimalSI)
	}
	resourceName, isLimit := strings.CutPrefix(name, "limits.")
	resourceName = strings.TrimPrefix(resourceName, "requests.")
	var share resource.Quantity
	for i := range pod.Spec.Containers {
		list := pod.Spec.Containers[i].Resources.Requests
		if isLimit {
			list = pod.Spec.Containers[i].Resources.Limits
		}
		share.Add(list[corev1.ResourceName(resourceName)])
	}
	return share
}
