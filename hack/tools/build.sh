#!/usr/bin/env bash
# Builds the named tools from source at the versions pinned here, and prints the
# path of each. A tool is built again only if its go.mod, its go.sum or the Go
# version has changed.
#
#   hack/tools/build.sh controller-gen kustomize golangci-lint
#
# TOOLS_BIN: the folder for the binaries (bin/tools).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bin="${TOOLS_BIN:-$here/../../bin/tools}"
mkdir -p "$bin"
bin="$(cd "$bin" && pwd)"

# The caller's workspace and -mod=vendor are for the operator, not for the tools.
export GOWORK=off GOFLAGS=-mod=readonly

build() { # name, package, module folder
	local name=$1 package=$2 module=$3 want
	want="$(cat "$module/go.mod" "$module/go.sum" <(go env GOVERSION) | sha256sum | cut -d' ' -f1)"
	(
		# Two processes must not write the same binary at the same time.
		flock 9
		if [[ ! -x $bin/$name || "$(cat "$bin/.$name.sum" 2>/dev/null)" != "$want" ]]; then
			echo "building $name ($(go -C "$module" list -f '{{with .Module}}{{.Path}} {{.Version}}{{end}}' "$package")) ..." >&2
			go build -C "$module" -trimpath -ldflags '-s -w' -o "$bin/$name.new" "$package"
			mv "$bin/$name.new" "$bin/$name"
			echo "$want" >"$bin/.$name.sum"
		fi
	) 9>"$bin/.$name.lock"
	echo "$bin/$name"
}

for tool in "$@"; do
	case $tool in
	controller-gen) build "$tool" sigs.k8s.io/controller-tools/cmd/controller-gen "$here" ;;
	kustomize) build "$tool" sigs.k8s.io/kustomize/kustomize/v5 "$here" ;;
	golangci-lint) build "$tool" github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$here/golangci-lint" ;;
	gotestsum) build "$tool" gotest.tools/gotestsum "$here/gotestsum" ;;
	actionlint) build "$tool" github.com/rhysd/actionlint/cmd/actionlint "$here/supply" ;;
	govulncheck) build "$tool" golang.org/x/vuln/cmd/govulncheck "$here/supply" ;;
	cyclonedx-gomod) build "$tool" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod "$here/supply" ;;
	helm3) build "$tool" helm.sh/helm/v3/cmd/helm "$here/helm3" ;;
	helm4) build "$tool" helm.sh/helm/v4/cmd/helm "$here/helm4" ;;
	*)
		echo "$0: invalid tool \"$tool\": expected one of controller-gen, kustomize, golangci-lint, gotestsum, actionlint, govulncheck, cyclonedx-gomod, helm3, helm4" >&2
		exit 2
		;;
	esac
done
