// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// value is a pflag.Value that is checked when it is set. A flag and its environment variable share
// one parser, so both report the same error.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	format func(T) string
	kind   string // shown by --help in place of the value
}

// Set implements pflag.Value.
func (v value[T]) Set(s string) error {
	parsed, err := v.parse(s)
	if err != nil {
		return err
	}
	*v.target = parsed
	return nil
}

// String implements pflag.Value.
func (v value[T]) String() string {
	if v.target == nil || v.format == nil {
		return ""
	}
	return v.format(*v.target)
}

// Type implements pflag.Value.
func (v value[T]) Type() string { return v.kind }

func text(target *string, kind string, check func(string) error) value[string] {
	return value[string]{target, func(s string) (string, error) { return s, check(s) }, func(s string) string { return s }, kind}
}

func boolean(target *bool) value[bool] {
	return value[bool]{target, parseBool, strconv.FormatBool, "bool"}
}

func parseBool(s string) (bool, error) {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return b, nil
}

func integer(target *int, low, high int) value[int] {
	return value[int]{target, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("must be a whole number from %d to %d", low, high)
		}
		return n, nil
	}, strconv.Itoa, "int"}
}

// qps accepts a rate at which work still makes progress, or -1 for no limit. 0 is refused because
// client-go would silently use 5 instead.
func qps(target *float64) value[float64] {
	return value[float64]{target, func(s string) (float64, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(n) || n > 1e6 || (n != -1 && n < 0.1) {
			return 0, errors.New("must be a number from 0.1 to 1000000, or -1 for no limit")
		}
		return n, nil
	}, func(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }, "float"}
}

func duration(target *time.Duration) value[time.Duration] {
	return value[time.Duration]{target, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 || d > 24*time.Hour {
			return 0, errors.New("must be a duration such as 15s, above 0 and at most 24h")
		}
		return d, nil
	}, time.Duration.String, "duration"}
}

func names(target *[]string) value[[]string] {
	return value[[]string]{target, parseNamespaces, func(list []string) string { return strings.Join(list, ",") }, "names"}
}

// parseNamespaces parses a comma-separated list of namespaces. An empty string is an empty list.
func parseNamespaces(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		item = strings.TrimSpace(item)
		if err := checkNamespace(item); err != nil {
			return nil, err
		}
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list, nil
}

// taintKeys accepts a comma-separated list of the keys of taints. An empty string is an empty list.
func taintKeys(target *[]string) value[[]string] {
	// With spaces, so that --help can break the line.
	return value[[]string]{target, parseTaintKeys, func(list []string) string { return strings.Join(list, ", ") }, "keys"}
}

func parseTaintKeys(s string) ([]string, error) {
	keys := []string{}
	if strings.TrimSpace(s) == "" {
		return keys, nil
	}
	for key := range strings.SplitSeq(s, ",") {
		key = strings.TrimSpace(key)
		if len(validation.IsQualifiedName(key)) > 0 {
			return nil, fmt.Errorf("%q cannot be the key of a taint: it must be a name such as example.com/going-away, without a value or an effect", key)
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// share accepts a number, or a percentage of something.
func share(target *intstr.IntOrString) value[intstr.IntOrString] {
	return value[intstr.IntOrString]{target, func(s string) (intstr.IntOrString, error) {
		digits, percent := strings.CutSuffix(s, "%")
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || percent && (n < 1 || n > 100) || n > 1_000_000 {
			return intstr.IntOrString{}, errors.New("must be a whole number from 0 to 1000000, or a percentage from 1% to 100%")
		}
		return intstr.Parse(s), nil
	}, func(v intstr.IntOrString) string { return v.String() }, "number|percentage"}
}

// checkNamespace checks that s is a valid name of a namespace.
func checkNamespace(s string) error {
	switch {
	case s == "*":
		return errors.New(`must be namespace names separated by commas; leave it empty for all namespaces`)
	case len(validation.IsDNS1123Label(s)) > 0:
		return fmt.Errorf("%q cannot be the name of a namespace: it must be 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends", s)
	}
	return nil
}

// checkDomainName checks that s is a lower-case DNS name, as objects and domains have.
func checkDomainName(s string) error {
	if len(validation.IsDNS1123Subdomain(s)) > 0 {
		return errors.New("must be a DNS name of lower-case letters, digits, '-' and '.', at most 253 characters long")
	}
	return nil
}

// checkBindAddress accepts host:port with a numeric port, where an empty host means all addresses,
// or "0" for no server.
func checkBindAddress(s string) error {
	if s == "0" {
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New(`must be host:port or :port with a port from 0 to 65535, or "0" to turn it off`)
	}
	return nil
}

// checkPath checks that a file name fits into an error message of one line.
func checkPath(s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("must be the name of a file or folder, without control characters")
	}
	return nil
}
