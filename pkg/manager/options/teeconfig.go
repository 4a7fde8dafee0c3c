// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// readTEEs reads the table that --tee-config names. It is read once, at start: what it asks of pods
// should be the same for all that one manager makes.
func (o *Options) readTEEs() error {
	if o.TEEConfig == "" {
		return nil
	}
	data, err := os.ReadFile(o.TEEConfig)
	if err == nil {
		o.TEEs, err = performer.ParseTEEs(data)
	} else if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		// Its own text names the file once more.
		err = fmt.Errorf("can't be read: %w", cause.Err)
	}
	if err != nil {
		return fmt.Errorf("--tee-config=%s: %w", o.TEEConfig, err)
	}
	return nil
}
