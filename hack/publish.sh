#!/usr/bin/env bash
# Creates a draft of the GitHub release of VERSION, with the files that `make release`
# built and hack/sign.sh signed. It needs GitHub, so no test runs it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

hack/check-release.sh
command -v gh >/dev/null || fail "no gh in PATH: install GitHub's command line tool"
notes="$(hack/changes.sh "$VERSION")"
mapfile -t files < <(cut -c67- dist/checksums.txt | sed 's#^#dist/#')
prerelease=()
[[ $VERSION != *-* ]] || prerelease=(--prerelease)
gh release create "$VERSION" --verify-tag --draft "${prerelease[@]}" --title "$VERSION" --notes "$notes" \
	"${files[@]}" dist/checksums.txt dist/checksums.txt.sigstore.json
