#!/usr/bin/env bash
# Fails when an import goes against the architecture. Imports run one way:
#
#   cmd -> manager -> {controller, webhook, metrics} -> performer -> apis
#
# so that the rules of the domain can be read and tested without a client, and
# the typed clientset can be imported without the operator.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# Which of our folders the code of each folder may import, beside its own.
declare -A may=(
	[cmd]="pkg/manager"
	[pkg/manager]="pkg/controller pkg/webhook pkg/metrics pkg/certs pkg/performer pkg/generated pkg/apis"
	[pkg/controller]="pkg/performer pkg/generated pkg/apis"
	[pkg/webhook]="pkg/certs pkg/performer pkg/generated pkg/apis"
	[pkg/metrics]="pkg/performer pkg/generated pkg/apis"
	[pkg/certs]=""
	[pkg/performer]="pkg/apis"
	[pkg/generated]="pkg/apis"
	[pkg/apis]=""
)
# What the domain must not see: clients, loggers, metrics, the system around it.
impure='^(k8s\.io/(client-go|klog|component-base|utils/clock)|github\.com/(go-logr|prometheus)|log|os|net|math/rand)(/|$)'

problems=""
problem() { problems+="  $1 imports $2: $3"$'\n'; }

layer_of() { # the folder of the table that the package lies in
	local path="${1#"$MODULE/"}" layer
	for layer in "${!may[@]}"; do
		[[ $path == "$layer" || $path == "$layer"/* ]] && echo "$layer" && return
	done
	return 0
}

# Tests may import what they like: only what is built into a package counts. Each
# package stands here as an import of its own too, so that none is passed over.
imports="$(go list -f '{{$p := .ImportPath}}{{$p}} {{$p}}{{"\n"}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./cmd/... ./pkg/...)"
while read -r package import; do
	layer="$(layer_of "$package")"
	if [[ -z $layer ]]; then
		fail "$package is in no layer: say in hack/verify-imports.sh what it may import"
	fi
	if [[ $import == "$MODULE"/* ]]; then
		to="$(layer_of "$import")"
		if [[ $to != "$layer" && " ${may[$layer]} " != *" ${to:-none} "* ]]; then
			problem "$package" "$import" "of ours, $layer may import ${may[$layer]:-nothing}"
		fi
	elif [[ $layer == pkg/performer && $import =~ $impure ]]; then
		problem "$package" "$import" "the domain is pure, without client, clock, logger or system"
	fi
done < <(grep . <<<"$imports")

# The domain may carry times, but is told what time it is.
clock="$(grep -rnE '\b(time|metav1)\.(Now|Since|Until|After|AfterFunc|Tick|NewTimer|NewTicker|Sleep)\b' \
	pkg/performer --include '*.go' --exclude '*_test.go' || true)"
[[ -z $clock ]] || problems+="  pkg/performer reads the clock; take the time as an argument: $clock"$'\n'

built="$(go list -deps -test -tags e2e ./...)"
for package in $(grep -F sigs.k8s.io/controller-runtime <<<"$built" || true); do
	problems+="  controller-runtime is among what we build: $package"$'\n'
done

[[ -z $problems ]] || fail "imports against the architecture:
$problems"
