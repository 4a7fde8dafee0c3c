// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Traffic moves by the serving label, make before break: the new pod gets it, the endpoint slices
// show it ready, then the old pod loses it, goes on answering what is under way for drainSeconds,
// and is deleted.

const (
	// defaultDrain is the drainSeconds of a Performer that names none. It equals the CRD's default.
	defaultDrain = 10 * time.Second
	// handoverPoll is how soon the endpoint slices are looked at again while they do not show the
	// new pod yet. The slice controller mostly needs less; where it needs much longer it is asked
	// less and less, down to once in maxHandoverPoll.
	handoverPoll    = 500 * time.Millisecond
	maxHandoverPoll = 30 * time.Second
	// blindHandover is how long the old pod keeps its traffic beside the new one where the slices
	// may not be read. The slice controller has been seen to need up to a second; this is ten times
	// as long.
	blindHandover = 10 * time.Second
)

func strategyOf(p *v1alpha1.Performer) v1alpha1.UpgradeStrategyType {
	if s := p.Spec.UpgradeStrategy; s != nil && s.Type == v1alpha1.RecreateUpgrade {
		return v1alpha1.RecreateUpgrade
	}
	return v1alpha1.BlueGreenUpgrade
}

func drainOf(p *v1alpha1.Performer) time.Duration {
	if s := p.Spec.UpgradeStrategy; s != nil && s.DrainSeconds != nil {
		return time.Duration(*s.DrainSeconds) * time.Second
	}
	return defaultDrain
}

// favoured returns the pod to which traffic should go now, or nil if none is ready: the one that is
// asked for if it is; else what served last; else the newest.
func favoured(views []podView) *podView {
	if cur := current(views); cur != nil && cur.state == podReady {
		return cur
	}
	var best *podView
	for i := range views {
		v := &views[i]
		if v.state != podReady {
			continue
		}
		if best == nil || v.serves() && !best.serves() || v.serves() == best.serves() && v.ordinal > best.ordinal {
			best = v
		}
	}
	return best
}

// handover returns the pods that take traffic beside the one that should have it all. The pod that is
// asked for is none of them: it has it for when it is ready.
func handover(views []podView) []*podView {
	to, cur := favoured(views), current(views)
	if to == nil || !to.serves() {
		return nil
	}
	var from []*podView
	for i := range views {
		if v := &views[i]; v.Pod != to.Pod && (cur == nil || v.Pod != cur.Pod) && v.alive() && v.serves() {
			from = append(from, v)
		}
	}
	return from
}

// NeedsEndpoints tells whether the plan for o waits for the endpoint slices to show something. Only
// then are they worth a request.
func NeedsEndpoints(o Observed, s Settings) bool {
	return len(handover(viewPods(o, s))) > 0 && o.Service != nil && o.Performer.DeletionTimestamp == nil
}

// shownReady tells whether new connections can reach the pod through the Service.
func shownReady(o Observed, v *podView) bool {
	if o.Endpoints != nil {
		return o.Endpoints[v.Name]
	}
	return !o.Now.Before(stampedAt(v, AnnotationServingSince).Add(blindHandover))
}

