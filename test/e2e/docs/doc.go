// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs runs the commands that README.md and the pages of docs/ tell people to run, on a real cluster, and
// compares what they print with what the pages show.
//
//	go test -tags e2e ./test/e2e/docs -count=1 -v -run TestPages/docs/status.md
//
// runs those of one page.
//
// # How to write a page
//
// A page is run from top to bottom, in the repository's root, with kubectl and KUBECONFIG set for the cluster, and with
// bin/ and bin/tools/ on the path. At its beginning the operator is installed from deploy/ and there is no Performer. A
// page that installs the operator by itself has this line at its top, and begins with a cluster that has nothing of it:
//
//	<!-- page: without operator -->
//
// What is done with a block of code follows from its language.
//
//   - bash: commands, which are run. The first that fails ends the test. Exported variables, the working directory
//     and processes in the background stay until the end of the page.
//   - console: commands, each after "$ ", with what they print below. Blanks don't count, nor do ages, times, addresses,
//     revisions, where in the source a line of a log is from, and the ends of names of a Deployment's pods. "..." stands for any text, and alone in a line for any
//     lines. A command that asks (kubectl get, describe, logs, events) is repeated until it prints what the page shows,
//     so there is no need to wait before it. Of a command without output below, only that it succeeds counts.
//   - yaml: where every document has apiVersion and kind, a manifest, which the API server judges (kubectl apply
//     --dry-run=server). Fragments are only read.
//   - anything else is only looked at: text, json, go, promql, diff and so on. A block without a language is plain text,
//     and must have no commands in it.
//
// Comments in HTML, which readers don't see, say what else there is to know of the block below them. They stand on
// lines of their own.
//
//	<!-- not run: REASON -->    the block isn't run. Say why, in words that convince
//	<!-- fails -->              the commands are meant to fail, each of a console
//	<!-- applied -->            the manifest is applied for real
//	<!-- saved as: FILE -->     the text is written to this file of the working directory, for the commands that
//	                            follow, and removed after the page; it is not judged or applied
//	<!-- run: COMMANDS -->      not about the block below: commands of bash that are run where they stand. They may have
//	                            many lines, and prepare what the page takes for given, check more than it shows, or
//	                            clean up
//
// Whatever has no marker is run. After a page all Performers are deleted, and namespaces that it made; what else it
// made it has to delete itself.
//
// The package's own check, and that of links, are in test/static/pages and need no cluster: go test ./test/static/pages/...
package docs
