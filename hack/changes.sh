#!/usr/bin/env bash
# Prints the section of CHANGELOG.md about a version.
#
#   hack/changes.sh v1.2.3
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $# == 1 ]] || fail "usage: hack/changes.sh v1.2.3"
heading="## [${1#v}]"
grep -qF "$heading" CHANGELOG.md || fail "CHANGELOG.md has no section $heading: add one"
text="$(awk -v heading="$heading" '/^## / { on = index($0, heading) == 1; next } on' CHANGELOG.md)"
[[ -n ${text//[[:space:]]/} ]] || fail "CHANGELOG.md: the section $heading is empty: list the changes there"
echo "$text"
