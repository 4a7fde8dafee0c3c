// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestServiceChange(t *testing.T) {
	p := newPerformer()
	tests := []struct {
		name                    string
		edit                    func(*corev1.Service)
		labels, selector, ports bool
	}{
		{"unchanged", func(*corev1.Service) {}, false, false, false},
		{"additions of a user", func(s *corev1.Service) {
			s.Labels["team"] = "a"
			s.Annotations = map[string]string{"note": "b"}
		}, false, false, false},
		{"a missing label", func(s *corev1.Service) { delete(s.Labels, render.LabelApp) }, true, false, false},
		{"selector without the serving label", func(s *corev1.Service) { delete(s.Spec.Selector, render.LabelServing) }, false, true, false},
		{"selector with another label", func(s *corev1.Service) { s.Spec.Selector["a"] = "b" }, false, true, false},
		{"another port", func(s *corev1.Service) { s.Spec.Ports[0].Port = 1 }, false, false, true},
		{"another target", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort.StrVal = "x" }, false, false, true},
		{"a second port", func(s *corev1.Service) { s.Spec.Ports = append(s.Spec.Ports, s.Spec.Ports[0]) }, false, false, true},
		{"a node port and another port", func(s *corev1.Service) { s.Spec.Ports[0].Port, s.Spec.Ports[0].NodePort = 1, 30000 }, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := render.Service(p, portsOf(Observed{Performer: p}))
			tt.edit(live)
			change := serviceChange(p, live, portsOf(Observed{Performer: p}))
			if (change.Labels != nil) != tt.labels || (change.Selector != nil) != tt.selector || (change.Ports != nil) != tt.ports {
				t.Errorf("got %+v", change)
			}
			if change.Ports != nil && change.Ports[0].NodePort != live.Spec.Ports[0].NodePort {
				t.Error("the node port was lost")
			}
		})
	}
}

// TestPortsDuringUpgrade follows the ports of the Service through an upgrade that changes the port: a
// port in use never changes its name, and the Service always has the port of the reported endpoint.
func TestPortsDuringUpgrade(t *testing.T) {
	old := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image, p.Spec.Config.GRPCPort = "repo:0", 8080 })
	desired := newPerformer()
	// Ports of the earlier operator have no name.
	unnamed := func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "" }
	for _, tt := range []struct {
		name       string
		pods       []*corev1.Pod
		want, dial string
	}{
		{"the old pod serves", []*corev1.Pod{testPod(old, 0, ready(0))}, "grpc=8080 grpc-next=9090", "8080"},
		{"the new pod starts", []*corev1.Pod{testPod(old, 0, ready(0)), testPod(desired, 1, waitingForTraffic)}, "grpc=8080 grpc-next=9090", "8080"},
		{"both serve", []*corev1.Pod{testPod(old, 0, ready(0)), testPod(desired, 1, ready(0))}, "grpc=8080 grpc-next=9090", "9090"},
		{"the old pod is terminating and drains", []*corev1.Pod{testPod(old, 0, ready(0), deletedAgo(9*time.Second)), testPod(desired, 1, ready(0))}, "grpc=8080 grpc-next=9090", "9090"},
		{"the old pod is terminating and has drained", []*corev1.Pod{testPod(old, 0, ready(0), deletedAgo(10*time.Second)), testPod(desired, 1, ready(0))}, "grpc=9090", "9090"},
		{"the old pod drains by its labels", []*corev1.Pod{testPod(old, 0, ready(0), draining(0)), testPod(desired, 1, ready(0))}, "grpc=8080 grpc-next=9090", "9090"},
		{"the old pod terminates", []*corev1.Pod{testPod(old, 0, ready(0), dying), testPod(desired, 1, ready(0))}, "grpc=9090", "9090"},

		{"unnamed port", []*corev1.Pod{testPod(desired, 0, ready(0), unnamed)}, "grpc=9090 to 9090", "9090"},
		{"unnamed port, the new pod is ready", []*corev1.Pod{testPod(desired, 0, ready(0), unnamed), testPod(desired, 1, ready(0), waitingForTraffic)}, "grpc=9090 to 9090", "9090"},
		{"unnamed port, the old pod drains", []*corev1.Pod{testPod(desired, 0, ready(0), unnamed, draining(0)), testPod(desired, 1, ready(0))}, "grpc=9090 to 9090", "9090"},
		{"unnamed port, the old pod terminates", []*corev1.Pod{testPod(desired, 0, ready(0), unnamed, dying), testPod(desired, 1, ready(0))}, "grpc=9090", "9090"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := observed(desired, tt.pods...)
			o.Service = render.Service(desired, portsOf(o))
			var got []string
			for _, port := range o.Service.Spec.Ports {
				text := fmt.Sprintf("%s=%d", port.Name, port.Port)
				if port.TargetPort != intstr.FromString(render.PortName) {
					text += " to " + port.TargetPort.String()
				}
				got = append(got, text)
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("ports %s, want %s", text, tt.want)
			}
			if status := statusOf(o, testSettings, nil); !strings.HasSuffix(status.GRPCEndpoint, ":"+tt.dial) {
				t.Errorf("endpoint %s, want port %s", status.GRPCEndpoint, tt.dial)
			}
		})
	}
}
