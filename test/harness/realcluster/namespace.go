// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Namespace is the namespace of a test.
type Namespace struct {
	*Cluster
	Name string
}

var notInName = regexp.MustCompile("[^a-z0-9]+")

// Namespace creates a namespace for a test. At the end of the test, the state of the cluster is
// logged if the test failed, and all Performers are deleted and waited for. So the deletion is
// tested in all situations that the tests create.
func (c *Cluster) Namespace(t *testing.T) *Namespace {
	t.Helper()
	began := time.Now()
	// Short enough to leave room for the suffix.
	prefix := notInName.ReplaceAllString(strings.ToLower(t.Name()), "-")
	prefix = strings.Trim(prefix[:min(len(prefix), 40)], "-")
	created, err := c.Kube.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("creating a namespace: %v", err)
	}
	n := &Namespace{Cluster: c, Name: created.Name}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		// Before the objects are deleted.
		diagnosed := t.Failed()
		if diagnosed {
			c.diagnose(t, n.Name, began)
		}
		if err := n.deletePerformers(ctx); err != nil {
			t.Errorf("cleaning up: %v", err)
			if !diagnosed {
				c.diagnose(t, n.Name, began)
			}
		}
		// Kubernetes deletes the rest. No need to wait for that.
		if err := c.Kube.CoreV1().Namespaces().Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return n
}

func (n *Namespace) deletePerformers(ctx context.Context) error {
	performers := n.Performers.HourglassV1alpha1().Performers(n.Name)
	if err := performers.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		if apierrors.IsNotFound(err) {
			// The CRD is gone, and the Performers with it.
			return nil
		}
		return err
	}
	return wait.Poll(ctx, func(ctx context.Context) error {
		left, err := performers.List(ctx, metav1.ListOptions{})
		if err == nil && len(left.Items) > 0 {
			err = fmt.Errorf("%d Performers still exist, the first is %s", len(left.Items), left.Items[0].Name)
		}
		return err
	})
}

// Performer returns a Performer of the sample image, not yet created, on port 8080.
func (n *Namespace) Performer(name string) *v1alpha1.Performer {
	return &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: n.Name},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress:      "0xtest-avs-address",
			Image:           SampleImage,
			ImagePullPolicy: corev1.PullNever,
			Config: v1alpha1.PerformerConfig{
				GRPCPort:    8080,
				Environment: map[string]string{"GRPC_PORT": "8080", "PLANTED": PlantedValue},
			},
		},
	}
}

// Create creates a Performer.
func (n *Namespace) Create(t *testing.T, performer *v1alpha1.Performer) *v1alpha1.Performer {
	t.Helper()
	created, err := n.Performers.HourglassV1alpha1().Performers(n.Name).Create(t.Context(), performer, metav1.CreateOptions{
		FieldValidation: metav1.FieldValidationStrict,
	})
	if err != nil {
		t.Fatalf("creating Performer %s: %v", performer.Name, err)
	}
	return created
}

// CreateReady creates a Performer and waits until it is ready.
func (n *Namespace) CreateReady(t *testing.T, performer *v1alpha1.Performer) *v1alpha1.Performer {
	t.Helper()
	created := n.Create(t, performer)
	return n.WaitReady(t, created.Name)
}

// Patch applies a merge patch in JSON to a Performer and returns the result.
func (n *Namespace) Patch(t *testing.T, name, patch string) *v1alpha1.Performer {
	t.Helper()
	patched, err := n.Performers.HourglassV1alpha1().Performers(n.Name).Patch(t.Context(), name, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatalf("patching Performer %s with %s: %v", name, patch, err)
	}
	return patched
}

// WaitReady waits until the desired revision of a Performer serves, and returns the Performer.
func (n *Namespace) WaitReady(t *testing.T, name string) *v1alpha1.Performer {
	t.Helper()
	return n.WaitFor(t, name, "to be ready", Ready)
}

// WaitFor waits until check returns nil for a Performer, and returns it. what completes "waiting
// for Performer x".
func (n *Namespace) WaitFor(t *testing.T, name, what string, check func(*v1alpha1.Performer) error) *v1alpha1.Performer {
	t.Helper()
	var performer *v1alpha1.Performer
	wait.For(t, fmt.Sprintf("Performer %s %s", name, what), func(ctx context.Context) error {
		var err error
		performer, err = n.Performers.HourglassV1alpha1().Performers(n.Name).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return check(performer)
	})
	return performer
}

