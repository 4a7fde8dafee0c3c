#!/usr/bin/env bash
# Fuzzes the admission webhooks, each target for FUZZTIME (60s). What fails is kept
# in testdata and runs with the tests from then on; of what is merely new, copy what
# is worth it from the folder that is named at the end.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for target in FuzzHandler FuzzDecision; do
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}" -fuzzminimizetime 1s ./pkg/webhook
done
echo "inputs that reach new code: $(go env GOCACHE)/fuzz/$MODULE/pkg/webhook"
