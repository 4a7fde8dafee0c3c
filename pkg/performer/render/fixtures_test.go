// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// newPerformer returns a Performer x in the namespace ns.
func newPerformer(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "uid-x", Generation: 1},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress:      "0xabc",
			Image:           "repo:1",
			ImagePullPolicy: corev1.PullIfNotPresent,
			Config:          v1alpha1.PerformerConfig{GRPCPort: DefaultGRPCPort},
		},
	}
	for _, f := range change {
		f(p)
	}
	return p
}
