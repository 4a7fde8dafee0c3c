#!/usr/bin/env bash
# Fails when an import goes against the architecture. Imports run one way:
#
#   cmd -> manager -> {controller, webhook, metrics} -> performer -> apis
#
# so that the rules of the domain can be read and tested without a client, and
# the typed clientset can be imported without the operator. Inside the manager:
#
#   manager -> {options, preflight, election, serving} -> internal
#
# where none of the four imports another, nor what they are wired with.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# Which of our folders the code of each folder may import, in addition to its own.
# A package belongs to the longest folder that it lies in.
declare -A may=(
	[cmd]="pkg/manager pkg/manager/options"
	[pkg/manager]="pkg/controller pkg/webhook pkg/metrics pkg/certs pkg/performer pkg/generated pkg/apis"
	[pkg/manager/options]="pkg/controller pkg/performer"
	[pkg/manager/preflight]="pkg/manager/internal pkg/apis"
	[pkg/manager/election]="pkg/manager/internal"
	[pkg/manager/serving]="pkg/manager/internal pkg/certs"
	[pkg/manager/internal]="pkg/certs"
	[pkg/controller]="pkg/performer pkg/generated pkg/apis"
	[pkg/webhook]="pkg/certs pkg/performer pkg/generated pkg/apis"
	[pkg/metrics]="pkg/performer pkg/generated pkg/apis"
	[pkg/certs]=""
	[pkg/performer]="pkg/apis"
	[pkg/generated]="pkg/apis"
	[pkg/apis]=""
)
for part in options preflight election serving internal; do
	may[pkg/manager]+=" pkg/manager/$part"
done
# What the domain must not import: clients, loggers, metrics, the system.
impure='^(k8s\.io/(client-go|klog|component-base|utils/clock)|github\.com/(go-logr|prometheus)|log|os|net|math/rand)(/|$)'

problems=""
problem() { problems+="  $1 imports $2: $3"$'\n'; }

layer_of() { # the folder of the table that the package lies in
	local path="${1#"$MODULE/"}" layer longest=""
	for layer in "${!may[@]}"; do
		[[ $path == "$layer" || $path == "$layer"/* ]] && ((${#layer} > ${#longest})) && longest="$layer"
	done
	echo "$longest"
}

# Tests may import anything: only what is built into a package counts. Each package
# is listed as an import of itself too, so that none is skipped.
imports="$(go list -f '{{$p := .ImportPath}}{{$p}} {{$p}}{{"\n"}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./cmd/... ./pkg/...)"
while read -r package import; do
	layer="$(layer_of "$package")"
	if [[ -z $layer ]]; then
		fail "$package is in no layer: add to hack/verify-imports.sh what it may import"
	fi
	if [[ $import == "$MODULE"/* ]]; then
		to="$(layer_of "$import")"
		if [[ $to != "$layer" && " ${may[$layer]} " != *" ${to:-none} "* ]]; then
			problem "$package" "$import" "$layer may import ${may[$layer]:-nothing} of this repository"
		fi
	elif [[ $layer == pkg/performer && $import =~ $impure ]]; then
		problem "$package" "$import" "the domain is pure, without client, clock, logger or system"
	fi
done < <(grep . <<<"$imports")

# The domain may use times, but takes the present time as an argument.
clock="$(grep -rnE '\b(time|metav1)\.(Now|Since|Until|After|AfterFunc|Tick|NewTimer|NewTicker|Sleep)\b' \
	pkg/performer --include '*.go' --exclude '*_test.go' || true)"
[[ -z $clock ]] || problems+="  pkg/performer reads the clock; take the time as an argument: $clock"$'\n'

built="$(go list -deps -test -tags e2e ./...)"
for package in $(grep -F sigs.k8s.io/controller-runtime <<<"$built" || true); do
	problems+="  controller-runtime is among what we build: $package"$'\n'
done

[[ -z $problems ]] || fail "imports against the architecture:
$problems"
