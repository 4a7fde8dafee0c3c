//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruption

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const port = 8080

// pinned is a pod that runs on one node and nowhere else. The Service of its name has a port on
// every node.
type pinned struct {
	ns       *realcluster.Namespace
	name     string
	nodePort int32
}

// pin creates a pod of the sample performer on a node and waits until it is ready.
func pin(t *testing.T, ns *realcluster.Namespace, name, node string) pinned {
	t.Helper()
	labels := map[string]string{"app": name}
	service, err := ns.Kube.CoreV1().Services(ns.Name).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Selector: labels, Ports: []corev1.ServicePort{{Port: port}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := pinned{ns, name, service.Spec.Ports[0].NodePort}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{corev1.LabelHostname: node},
			TerminationGracePeriodSeconds: new(int64(1)),
			Containers: []corev1.Container{{
				Name: "performer", Image: realcluster.SampleImage, ImagePullPolicy: corev1.PullNever,
				Env: []corev1.EnvVar{{Name: "GRPC_PORT", Value: strconv.Itoa(port)}},
			}},
		},
	}
	createPod(t, ns, pod)
	p.waitReady(t, 0)
	return p
}

func (p pinned) pod(ctx context.Context) (*corev1.Pod, error) {
	return p.ns.Kube.CoreV1().Pods(p.ns.Name).Get(ctx, p.name, metav1.GetOptions{})
}

// waitReady waits until the pod is ready, after its container was restarted so often, and returns
// it.
func (p pinned) waitReady(t *testing.T, restarts int32) (ready *corev1.Pod) {
	t.Helper()
	wait.For(t, "pod "+p.name+" to be ready", func(ctx context.Context) error {
		var err error
		if ready, err = p.pod(ctx); err != nil {
			return err
		}
		if err := realcluster.PodReady(ready); err != nil {
			return err
		}
		if got := ready.Status.ContainerStatuses[0].RestartCount; got != restarts {
			return fmt.Errorf("its container was restarted %d times, want %d", got, restarts)
		}
		return nil
	})
	return ready
}

// call calls another pod from inside this one, through the other's Service.
func (p pinned) call(t *testing.T, other pinned) {
	t.Helper()
	output, err := cluster.Kubectl(t.Context(), "exec", "-n", p.ns.Name, p.name, "--",
		"/performer-client", "call", "-timeout", "30s", fmt.Sprintf("%s.%s.svc.cluster.local:%d", other.name, p.ns.Name, port))
	other.answered(t, "pod "+p.name, output, err)
}

// callFromMachine calls the pod from the machine, through the port of its Service on a node.
func (p pinned) callFromMachine(t *testing.T, node string) {
	t.Helper()
	output, err := cluster.Run(t.Context(), "bin/performer-client", "call", "-timeout", "30s",
		net.JoinHostPort(address(t, node), strconv.Itoa(int(p.nodePort))))
	p.answered(t, "the machine, through node "+node, output, err)
}

func (p pinned) answered(t *testing.T, from, output string, err error) {
	t.Helper()
	var answer realcluster.Answer
	if err == nil {
		err = json.Unmarshal([]byte(output), &answer)
	}
	if err != nil || answer.Pod != p.name {
		t.Errorf("calling %s from %s: answer %q, %v", p.name, from, output, err)
	}
}

// address returns the address of a node.
func address(t *testing.T, node string) string {
	t.Helper()
	found, err := cluster.Kube.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range found.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	t.Fatalf("node %s has no address: %v", node, found.Status.Addresses)
	return ""
}

// TestKilledNode: two nodes route to the pods of each other. One that loses its power takes its pods
// with it, and when it is back, it runs them again.
func TestKilledNode(t *testing.T) {
	nodes := cluster.RealNodes(t)
	stays, dies := nodes[0], nodes[1]
	ns := cluster.Namespace(t)
	near, far := pin(t, ns, "near", stays), pin(t, ns, "far", dies)
	callAll := func() {
		near.call(t, far)
		far.call(t, near)
		for _, node := range nodes {
			near.callFromMachine(t, node)
			far.callFromMachine(t, node)
		}
	}
	callAll()
	for _, p := range []pinned{near, far} {
		if logs, err := cluster.Kubectl(t.Context(), "logs", "-n", ns.Name, p.name); err != nil || logs == "" {
			t.Errorf("the logs of pod %s: %q, %v", p.name, logs, err)
		}
	}
	before, err := far.pod(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	cluster.KillNode(t, dies)
	var dialer net.Dialer
	if conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(address(t, dies), strconv.Itoa(int(far.nodePort)))); err == nil {
		conn.Close()
		t.Errorf("node %s accepts connections after it was killed", dies)
	}
	cluster.WaitForNode(t, dies, false)
	near.callFromMachine(t, stays)

	cluster.StartNode(t, dies)
	cluster.WaitForNode(t, dies, true)
	if after := far.waitReady(t, 1); after.UID != before.UID {
		t.Errorf("pod %s is another one after its node was restarted", far.name)
	}
	callAll()
}

// TestStoppedNode: the containers of a node whose kubelet hangs go on, and outlive that.
func TestStoppedNode(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	p := pin(t, ns, "steady", node)
	cluster.StopNode(t, node)
	cluster.WaitForNode(t, node, false)
	pod, err := p.pod(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Not through the Service, which leaves out the pods of a node that is not ready.
	if answer := cluster.Call(t, net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(port))); answer.Pod != p.name {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, p.name)
	}

	cluster.StartNode(t, node)
	cluster.WaitForNode(t, node, true)
	p.waitReady(t, 0)
	p.callFromMachine(t, node)
}
