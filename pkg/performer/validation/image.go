// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The grammar of image references, as kubelets and registries have it:
// https://github.com/distribution/reference/blob/main/reference.go
const (
	imageHost      = `(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`
	imageComponent = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
)

var (
	imageNameRule = regexp.MustCompile(`^(?:` + imageHost + `/)?` + imageComponent + `(?:/` + imageComponent + `)*$`)
	imageTagRule  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	imageIDRule   = regexp.MustCompile(`^[a-f0-9]{64}$`)
	// Of the algorithms, those that OCI registers.
	imageDigestRule = regexp.MustCompile(`^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$`)
)

const maxImageName = 255

// splitImage cuts a reference into its name, its tag and its digest, each without the mark before it
// and empty where it isn't there. It takes any text.
func splitImage(reference string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(reference, "@")
	// A colon before the last slash is that of a registry's port.
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}

// checkImage says why no kubelet can pull an image of this reference, or returns nil.
func checkImage(reference string) error {
	name, tag, digest := splitImage(reference)
	switch {
	case reference == "":
		return errors.New("is empty: give it an image, such as registry.example.com/team/performer:v1.0.0")
	case !imageNameRule.MatchString(name):
		return fmt.Errorf("is %q, whose name %q is invalid: it must be [registry[:port]/]path in lower-case letters and digits, with single '.', '_', '__' or dashes between them", reference, name)
	case len(name) > maxImageName:
		return fmt.Errorf("has a name of %d characters: it must have at most %d", len(name), maxImageName)
	case imageIDRule.MatchString(name):
		return fmt.Errorf("is %q, the ID of an image: name the image by repository and tag, or by repository and digest", reference)
	case strings.Contains(reference, "@") && !imageDigestRule.MatchString(digest):
		return fmt.Errorf("is %q, whose digest %q is invalid: it must be such as sha256: followed by 64 lower-case hexadecimal digits", reference, digest)
	case strings.HasSuffix(strings.TrimSuffix(reference, "@"+digest), ":") || tag != "" && !imageTagRule.MatchString(tag):
		return fmt.Errorf("is %q, whose tag %q is invalid: it must be 1 to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'", reference, tag)
	}
	return nil
}
