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

// component is the source of our events.
const component = "hourglass-operator"

// flushReason marks the event that tells flush that all before it were written. It is never sent.
const flushReason = "Flush"

// eventStream carries events from the controller to the API server, in order, in the background.
type eventStream struct {
	recorder    record.EventRecorder
	broadcaster record.EventBroadcaster
	sink        *eventSink
}

// newEventStream starts writing events through client. The broadcaster's own filter stays as it is:
// 25 events at once for one object and one more each five minutes, far above what we send.
func newEventStream(ctx context.Context, client typedcorev1.EventsGetter) *eventStream {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))

	// Events outlive the signal to stop: the last ones are written after it.
	ctx = context.WithoutCancel(ctx)
	s := &eventStream{
		broadcaster: record.NewBroadcaster(record.WithContext(ctx)),
		sink:        &eventSink{ctx: ctx, client: client.Events(""), flushed: make(chan struct{})},
	}
	s.broadcaster.StartRecordingToSink(s.sink)
	s.recorder = s.broadcaster.NewRecorder(scheme, corev1.EventSource{Component: component})
	return s
}

// flush waits until all events recorded so far are written or given up, until ctx ends at most, and
// then ends the stream. It reports whether all were dealt with.
//
// The broadcaster's Shutdown alone drops what is still queued. But it writes events one by one in
// the order they came in, so when a last one of our own arrives, all before it are through.
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

	flushed   chan struct{} // closed when flush's event came through
	forbidden sync.Once     // says that we lack the permission
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

// tolerate lets a missing permission pass as success: it is told once and not at every event.
func (s *eventSink) tolerate(sent, answer *corev1.Event, err error) (*corev1.Event, error) {
	if !apierrors.IsForbidden(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return answer, err
	}
	s.forbidden.Do(func() {
		klog.FromContext(s.ctx).Error(err, "Not allowed to write events: Performers will have none; grant create and patch on events")
	})
	return sent, nil
}
