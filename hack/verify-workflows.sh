#!/usr/bin/env bash
# Fails when a GitHub workflow is not a valid one, runs what can't be run elsewhere
# (all but a make target or a script of hack/), uses an action that is not pinned by
# its commit, or asks for permissions that it does not need.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# Without shellcheck and pyflakes, which are not on every machine: its answer must
# be the same everywhere, and commands of more than one word are refused anyway.
"$(tool actionlint)" -no-color -shellcheck= -pyflakes= .github/workflows/*.yaml
go test -count=1 -run '^TestWorkflow' ./test/static/release
