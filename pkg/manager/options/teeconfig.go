// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// readTEEs reads the file of --tee-config. It is read only once, at start, so that all pods of one
// manager follow the same table.
func (o *Options) readTEEs() error {
	if o.TEEConfig == "" {
		return nil
	}
	data, err := os.ReadFile(o.TEEConfig)
	if err == nil {
		o.TEEs, err = render.ParseTEEs(data)
	} else if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		// The text of a PathError would name the file a second time.
		err = fmt.Errorf("can't be read: %w", cause.Err)
	}
	if err != nil {
		return fmt.Errorf("--tee-config=%s: %w", o.TEEConfig, err)
	}
	return nil
}
