// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// atOnce is how many tests run at the same time, each with a cluster: they mostly wait.
const atOnce = 2

// clusters are those that no test uses now. A test restores what it breaks.
var clusters = make(chan *controlplane.Cluster, atOnce)

func TestMain(m *testing.M) {
	// The default is the number of processors. A flag of go test takes precedence.
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
		panic(err)
	}
	os.Exit(controlplane.MainWith(m, "faults", atOnce, func(c *controlplane.Cluster) { clusters <- c }))
}
