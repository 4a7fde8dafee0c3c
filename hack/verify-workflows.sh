#!/usr/bin/env bash
# Fails if a GitHub workflow is invalid, runs anything but a make target or a script in
# hack/ (these run on any machine), uses an action that is not pinned by its commit, or
# has permissions that it does not need.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# Without shellcheck and pyflakes, which are not on every machine: the result must be
# the same everywhere.
"$(tool actionlint)" -no-color -shellcheck= -pyflakes= .github/workflows/*.yaml
go test -count=1 -run '^TestWorkflow' ./test/static/release
