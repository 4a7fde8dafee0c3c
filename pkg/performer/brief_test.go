// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// brief returns the actions of a plan in one line.
func brief(plan Plan) string {
	var words []string
	for _, action := range plan.Actions {
		switch a := action.(type) {
		case CreateService:
			words = append(words, "create service")
		case AdoptService:
			words = append(words, "adopt service")
		case PatchService:
			words = append(words, "patch service")
		case DeleteService:
			words = append(words, "delete service")
		case WriteStatus:
			words = append(words, fmt.Sprintf("record ordinal %d", a.Status.PodOrdinal))
		case TryPod:
			words = append(words, "try "+a.Pod.Name)
		case AdoptPod:
			words = append(words, "adopt "+a.Live.Name)
		case CreatePod:
			words = append(words, fmt.Sprintf("create pod %d", a.Ordinal))
		case CopyPod:
			word := fmt.Sprintf("copy %s to pod %d", a.Source.Name, a.Ordinal)
			if a.Otherwise != nil {
				word += " or create pod"
			}
			words = append(words, word)
		case PatchPod:
			words = append(words, patchWords(a))
		case ResizePod:
			words = append(words, "resize "+a.Live.Name)
		case DeletePod:
			words = append(words, "delete "+a.Live.Name)
		case CreateBudget:
			words = append(words, "create budget")
		case PatchBudget:
			words = append(words, "patch budget")
		case DeleteBudget:
			words = append(words, "delete budget")
		case SetFinalizers:
			words = append(words, fmt.Sprintf("finalizers %v", a.Finalizers))
		}
	}
	return strings.Join(words, ", ")
}

// patchWords describes the purpose of a patch of a pod.
func patchWords(a PatchPod) string {
	switch {
	case a.Annotations[render.AnnotationRevision] != "":
		return "adopt " + a.Live.Name + " as " + a.Annotations[render.AnnotationRevision]
	case a.Annotations[render.AnnotationServingSince] != "":
		return "traffic to " + a.Live.Name
	case a.Annotations[render.AnnotationDrainingSince] != "":
		return "remove traffic from " + a.Live.Name
	case a.Annotations[render.AnnotationResources] == resizing:
		return "start resize of " + a.Live.Name
	case a.Annotations[render.AnnotationResources] != "":
		return "finish resize of " + a.Live.Name
	case a.Annotations[render.AnnotationRequestedResources] != "":
		return "record resize of " + a.Live.Name
	case a.Annotations[render.AnnotationResizeRefused] != "":
		return "record refused resize of " + a.Live.Name
	case a.Annotations[render.AnnotationAdmittedImage] != "":
		return "record image of " + a.Live.Name
	default:
		return "label " + a.Live.Name
	}
}
