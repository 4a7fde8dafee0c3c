#!/usr/bin/env bash
# Runs the verify scripts, all or those named, each to its end, and says of each
# how it went. The output of one is shown only when it failed.
#
#   hack/verify.sh              all
#   hack/verify.sh gofmt crd    these two
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# The quick ones first.
all=(scripts boilerplate gofmt licenses workflows imports crd crd-compat api-docs rbac overlays deploy policies monitoring chart codegen vendor vet lint)
for script in hack/verify-*.sh; do
	name="${script#hack/verify-}"
	[[ " ${all[*]} " == *" ${name%.sh} "* ]] || fail "$script is not in the list: add it"
done

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
failed=()
[[ $# -gt 0 ]] || set -- "${all[@]}"
for name in "$@"; do
	SECONDS=0
	printf '%-12s ' "$name"
	if "hack/verify-$name.sh" >"$log" 2>&1; then
		printf 'ok      %3ds\n' "$SECONDS"
	else
		printf 'FAILED  %3ds\n' "$SECONDS"
		sed 's/^/    /' "$log"
		failed+=("$name")
	fi
done
if [[ ${#failed[@]} -gt 0 ]]; then
	echo "verify: $(($# - ${#failed[@]})) ok, ${#failed[@]} failed: ${failed[*]}"
	exit 1
fi
echo "verify: all $# ok"
