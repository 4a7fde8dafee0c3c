#!/usr/bin/env bash
# Runs the unit and the integration tests of every module, with the race detector
# on, and leaves cover.out. The integration tests talk to a real API server and
# etcd: those of KUBEBUILDER_ASSETS, or those that hack/localcluster builds.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

KUBEBUILDER_ASSETS="$(hack/envtest.sh)"
export KUBEBUILDER_ASSETS
# Before the tests that need them begin to count their time.
hack/tools/build.sh helm3 helm4 kustomize >/dev/null

# Of each package only whether it passed: what a single one covers says little.
readable() { sed -uE '/\[no test files\]$|^\t.*coverage: 0\.0% of statements$/d; s/\tcoverage: .* of statements in .*//'; }

# What the integration tests run counts as covered too; generated code counts not.
mapfile -t ours < <(go list ./cmd/... ./pkg/... | grep -v /pkg/generated)
mapfile -t tested < <(go list ./... | grep -v /pkg/generated)
go test -race -timeout 30m -coverprofile=cover.out "-coverpkg=$(IFS=,; echo "${ours[*]}")" "$@" "${tested[@]}" | readable

# Always anew: files outside of its module, which some of these tests read, are none that go's cache looks at.
for dir in $(modules); do
	[[ $dir == . ]] || go -C "$dir" test -race -count=1 "$@" ./... | readable
done

go tool cover -func=cover.out | awk 'END { print "coverage of the operator: " $NF " (cover.out)" }'
go -C examples/client test -race -count=1 -v -run '^TestDependencies$' . | sed -n 's/^ *dependencies_test.go:[0-9]*: //p'
