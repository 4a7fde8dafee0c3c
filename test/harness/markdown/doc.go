// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package markdown reads the project's pages: their headings, their links, and their blocks of code with what is to be
// done with each. test/static/pages checks what it finds, test/e2e/docs runs the commands.
package markdown