// planTraffic gives the favoured pod the traffic, and takes it from the others in good order. It
// leaves alone the pod that is asked for, ready or not.
func planTraffic(plan *Plan, o Observed, views []podView) {
	takes, cur := favoured(views), current(views)
	if takes != nil && !leadsTo(o.Service, takes) {
		// Its ports are seen to first. What serves goes on meanwhile.
		return
	}
	if takes != nil && !takes.serves() {
		plan.do(PatchPod{takes.Pod,
			map[string]string{LabelServing: ServingTrue},
			map[string]string{AnnotationServingSince: stamp(o.Now), AnnotationDrainingSince: ""}})
	}
	for i := range views {
		v := &views[i]
		switch {
		case !v.alive(), takes != nil && v.Pod == takes.Pod, cur != nil && v.Pod == cur.Pod:
		case v.serves() && takes != nil:
			planHandover(plan, o, takes, v)
		case v.serves() && v.mismatch != "":
			// Nothing is ready. What served last may be so again before its successor is.
		case v.drains():
			if left := drainOf(o.Performer) - o.Now.Sub(stampedAt(v, AnnotationDrainingSince)); left > 0 {
				plan.lookAgain(left)
			} else {
				plan.do(DeletePod{v.Pod, DeletedUpgraded, "its successor serves"})
			}
		case v.mismatch == "":
			plan.do(DeletePod{v.Pod, DeletedDuplicate, "there is another one of the same revision"})
		default:
			plan.do(DeletePod{v.Pod, DeletedSuperseded, "it never served, and a newer spec supersedes it"})
		}
	}
}

// planHandover takes the traffic from a pod once new connections reach the one that has it now.
func planHandover(plan *Plan, o Observed, to, from *podView) {
	if !to.serves() {
		plan.lookAgain(handoverPoll)
		return
	}
	if !shownReady(o, to) {
		waited := o.Now.Sub(stampedAt(to, AnnotationServingSince))
		plan.lookAgain(min(max(waited/4, handoverPoll), maxHandoverPoll))
		return
	}
	plan.do(PatchPod{from.Pod,
		map[string]string{LabelServing: ""},
		map[string]string{AnnotationDrainingSince: stamp(o.Now), AnnotationServingSince: ""}})
	plan.lookAgain(drainOf(o.Performer))
}

// stamp writes a time as annotations have it.
func stamp(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// stampedAt reads a time that stamp wrote. What somebody overwrote counts as long ago.
func stampedAt(v *podView, annotation string) time.Time {
	t, err := time.Parse(time.RFC3339, v.Annotations[annotation])
	if err != nil {
		return time.Time{}
	}
	return t
}

const defaultProgressDeadline = 600 * time.Second

// progressDeadlineLeft returns how long the pod that is asked for still has to become ready, or to be
// resized; none or less: the deadline is over. A pod that is resized apart, there is no deadline once
// it has been ready: from then on its health is another matter than its upgrade.
func progressDeadlineLeft(o Observed, views []podView) (left time.Duration, counts bool) {
	p := o.Performer
	deadline := defaultProgressDeadline
	if s := p.Spec.UpgradeStrategy; s != nil && s.ProgressDeadlineSeconds != nil {
		deadline = time.Duration(*s.ProgressDeadlineSeconds) * time.Second
	}
	switch takes := favoured(views); {
	case takes != nil && takes.mismatch == "":
		since, resizes := resizesSince(takes)
		return deadline - o.Now.Sub(since), resizes
	case p.Status.CurrentRevision == Revision(&p.Spec):
		// It may be replaced all the same, as where it can't be given other resources.
		began := p.Status.LastUpgrade
		ready := conditionOf(&p.Status, v1alpha1.ConditionReady)
		if began == nil || ready == nil || ready.Status == "True" || began.Before(&ready.LastTransitionTime) ||
			p.Status.UpdateRevision != Revision(&p.Spec) {
			return 0, false
		}
		return deadline - o.Now.Sub(began.Time), true
	}
	since := o.Now
	if ready := conditionOf(&p.Status, v1alpha1.ConditionReady); ready != nil && ready.Status != "True" &&
		p.Status.UpdateRevision == Revision(&p.Spec) {
		since = ready.LastTransitionTime.Time
	}
	if upgrade := p.Status.LastUpgrade; upgrade != nil && upgrade.After(since) {
		since = upgrade.Time
	}
	if cur := current(views); cur != nil && p.Status.CurrentRevision == "" && cur.CreationTimestamp.After(since) {
		// Nothing has ever served, and the spec may have been fixed since.
		since = cur.CreationTimestamp.Time
	}
	return deadline - o.Now.Sub(since), true
}
