// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

// A Mistake is a value in a Performer that the schema accepts and that can't work: the API server would
// refuse the pod, or a kubelet could never run it.
type Mistake struct {
	// Field is the path of the field, such as spec.config.env[2].name.
	Field string
	// Why names the invalid value and says what is accepted. It is the same each time for the same
	// mistake, and never contains the value of an environment variable.
	Why string
}

// String returns the field and the reason, in the form of the API server's own validation errors.
func (m Mistake) String() string { return m.Field + ": " + m.Why }

// What is accepted as the key and as the value of a label, for messages.
const (
	LabelKeyFormat   = "[domain/]name, the name with at most 63 letters, digits, '-', '_' and '.'"
	LabelValueFormat = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
)
