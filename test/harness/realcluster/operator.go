// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// The names under which deploy/ installs the operator. Users depend on them, so the tests repeat
// them instead of using the constants of the operator.
const (
	OperatorNamespace  = "hourglass-system"
	OperatorDeployment = "hourglass-operator-controller-manager"
	OperatorLease      = "b8e8a8a8.hourglass.eigenlayer.io"
	// OperatorUser is the operator's user name at the API server.
	OperatorUser = "system:serviceaccount:hourglass-system:hourglass-operator-controller-manager"
)

// install installs the operator from deploy/ as a user does, and waits until it is ready.
func (c *Cluster) install(ctx context.Context) error {
	_, err := c.Kube.AppsV1().Deployments(OperatorNamespace).Get(ctx, OperatorDeployment, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	installed := err == nil
	if c.borrowed && !installed {
		c.undo = append(c.undo, c.Undeploy)
	}
	if _, err := c.Kubectl(ctx, "apply", "-f", "deploy/"); err != nil {
		return err
	}
	if installed {
		// A rebuilt image has the same name, so it needs a restart.
		if _, err := c.Kubectl(ctx, "rollout", "restart", "-n", OperatorNamespace, "deployment/"+OperatorDeployment); err != nil {
			return err
		}
	}
	return c.operatorReady(ctx)
}

// Undeploy deletes all Performers, the operator and the CRD, if they exist, as "make undeploy"
// does.
func (c *Cluster) Undeploy(ctx context.Context) error {
	kubectl := "kubectl"
	if c.binDir != "" {
		kubectl = filepath.Join(c.binDir, kubectl)
	}
	undeploy := command{dir: c.root, env: []string{"KUBECONFIG=" + c.kubeconfig, "KUBECTL=" + kubectl}}
	_, err := undeploy.run(ctx, "hack/undeploy.sh", "all", "--ignore-not-found")
	return err
}

// OperatorReady returns nil if all replicas of the operator are ready and there are no older ones.
func (c *Cluster) OperatorReady(ctx context.Context) error {
	deployment, err := c.Kube.AppsV1().Deployments(OperatorNamespace).Get(ctx, OperatorDeployment, metav1.GetOptions{})
	if err != nil {
		return err
	}
	status, want := deployment.Status, *deployment.Spec.Replicas
	if status.ObservedGeneration != deployment.Generation || status.Replicas != want || status.UpdatedReplicas != want ||
		status.AvailableReplicas != want {
		return fmt.Errorf("want %d replicas, but there are %d, %d updated, %d available",
			want, status.Replicas, status.UpdatedReplicas, status.AvailableReplicas)
	}
	return nil
}

func (c *Cluster) operatorReady(ctx context.Context) error {
	err := wait.Poll(ctx, c.OperatorReady)
	if err != nil {
		return fmt.Errorf("the operator is not ready: %w\n%s", err, c.describeOperator(ctx))
	}
	return nil
}

// OperatorPods returns the pods of the operator, including terminating ones.
func (c *Cluster) OperatorPods(ctx context.Context) ([]corev1.Pod, error) {
	deployment, err := c.Kube.AppsV1().Deployments(OperatorNamespace).Get(ctx, OperatorDeployment, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	pods, err := c.Kube.CoreV1().Pods(OperatorNamespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(deployment.Spec.Selector),
	})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

// ScaleOperator sets the number of replicas and waits until it is reached and all other pods are
// gone.
func (c *Cluster) ScaleOperator(ctx context.Context, replicas int) error {
	_, err := c.Kubectl(ctx, "scale", "-n", OperatorNamespace, "deployment/"+OperatorDeployment, "--replicas="+strconv.Itoa(replicas))
	if err != nil {
		return err
	}
	return wait.Poll(ctx, func(ctx context.Context) error {
		if err := c.OperatorReady(ctx); err != nil {
			return err
		}
		pods, err := c.OperatorPods(ctx)
		if err == nil && len(pods) != replicas {
			err = fmt.Errorf("there are %d pods, want %d", len(pods), replicas)
		}
		return err
	})
}

// Leader returns the name of the pod that holds the operator's lease.
func (c *Cluster) Leader(ctx context.Context) (string, error) {
	lease, err := c.Kube.CoordinationV1().Leases(OperatorNamespace).Get(ctx, OperatorLease, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" {
		return "", fmt.Errorf("the Lease %s has no holder", OperatorLease)
	}
	// The identity is the name of the pod with a suffix for the process.
	pods, err := c.OperatorPods(ctx)
	if err != nil {
		return "", err
	}
	holder := *lease.Spec.HolderIdentity
	held := slices.IndexFunc(pods, func(pod corev1.Pod) bool { return strings.HasPrefix(holder, pod.Name) })
	if held < 0 {
		return "", fmt.Errorf("the holder of Lease %s is %q, which is not a pod of the operator", OperatorLease, holder)
	}
	return pods[held].Name, nil
}

// OperatorLogs returns the logs of the current pods of the operator, by pod, including those of
// containers before a restart. since, unless zero, omits older lines.
func (c *Cluster) OperatorLogs(ctx context.Context, since time.Time) (map[string]string, error) {
	pods, err := c.OperatorPods(ctx)
	if err != nil {
		return nil, err
	}
	logs := map[string]string{}
	for _, pod := range pods {
		for _, container := range pod.Status.ContainerStatuses {
			for _, previous := range []bool{true, false} {
				if previous && container.RestartCount == 0 {
					continue
				}
				options := &corev1.PodLogOptions{Container: container.Name, Previous: previous}
				if !since.IsZero() {
					options.SinceTime = &metav1.Time{Time: since}
				}
				text, err := c.Kube.CoreV1().Pods(OperatorNamespace).GetLogs(pod.Name, options).DoRaw(ctx)
				if err != nil {
					return nil, fmt.Errorf("logs of pod %s: %w", pod.Name, err)
				}
				logs[pod.Name] += string(text)
			}
		}
	}
	return logs, nil
}
