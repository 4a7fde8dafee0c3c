// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fairness shares what clients of the operator's servers can use up among the clients, so
// that one client can't take it from the others. A client is an IP address: everybody in the cluster
// can connect, and most of the servers' clients have no identity.
//
//   - Pool is for what a client holds for as long as it likes, such as connections. A client that holds
//     too much loses it to others.
//   - Turns is for work that can't be taken back. A client that wants too much waits.
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
