// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Crdcompat compares two CustomResourceDefinitions, the first of them released, and says what of the
// second would break objects that are stored, manifests that are applied or clients that were built
// for the first.
//
//	crdcompat RELEASED.yaml NEW.yaml
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/Layr-Labs/hourglass-operator/hack/internal/crd"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crdcompat:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: crdcompat RELEASED.yaml NEW.yaml")
	}
	var crds [2]*crd.Definition
	for i, path := range args {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if crds[i], err = crd.Parse(text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	breaks := compare(crds[0], crds[1])
	for _, b := range breaks {
		fmt.Println(b)
	}
	if len(breaks) > 0 {
		return fmt.Errorf("%s breaks what %s promised", args[1], args[0])
	}
	return nil
}
