// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs runs the commands of README.md and of the pages of docs/ on a real cluster, and compares their output
// with the output that the pages show.
//
//	go test -tags e2e ./test/e2e/docs -count=1 -v -run TestPages/docs/status.md
//
// runs the commands of one page.
//
// # How to write a page
//
// A page is plain Markdown. How its blocks of code are run is in its script, pages/docs/NAME.yaml next to these tests. A
// block without a step in the script fails the tests, and so does a step without a block.
//
// The commands run from top to bottom in the root of the repository. kubectl and KUBECONFIG are set for the cluster, and
// bin/ and bin/tools/ are on the path. When a page begins, the operator is installed from deploy/ and there is no
// Performer. Afterwards all Performers and the namespaces that the page created are deleted. It deletes everything else
// itself.
//
// The language of a block decides how it is run:
//
//   - bash: commands. The first one that fails ends the test. Exported variables, the working directory and processes in
//     the background stay until the end of the page.
//   - console: commands after "$ ", each with its output below. Blanks, ages, times, addresses, revisions, line numbers
//     of the source in logs and the ends of the names of a Deployment's pods are ignored. "..." stands for any text, and
//     alone on a line for any lines. A command that only reads (kubectl get, describe, logs, events) is repeated until
//     it prints what the page shows, so a page need not wait before it. A command without output only has to succeed.
//   - yaml: a manifest, which the API server validates (kubectl apply --dry-run=server).
//   - all others, such as text, json, go or promql, are not run. A block without a language is plain text and must not
//     contain commands.
//
// # How to write a script
//
// A script has one step for each block of bash, console and yaml, in the order of the page. A step without further keys
// runs the block.
//
//	withoutOperator: true    # the operator is not installed when the page begins; the default is false
//	steps:
//	- block: kubectl apply -f deploy/    # how the block begins, without a prompt. As much as is easy to recognize
//	- block: kubectl get performers
//	  fails: true                        # each command of the block has to fail
//	- block: make docker-build
//	  notRun: needs a container engine   # the block is not run, and why
//	- block: 'apiVersion: v1'
//	  apply: true                        # the manifest is applied, not only validated
//	- block: 'spec:'
//	  saveAs: patch.yaml                 # the text is written to this file of the working directory until the page
//	                                     # ends, for the commands that follow. It is not applied. Any language
//	- run: |                             # commands of bash that the page does not show. They prepare the next block,
//	    kubectl delete performer demo    # check more than the page shows, or clean up
//
// The tests in test/static/pages check pages and scripts against each other. They need no cluster: go test ./test/static/pages/...
package docs
