// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package errtext shortens the texts of errors for messages of one line.
package errtext

import (
	"errors"
	"os"
	"strings"
)

// OneLine returns the text of an error without line breaks.
func OneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// WithoutPath returns the cause of a file error, for messages that already name the file. Any other
// error is returned as it is.
func WithoutPath(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
