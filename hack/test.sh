#!/usr/bin/env bash
# Runs the unit and integration tests of every module with the race detector, and writes
# cover.out. The integration tests use a real API server and etcd: those of
# KUBEBUILDER_ASSETS, or those that hack/localcluster builds.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source hack/lib/gotest.sh

KUBEBUILDER_ASSETS="$(hack/envtest.sh)"
export KUBEBUILDER_ASSETS
# Built before the tests that need them, whose time is limited.
hack/tools/build.sh helm3 helm4 kustomize >/dev/null

# Print only whether a package passed: the coverage of a single one means little.
readable() { sed -uE '/\[no test files\]$|^\t.*coverage: 0\.0% of statements$|^coverage: /d; s/\tcoverage: .* of statements in .*//'; }

# Code that integration tests run counts as covered; generated code does not count.
mapfile -t ours < <(go list ./cmd/... ./pkg/... | grep -v /pkg/generated)
# Those that take longest come first, so that none of them is left alone at the end.
mapfile -t tested < <(go list ./test/integration/faults ./test/integration/controller ./pkg/performer ./test/static/chart \
	./test/integration/manager ./test/static/release ./... | grep -v /pkg/generated)
# Three at a time, since the first ones wait for most of their time.
go_test standard-quiet -race -p 3 -timeout 30m -coverprofile=cover.out "-coverpkg=$(IFS=,; echo "${ours[*]}")" "$@" "${tested[@]}" | readable
# The searches through the states of the rules are skipped with -race.
go_test standard-quiet "$@" ./pkg/performer | readable

# Never from the cache: go does not notice changes of files outside of a module, which some of these tests read.
for dir in $(modules); do
	[[ $dir == . ]] || (cd "$dir" && go_test standard-quiet -race -count=1 "$@" ./...) | readable
done

go tool cover -func=cover.out | awk 'END { print "coverage of the operator: " $NF " (cover.out)" }'
go -C examples/client test -race -count=1 -v -run '^TestDependencies$' . | sed -n 's/^ *dependencies_test.go:[0-9]*: //p'
