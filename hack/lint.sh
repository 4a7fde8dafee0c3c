#!/usr/bin/env bash
# Runs golangci-lint with the rules of .golangci.yml on every module. Arguments are
# passed to it (--fix).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

lint="$(tool golangci-lint)"
failed=""
for dir in $(modules); do
	(cd "$dir" && "$lint" run --allow-parallel-runners --config "$ROOT/.golangci.yml" "$@" ./...) || failed+=" $dir"
done
[[ -z $failed ]] || fail "golangci-lint reports problems (see above) in:$failed"
