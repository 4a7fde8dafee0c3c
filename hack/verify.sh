#!/usr/bin/env bash
# Runs the checks that need no cluster, two at a time, and prints the result of each.
# The output of a check is shown only if it failed. A failed check does not stop the
# others.
#
#   hack/verify.sh              all checks
#   hack/verify.sh gofmt crd    these two
#   hack/verify.sh --list       the names of the checks
#
# VERIFY_JOBS: how many checks run at the same time (2).
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

# The checks that something generated is up to date: the script that generates it,
# and the paths that the script writes. Every other check is a script,
# hack/verify-NAME.sh.
declare -A generated=(
	[api-docs]="hack/update-api-docs.sh docs/api.md"
	[codegen]="hack/update-codegen.sh pkg/apis pkg/generated"
	[crd]="hack/update-crd.sh manifests/crd/bases"
	[deploy]="hack/update-deploy.sh deploy"
	[monitoring]="hack/update-monitoring.sh deploy/monitoring"
	[policies]="hack/update-policies.sh deploy/policies"
	[rbac]="hack/update-rbac.sh manifests/rbac/role.yaml"
)
# The two that take longest last: each of them uses all processors by itself.
all=(scripts boilerplate gofmt licenses workflows imports crd crd-compat api-docs rbac overlays deploy policies monitoring chart codegen vendor vet lint)

for script in hack/verify-*.sh; do
	name="${script#hack/verify-}"
	[[ " ${all[*]} " == *" ${name%.sh} "* ]] || fail "$script is never run: add its name to the list in hack/verify.sh"
done
if [[ ${1:-} == --list ]]; then
	printf '%s\n' "${all[@]}"
	exit
fi
[[ $# -gt 0 ]] || set -- "${all[@]}"
for name in "$@"; do
	[[ " ${all[*]} " == *" $name "* ]] || fail "no check is named \"$name\"; the names are: ${all[*]}"
done

logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
declare -A name_of=() begun_at=()
failed=()

start() { # NAME
	if [[ -n ${generated[$1]:-} ]]; then
		read -ra entry <<<"${generated[$1]}"
		verify_generated "${entry[@]}" >"$logs/$1" 2>&1 &
	else
		"hack/verify-$1.sh" >"$logs/$1" 2>&1 &
	fi
	name_of[$!]=$1 begun_at[$!]=$SECONDS
}

finish() { # waits for one check and prints its result
	local pid status=0 name
	wait -n -p pid "${!name_of[@]}" || status=$?
	name="${name_of[$pid]}"
	printf '%-12s %s %3ds\n' "$name" "$([[ $status == 0 ]] && echo 'ok     ' || echo 'FAILED ')" "$((SECONDS - begun_at[$pid]))"
	if [[ $status != 0 ]]; then
		sed 's/^/    /' "$logs/$name"
		failed+=("$name")
	fi
	unset "name_of[$pid]"
}

for name in "$@"; do
	((${#name_of[@]} < ${VERIFY_JOBS:-2})) || finish
	start "$name"
done
while ((${#name_of[@]} > 0)); do finish; done

if [[ ${#failed[@]} -gt 0 ]]; then
	echo "verify: $(($# - ${#failed[@]})) ok, ${#failed[@]} failed: ${failed[*]}"
	echo "To run a failed check again: hack/verify.sh ${failed[0]}"
	exit 1
fi
echo "verify: all $# ok"
