// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// component is the source component of the operator's events.
const component = "hourglass-operator"

// flushReason marks the last event of a flush, which is not sent: once the sink gets it, all events
// before it were written.
const flushReason = "Flush"

// eventStream writes the events of the controller to the API server, in order and in the
// background.
type eventStream struct {
	recorder    record.EventRecorder
	broadcaster record.EventBroadcaster
	sink        *eventSink
}

// newEventStream starts writing events. The broadcaster's rate limit stays at its default of a
// burst of 25 events for one object and one more every five minutes, far above what the controller
// records.
func newEventStream(ctx context.Context, client typedcorev1.EventsGetter) *eventStream {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))

	// The last events are written after ctx has ended.
	ctx = context.WithoutCancel(ctx)
	s := &eventStream{
		broadcaster: record.NewBroadcaster(record.WithContext(ctx)),
		sink:        &eventSink{ctx: ctx, client: client.Events(""), flushed: make(chan struct{})},
	}
	s.broadcaster.StartRecordingToSink(s.sink)
	s.recorder = s.broadcaster.NewRecorder(scheme, corev1.EventSource{Component: component})
	return s
}

// flush waits until all recorded events were written or given up, at most until ctx ends, and then
// ends the stream. It returns false if ctx ended first.
//
// The broadcaster's Shutdown alone would drop queued events. But the broadcaster writes events one
// by one, so when the sink gets the last one, those before it were written.
func (s *eventStream) flush(ctx context.Context) bool {
	defer s.broadcaster.Shutdown()
	s.recorder.Event(&corev1.ObjectReference{Kind: "Manager", Name: component}, corev1.EventTypeNormal, flushReason, "")
	select {
	case <-s.sink.flushed:
		return true
	case <-ctx.Done():
		return false
	}
}

// eventSink writes events to the API server.
type eventSink struct {
	ctx    context.Context
	client typedcorev1.EventInterface

	flushed   chan struct{} // closed when the sink gets the event of flush
	forbidden sync.Once     // logs the missing permission
}

// Create implements record.EventSink.
func (s *eventSink) Create(event *corev1.Event) (*corev1.Event, error) {
	if event.Reason == flushReason && event.InvolvedObject.Kind == "Manager" {
		close(s.flushed)
		return event, nil
	}
	created, err := s.client.CreateWithEventNamespaceWithContext(s.ctx, event)
	return s.tolerate(event, created, err)
}

// Update implements record.EventSink.
func (s *eventSink) Update(event *corev1.Event) (*corev1.Event, error) {
	updated, err := s.client.UpdateWithEventNamespaceWithContext(s.ctx, event)
	return s.tolerate(event, updated, err)
}

// Patch implements record.EventSink.
func (s *eventSink) Patch(event *corev1.Event, data []byte) (*corev1.Event, error) {
	patched, err := s.client.PatchWithEventNamespaceWithContext(s.ctx, event, data)
	return s.tolerate(event, patched, err)
}

// tolerate treats a missing permission as success, so that it is logged once and not for every
// event.
func (s *eventSink) tolerate(sent, answer *corev1.Event, err error) (*corev1.Event, error) {
	if !apierrors.IsForbidden(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return answer, err
	}
	s.forbidden.Do(func() {
		klog.FromContext(s.ctx).Error(err, "Not allowed to write events, Performers will have none: grant create and patch on events")
	})
	return sent, nil
}
