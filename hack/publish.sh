#!/usr/bin/env bash
# Makes a draft of a GitHub release of VERSION with all that `make release` made and
# hack/sign.sh signed. It needs GitHub, so it is not run by any test.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

hack/check-release.sh
command -v gh >/dev/null || fail "no gh in PATH"
notes="$(hack/changes.sh "$VERSION")"
mapfile -t files < <(cut -c67- dist/checksums.txt | sed 's#^#dist/#')
prerelease=()
[[ $VERSION != *-* ]] || prerelease=(--prerelease)
gh release create "$VERSION" --verify-tag --draft "${prerelease[@]}" --title "$VERSION" --notes "$notes" \
	"${files[@]}" dist/checksums.txt dist/checksums.txt.sigstore.json
