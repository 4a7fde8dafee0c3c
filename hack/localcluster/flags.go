// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// newFlags returns the flag set of a subcommand. Its usage shows the arguments too.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.Usage = func() {
		for _, c := range commands() {
			if c.name == name {
				fmt.Fprintf(fs.Output(), "localcluster %s %s\n  %s\n", name, c.args, c.help)
			}
		}
		fs.PrintDefaults()
	}
	return fs
}

// parse reads flags and positional arguments in any order and returns the positional arguments.
// flag.FlagSet.Parse alone stops at the first positional argument.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// parseNone is parse for commands without positional arguments.
func parseNone(fs *flag.FlagSet, args []string) error {
	rest, err := parse(fs, args)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%s: unexpected arguments %q", fs.Name(), rest)
	}
	return err
}

func nameFlag(fs *flag.FlagSet) *string {
	return fs.String("name", state.DefaultName, "name of the cluster")
}

// validNode accepts what is safe in a URL path. The API server checks the rest of the rules.
var validNode = regexp.MustCompile(`^[a-z0-9][-.a-z0-9]*$`)

// parseNode is parse for commands whose one positional argument is the name of a node.
func parseNode(fs *flag.FlagSet, args []string) (string, error) {
	rest, err := parse(fs, args)
	switch {
	case err != nil:
		return "", err
	case len(rest) != 1:
		return "", fmt.Errorf("%s: got %q, expected the name of one node", fs.Name(), rest)
	case !validNode.MatchString(rest[0]):
		return "", fmt.Errorf("invalid node name %q: expected lower-case letters, digits, dashes and dots", rest[0])
	}
	return rest[0], nil
}

// pairFlag defines a repeatable flag whose values NAME=VALUE are added to a map.
func pairFlag(fs *flag.FlagSet, name, usage string, into map[string]string) {
	fs.Func(name, usage, func(s string) error {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return errors.New("expected NAME=VALUE")
		}
		into[k] = v
		return nil
	})
}