// Address returns the address of a Performer in the cluster, as clients compute it themselves.
func (n *Namespace) Address(performer string, port int) string {
	return fmt.Sprintf("performer-%s.%s.svc.cluster.local:%d", performer, n.Name, port)
}

// Ready returns nil if the condition Ready is true for the current generation of the Performer,
// with a consistent status.
func Ready(performer *v1alpha1.Performer) error {
	status := performer.Status
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return fmt.Errorf("the condition Ready is not set yet")
	case ready.Status != metav1.ConditionTrue:
		return fmt.Errorf("Ready is %s: %s: %s", ready.Status, ready.Reason, ready.Message)
	case ready.ObservedGeneration != performer.Generation:
		return fmt.Errorf("the condition Ready is of generation %d, want %d", ready.ObservedGeneration, performer.Generation)
	case !status.Ready || status.Phase != v1alpha1.PhaseRunning:
		return fmt.Errorf("the condition Ready is True, but status.ready is %v and status.phase is %q", status.Ready, status.Phase)
	}
	return nil
}

// ReadyOn returns a check that a Performer is ready on the pod of an ordinal.
func ReadyOn(ordinal int32) func(*v1alpha1.Performer) error {
	return func(performer *v1alpha1.Performer) error {
		if err := Ready(performer); err != nil {
			return err
		}
		want := fmt.Sprintf("performer-%s-%d", performer.Name, ordinal)
		if performer.Status.PodName != want || performer.Status.PodOrdinal != ordinal {
			return fmt.Errorf("ready on pod %s (ordinal %d), want %s", performer.Status.PodName, performer.Status.PodOrdinal, want)
		}
		return nil
	}
}

// Has returns a check that a Performer has a condition of a type, status and reason, which is of
// the current generation and contains a text in its message.
func Has(conditionType string, status metav1.ConditionStatus, reason, text string) func(*v1alpha1.Performer) error {
	return func(performer *v1alpha1.Performer) error {
		condition := meta.FindStatusCondition(performer.Status.Conditions, conditionType)
		if condition == nil || condition.Status != status || condition.Reason != reason || !strings.Contains(condition.Message, text) ||
			condition.ObservedGeneration != performer.Generation {
			return fmt.Errorf("in generation %d the condition %s is %+v, want %s with reason %s and %q in the message",
				performer.Generation, conditionType, condition, status, reason, text)
		}
		return nil
	}
}

// Gone returns a check that a Performer is gone, with all its pods and its Service.
func (n *Namespace) Gone(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := n.Performers.HourglassV1alpha1().Performers(n.Name).Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("Performer %s still exists", name)
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		pods, err := n.Pods(ctx, name)
		if err != nil {
			return err
		}
		if len(pods) > 0 {
			return fmt.Errorf("%d pods still exist, the first is %s", len(pods), pods[0].Name)
		}
		_, err = n.Kube.CoreV1().Services(n.Name).Get(ctx, "performer-"+name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("the Service performer-%s still exists", name)
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		return nil
	}
}

// Pods returns the pods of a Performer, including terminating ones.
func (n *Namespace) Pods(ctx context.Context, performer string) ([]corev1.Pod, error) {
	pods, err := n.Kube.CoreV1().Pods(n.Name).List(ctx, metav1.ListOptions{
		LabelSelector: "hourglass.eigenlayer.io/performer=" + performer,
	})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

// PodGone returns a check that a pod is gone.
func (n *Namespace) PodGone(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := n.Kube.CoreV1().Pods(n.Name).Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return fmt.Errorf("pod %s still exists", name)
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		return nil
	}
}

// HasEvent returns nil if there is an event of a type and reason about a Performer.
func (n *Namespace) HasEvent(ctx context.Context, performer, eventType, reason string) error {
	events, err := n.Kube.CoreV1().Events(n.Name).List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=Performer,involvedObject.name=" + performer,
	})
	if err != nil {
		return err
	}
	var seen []string
	for _, event := range events.Items {
		if event.Type == eventType && event.Reason == reason {
			return nil
		}
		seen = append(seen, event.Type+" "+event.Reason)
	}
	return fmt.Errorf("no event %s %s about Performer %s, only %q", eventType, reason, performer, seen)
}
