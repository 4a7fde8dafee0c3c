# Sourced by the scripts of hack/: strict mode, the repository's root as the
# working directory, and an environment that gives the same result everywhere.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$ROOT"

export LC_ALL=C
# With -trimpath, the build cache serves every copy of the repository.
export GOWORK=off GOFLAGS=-trimpath

MODULE=github.com/Layr-Labs/hourglass-operator
HEADER=hack/boilerplate.go.txt

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# tool NAME prints the path of the pinned tool, and builds it if necessary.
tool() {
	hack/tools/build.sh "$1"
}

# crdtool ARGUMENT... runs hack/crdtool, a module of its own. Paths must be absolute.
crdtool() {
	go -C hack/crdtool run . "$@"
}

# split_image IMAGE sets repository, tag and digest, of which the last may be empty.
# An image must have a tag: without one, not every tool assumes "latest".
split_image() {
	local name="${1%%@*}"
	digest="${1#"$name"}" digest="${digest#@}" tag="${name##*/}"
	[[ $tag == *:* ]] || fail "IMG: invalid image \"$1\": it must have a tag, such as $name:v1.2.3"
	tag="${tag#*:}" repository="${name%:*}"
}

# modules prints the folders of the modules that have code of this repository. Those
# in hack/tools and hack/localcluster/components only pin what is built.
modules() {
	all_modules | grep -v -e '^\./hack/tools' -e '^\./hack/localcluster/components/'
}

# all_modules prints the folders of all modules, the main one first.
all_modules() {
	find . \( -name vendor -o -name .git -o -name bin -o -name dist \) -prune -o \
		-name go.mod -printf '%h\n' | sort
}

# go_files prints the Go files of all modules, each followed by a NUL.
go_files() {
	find . \( -name vendor -o -name .git -o -name bin -o -name dist -o -name '.generated.*' \) -prune -o \
		-name '*.go' -print0
}

# without_header prints the Go files that do not begin with the header. Only build
# constraints may come before it.
without_header() {
	go_files | xargs -0 awk -v header="$HEADER" '
		function finish() { if (file != "" && found != lines) print file }
		BEGIN { while ((getline line < header) > 0) { text[line]; lines++ } }
		FNR == 1 { finish(); file = FILENAME; found = 0 }
		FNR <= 8 && $0 in text { found++ }
		FNR == 8 { nextfile }
		END { finish() }' | sort
}
