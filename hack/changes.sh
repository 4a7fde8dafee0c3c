#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version.
#
#   hack/changes.sh v1.2.3
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $# == 1 ]] || fail "which version? hack/changes.sh v1.2.3"
heading="## [${1#v}]"
grep -qF "$heading" CHANGELOG.md || fail "CHANGELOG.md has no section $heading"
text="$(awk -v heading="$heading" '/^## / { on = index($0, heading) == 1; next } on' CHANGELOG.md)"
[[ -n ${text//[[:space:]]/} ]] || fail "CHANGELOG.md says nothing of ${1#v}"
echo "$text"
