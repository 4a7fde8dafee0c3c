#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version.
#
#   hack/changes.sh v1.2.3
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $# == 1 ]] || fail "which version? hack/changes.sh v1.2.3"
text="$(awk -v heading="## [${1#v}]" '/^## / { on = index($0, heading) == 1; next } on' CHANGELOG.md)"
[[ -n $text ]] || fail "CHANGELOG.md has no section ## [${1#v}]"
echo "$text"
