#!/usr/bin/env bash
# Prints the version information of a build as NAME=VALUE lines, or, as `hack/version.sh
# ldflags`, as flags for the linker. The values come from the environment (an image is
# built without .git), and otherwise from git. The date is that of the commit, so that
# builds are reproducible.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version="${VERSION:-}" commit="${COMMIT:-}" date="${COMMIT_DATE:-}" state="${TREE_STATE:-}"
if [[ -e .git ]] && git rev-parse --verify --quiet HEAD >/dev/null; then
	commit="${commit:-$(git rev-parse HEAD)}"
	date="${date:-$(TZ=UTC0 git show -s --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd HEAD)}"
	if [[ -z $state ]]; then
		state=clean
		[[ -z "$(git status --porcelain --untracked-files=no)" ]] || state=dirty
	fi
	if [[ -z $version ]]; then
		# The newest tag and the distance to it; v0.0.0 if there is no tag yet.
		version="$(git describe --tags --match 'v[0-9]*' 2>/dev/null ||
			echo "v0.0.0-$(git rev-list --count HEAD)-g$(git rev-parse --short=12 HEAD)")"
		[[ $state == clean ]] || version+=-dirty
	fi
fi
version="${version:-v0.0.0}" commit="${commit:-unknown}"
date="${date:-1970-01-01T00:00:00Z}" state="${state:-unknown}"

if [[ ${1:-} == ldflags ]]; then
	into=k8s.io/component-base/version
	echo "-X $into.gitVersion=$version -X $into.gitCommit=$commit" \
		"-X $into.gitTreeState=$state -X $into.buildDate=$date"
else
	printf '%s\n' "VERSION=$version" "COMMIT=$commit" "COMMIT_DATE=$date" "TREE_STATE=$state"
fi
