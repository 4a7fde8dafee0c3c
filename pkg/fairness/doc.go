// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fairness shares the memory and time of the operator's servers among their clients, so that
// one client can't exhaust them. A client is an IP address: everybody in the cluster can connect, and
// most of the servers' clients have no identity.
//
//   - Pool is for resources that a client holds for as long as it likes, such as connections. A client
//     that holds too much loses some of it to others.
//   - Turns is for work that can't be interrupted. A client that requests too much waits.
package fairness

import "net"

// Client returns the client of a remote address, which is its IP address.
func Client(remoteAddress string) string {
	host, _, err := net.SplitHostPort(remoteAddress)
	if err != nil {
		return remoteAddress
	}
	return host
}
