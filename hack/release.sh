#!/usr/bin/env bash
# Builds the files of a release, apart from the image: for each platform the manager
# and its SBOM, the installer, the chart, the licenses of third-party code in the
# manager, and the checksums of all these. The same commit and the same Go version give
# the same bytes, except for the chart, into which Helm writes times.
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

# Built in a folder of its own and moved when complete, so that the checksums have no
# file of an earlier release.
work="$(mktemp -d "$dist/.release.XXXXXX")"
trap 'rm -rf "$work"' EXIT

for platform in ${platforms//,/ }; do
	[[ $platform == */* ]] || fail "PLATFORMS: invalid platform \"$platform\": expected OS/ARCHITECTURE, such as linux/amd64"
	binary="manager-${platform/\//-}"
	echo "building $binary $version ..." >&2
	CGO_ENABLED=0 GOOS="${platform%/*}" GOARCH="${platform#*/}" go build -trimpath -buildvcs=false \
		-ldflags "-s -w $(hack/version.sh ldflags)" -o "$work/$binary" ./cmd/manager
	# From the program itself, in which the linker recorded its modules. Without a random
	# number and the time, so that the bytes are reproducible.
	said="$("$sbom" bin -json -std -noserial -notimestamp -version "$version" -output "$work/$binary.cdx.json" "$work/$binary" 2>&1)" ||
		fail "cyclonedx-gomod can't describe $binary: $said"
done

hack/render.sh "$image" >"$work/install.yaml"

# Whoever gets the program must get the licenses of the code in it.
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
# Only the files of a release are replaced: dist/ may have others.
rm -f "$dist"/manager-* "$dist"/*.tgz
mv "$work"/* "$dist"
echo "$version is in $dist:" >&2
(cd "$dist" && sha256sum --check --quiet checksums.txt && cat checksums.txt)
