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

// splitImage cuts a reference into its name, tag and digest, without the separators. A part that is
// missing is empty. It accepts any text.
func splitImage(reference string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(reference, "@")
	// A colon before the last slash is that of a registry's port.
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}

// checkImage returns an error if no kubelet can pull an image of this reference.
func checkImage(reference string) error {
	name, tag, digest := splitImage(reference)
	switch {
	case reference == "":
		return errors.New("empty: expected an image, such as registry.example.com/team/performer:v1.0.0")
	case !imageNameRule.MatchString(name):
		return fmt.Errorf("invalid image name %q: expected [registry[:port]/]path in lower-case letters and digits, with single '.', '_', '__' or dashes between them", name)
	case len(name) > maxImageName:
		return fmt.Errorf("invalid image name of %d characters: expected at most %d", len(name), maxImageName)
	case imageIDRule.MatchString(name):
		return fmt.Errorf("invalid image name %q, which is an image ID: expected a repository with a tag or a digest", name)
	case strings.Contains(reference, "@") && !imageDigestRule.MatchString(digest):
		return fmt.Errorf("invalid digest %q: expected sha256: and 64 lower-case hexadecimal digits (or sha384: and 96, or sha512: and 128)", digest)
	case strings.HasSuffix(strings.TrimSuffix(reference, "@"+digest), ":") || tag != "" && !imageTagRule.MatchString(tag):
		return fmt.Errorf("invalid tag %q: expected 1 to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'", tag)
	}
	return nil
}
