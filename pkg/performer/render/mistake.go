// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

// A Mistake is something in a Performer that the schema accepts and that can't work: the API server
// would refuse the pod, or a kubelet could never run it.
type Mistake struct {
	// Field is the path of the field, such as spec.config.env[2].name.
	Field string
	// Why says what is wrong and what is accepted. It is the same each time for the same mistake, and
	// never contains the value of an environment variable.
	Why string
}

// String returns field and reason as one sentence.
func (m Mistake) String() string { return m.Field + " " + m.Why }
