#!/usr/bin/env bash
# Fuzzes the admission webhooks, each target for FUZZTIME (60s). An input that fails is
# stored in testdata and runs with the tests from then on. Inputs that only reach new
# code are in the folder printed at the end; copy the useful ones to testdata.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for target in FuzzHandler FuzzDecision; do
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}" -fuzzminimizetime 1s ./pkg/webhook
done
echo "inputs that reach new code: $(go env GOCACHE)/fuzz/$MODULE/pkg/webhook"
