#!/usr/bin/env bash
# Runs the unit and integration tests of every module with the race detector, and writes
# cover.out. The integration tests use a real API server and etcd: those of
# KUBEBUILDER_ASSETS, or those that hack/localcluster builds.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

KUBEBUILDER_ASSETS="$(hack/envtest.sh)"
export KUBEBUILDER_ASSETS
# Built before the tests that need them, whose time is limited.
hack/tools/build.sh helm3 helm4 kustomize >/dev/null

# Print only whether a package passed: the coverage of a single one means little.
readable() { sed -uE '/\[no test files\]$|^\t.*coverage: 0\.0% of statements$/d; s/\tcoverage: .* of statements in .*//'; }

# The tests of the other modules run at the same time as those of the operator, which often wait.
# Never from the cache: go does not notice changes of files outside of a module, which some of these tests read.
other_modules() {
	local dir status=0
	for dir in $(modules); do
		[[ $dir == . ]] || go -C "$dir" test -trimpath -race -count=1 "$@" ./... | readable || status=1
	done
	return $status
}
others="$(mktemp)"
other_modules "$@" >"$others" 2>&1 &
others_pid=$!
trap 'kill $others_pid 2>/dev/null || true; rm -f "$others"' EXIT

# Code that integration tests run counts as covered; generated code does not count.
mapfile -t ours < <(go list ./cmd/... ./pkg/... | grep -v /pkg/generated)
# The packages that take longest come first, so that none of them is left at the end.
mapfile -t tested < <(go list ./test/integration/faults ./test/integration/controller ./pkg/performer ./test/static/chart \
	./test/integration/manager ./test/static/release ./... | grep -v /pkg/generated)
# Three packages at a time, since those with an API server mostly wait for it. With -trimpath, the
# build cache serves every copy of the repository.
status=0
go test -trimpath -race -p 3 -timeout 30m -coverprofile=cover.out "-coverpkg=$(IFS=,; echo "${ours[*]}")" "$@" "${tested[@]}" |
	readable || status=1
wait $others_pid || status=1
cat "$others"
[[ $status == 0 ]] || exit $status

go tool cover -func=cover.out | awk 'END { print "coverage of the operator: " $NF " (cover.out)" }'
go -C examples/client test -trimpath -race -count=1 -v -run '^TestDependencies$' . | sed -n 's/^ *dependencies_test.go:[0-9]*: //p'
