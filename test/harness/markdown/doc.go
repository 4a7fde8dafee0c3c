// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package markdown reads the project's pages: their headings, their links, their blocks of code,
// and the scripts that say how each block is run. test/static/pages checks them, test/e2e/docs runs
// the commands.
package markdown
