// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Crdtool works on CustomResourceDefinitions.
//
//	crdtool adjust CRD.yaml                 print a CRD of controller-gen with what no marker can express
//	crdtool compat RELEASED.yaml NEW.yaml   report what in NEW is incompatible with RELEASED
//	crdtool docs CRD.yaml                   print the API reference, docs/api.md
//	crdtool openapi CRD.yaml PACKAGES       print the schemas as an OpenAPI document
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "crdtool:", err)
		os.Exit(1)
	}
}

// commands are the subcommands. Each writes its result to out.
var commands = map[string]struct {
	args int
	run  func(args []string, out io.Writer) error
}{
	"adjust":  {1, adjust},
	"compat":  {2, compat},
	"docs":    {1, docs},
	"openapi": {2, openapi},
}

func run(args []string, out io.Writer) error {
	if len(args) > 0 {
		if command, ok := commands[args[0]]; ok && len(args)-1 == command.args {
			return command.run(args[1:], out)
		}
	}
	return errors.New("usage: crdtool adjust CRD.yaml | compat RELEASED.yaml NEW.yaml | docs CRD.yaml | openapi CRD.yaml PACKAGES")
}
