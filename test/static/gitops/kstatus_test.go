// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
)

// TestFluxAndHelm asks the library by which Flux and Helm 4 wait.
func TestFluxAndHelm(t *testing.T) {
	for _, tt := range situations {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.happens(w)
			result, err := status.Compute(w.object())
			if err != nil {
				t.Fatal(err)
			}
			if result.Status.String() != tt.kstatus {
				t.Errorf("it is %s (%s), want %s, with the status %+v", result.Status, result.Message, tt.kstatus, w.Performer.Status)
			}
		})
	}
}

// TestAFreshObjectIsNotCurrent has the reason for the default of the status: without it a Performer that
// the operator has never seen would count as done.
func TestAFreshObjectIsNotCurrent(t *testing.T) {
	object := newWorld(t).object()
	delete(object.Object, "status")
	if result, err := status.Compute(object); err != nil || result.Status != status.CurrentStatus {
		t.Errorf("without a status: %v, %v; the default is not needed any more", result, err)
	}
}
