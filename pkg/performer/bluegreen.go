// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

// planBlueGreen creates the desired pod while the old pod keeps running, then moves the traffic to it.
func (a *Assessment) planBlueGreen(plan *Plan) {
	var creation Plan
	source, copying := a.planCopy(&creation)
	backingOff := false
	if a.desiredPod == nil && a.canCreate() {
		wait := a.retryDelay()
		switch {
		case wait > 0:
			creation.requeueAfter(wait)
			backingOff = true
		case copying != nil:
			// The copy comes first; the next sync creates the desired pod.
			copying.Otherwise = a.newPod(copying.Ordinal)
		case a.trafficTarget != nil && !hasOurSelector(a.Performer, a.Service):
			// The Service would send traffic to the new pod at once. planService fixes that first.
		default:
			a.planSuccessor(&creation)
		}
	}
	if copying != nil {
		creation.addActions(*copying)
	}
	// The traffic and the deletions come first: a refused pod ends the execution, and a quota may have
	// no room until an earlier pod is gone.
	a.planTraffic(plan)
	plan.merge(creation)
	if a.desiredPod == nil && !a.canCreate() || backingOff {
		// Finished pods stay: they are the record for the back-off, and the source of a copy.
		return
	}
	for _, p := range a.pods {
		if p.state == podFinished && (copying != nil || p != source) {
			plan.addActions(p.deletion(DeletedEnded, "it failed or completed"))
		}
	}
}
