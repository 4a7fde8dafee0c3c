#!/usr/bin/env bash
# Makes what a release consists of, apart from the image: for each platform the
# manager and an SBOM of it, the installer, the chart, the licenses of the code of
# others that is in it, and the checksums of all that. It needs nothing but what
# the repository's other scripts need. The same commit and the same Go give the same
# bytes, save for the chart, into which Helm writes times.
#
#   IMG        the image that installer and chart install (hourglass-operator:dev)
#   PLATFORMS  what to build for, separated by commas (those of `make docker-buildx`)
#   DIST       where to write it (dist/)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

image="${IMG:-hourglass-operator:dev}"
platforms="${PLATFORMS:-linux/amd64,linux/arm64,linux/s390x,linux/ppc64le}"
dist="${DIST:-dist}"
version="$(hack/version.sh | sed -n 's/^VERSION=//p')"
sbom="$(tool cyclonedx-gomod)"
mkdir -p "$dist"
dist="$(cd "$dist" && pwd)"

# It is made beside and moved when complete, so that nothing of an earlier release
# is among the checksums.
work="$(mktemp -d "$dist/.release.XXXXXX")"
trap 'rm -rf "$work"' EXIT

for platform in ${platforms//,/ }; do
	[[ $platform == */* ]] || fail "PLATFORMS has \"$platform\"; a platform is OS/ARCHITECTURE, such as linux/amd64"
	binary="manager-${platform/\//-}"
	echo "building $binary $version ..." >&2
	CGO_ENABLED=0 GOOS="${platform%/*}" GOARCH="${platform#*/}" go build -trimpath -buildvcs=false \
		-ldflags "-s -w $(hack/version.sh ldflags)" -o "$work/$binary" ./cmd/manager
	# Of the program itself, which tells what was linked into it. Without a random
	# number and the time, that the bytes may be the same again.
	said="$("$sbom" bin -json -std -noserial -notimestamp -version "$version" -output "$work/$binary.cdx.json" "$work/$binary" 2>&1)" ||
		fail "cyclonedx-gomod can't describe $binary: $said"
done

hack/render.sh "$image" >"$work/install.yaml"

# Those who get the program get the licenses of what is in it.
{
	printf '======== The Go standard library\n\n'
	cat "$(go env GOROOT)/LICENSE"
} >"$work/third-party-licenses.txt"
for binary in "$work"/manager-*-*; do
	[[ $binary == *.json ]] || go version -m "$binary" | awk '$1 == "dep" { print $2, $3 }'
done | sort -u | while read -r module module_version; do
	find "vendor/$module" -maxdepth 1 -type f ! -name '*.go' \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \) |
		sort | while read -r file; do
		printf '\n======== %s %s: %s\n\n' "$module" "$module_version" "$(basename "$file")"
		cat "$file"
	done
done >>"$work/third-party-licenses.txt"

IMG="$image" CHART_VERSION="${version#v}" hack/package-chart.sh "$work" >&2

(cd "$work" && sha256sum -- * >checksums.txt)
# Only what a release consists of is replaced: dist/ may hold other things.
rm -f "$dist"/manager-* "$dist"/*.tgz
mv "$work"/* "$dist"
echo "$version is in $dist:" >&2
(cd "$dist" && sha256sum --check --quiet checksums.txt && cat checksums.txt)
