// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PlantedValue is the value of an environment variable of every Performer that Namespace.Performer
// returns. It represents a secret and must never be in the operator's logs or in an event.
const PlantedValue = "planted-secret-5f1d0c"

// Leaks returns the lines in the logs of the current pods of the operator, and the messages of all
// events, that contain PlantedValue. It returns an error if a pod has logged nothing, since then
// there is nothing to search.
func (c *Cluster) Leaks(ctx context.Context) ([]string, error) {
	logs, err := c.OperatorLogs(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	var leaks []string
	for pod, log := range logs {
		if log == "" {
			return nil, fmt.Errorf("pod %s has logged nothing", pod)
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, PlantedValue) {
				leaks = append(leaks, fmt.Sprintf("log of %s: %s", pod, strings.TrimSpace(line)))
			}
		}
	}
	events, err := c.Kube.CoreV1().Events(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, event := range events.Items {
		if strings.Contains(event.Message, PlantedValue) {
			leaks = append(leaks, fmt.Sprintf("event %s in %s: %s", event.Reason, event.Namespace, event.Message))
		}
	}
	return leaks, nil
}
