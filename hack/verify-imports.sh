#!/usr/bin/env bash
# Fails if an import breaks the architecture. Imports run one way:
#
#   cmd -> manager -> {controller, webhook, metrics} -> performer -> apis
#
# so that the rules of the domain can be read and tested without a client, and
# the typed clientset can be imported without the operator. Inside the manager:
#
#   manager -> {options, preflight, election, serving} -> internal
#
# where none of the four imports another one or pkg/manager, and of the rest options
# alone imports pkg/controller, for its defaults. Inside the domain:
#
#   performer -> {validation, disruptions} -> render
#
# Below them are packages that import nothing of ours: certs, fairness, contention.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# Which of our folders the code of each folder may import, in addition to its own.
# A package belongs to the longest folder that it lies in.
domain="pkg/performer pkg/performer/disruptions pkg/performer/validation pkg/performer/render"
declare -A may=(
	[cmd]="pkg/manager pkg/manager/options"
	[pkg/manager]="pkg/controller pkg/webhook pkg/metrics pkg/certs $domain pkg/generated pkg/apis"
	[pkg/manager/options]="pkg/controller $domain"
	[pkg/manager/preflight]="pkg/manager/internal pkg/apis"
	[pkg/manager/election]="pkg/manager/internal"
	[pkg/manager/serving]="pkg/manager/internal pkg/certs pkg/fairness"
	[pkg/manager/internal]="pkg/certs"
	[pkg/controller]="pkg/contention $domain pkg/generated pkg/apis"
	[pkg/webhook]="pkg/certs pkg/fairness pkg/contention $domain pkg/generated pkg/apis"
	[pkg/metrics]="$domain pkg/generated pkg/apis"
	[pkg/certs]=""
	[pkg/fairness]=""
	[pkg/contention]=""
	[pkg/performer]="pkg/performer/validation pkg/performer/render pkg/apis"
	[pkg/performer/disruptions]="pkg/performer pkg/performer/render pkg/apis"
	[pkg/performer/validation]="pkg/performer/render pkg/apis"
	[pkg/performer/render]="pkg/apis"
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

# Tests may import anything. Each package is listed as an import of itself too, so that
# none is skipped.
imports="$(go list -f '{{$p := .ImportPath}}{{$p}} {{$p}}{{"\n"}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./cmd/... ./pkg/...)"
while read -r package import; do
	layer="$(layer_of "$package")"
	if [[ -z $layer ]]; then
		fail "$package is in no folder of the table: add its folder, and what it may import, to hack/verify-imports.sh"
	fi
	if [[ $import == "$MODULE"/* ]]; then
		to="$(layer_of "$import")"
		if [[ $to != "$layer" && " ${may[$layer]} " != *" ${to:-none} "* ]]; then
			problem "$package" "$import" "of this repository, $layer may import ${may[$layer]:-nothing}"
		fi
	elif [[ " $domain " == *" $layer "* && $import =~ $impure ]]; then
		problem "$package" "$import" "the domain must not use a client, clock, logger or the operating system"
	fi
done < <(grep . <<<"$imports")

# The domain may use times, but gets the current time as an argument.
clock="$(grep -rnE '\b(time|metav1)\.(Now|Since|Until|After|AfterFunc|Tick|NewTimer|NewTicker|Sleep)\b' \
	pkg/performer --include '*.go' --exclude '*_test.go' || true)"
[[ -z $clock ]] || problems+="  pkg/performer reads the clock; take the time as an argument: $clock"$'\n'

built="$(go list -deps -test -tags e2e ./...)"
for package in $(grep -F sigs.k8s.io/controller-runtime <<<"$built" || true); do
	problems+="  $package is built, and controller-runtime must not be: use client-go"$'\n'
done

[[ -z $problems ]] || fail "imports that break the architecture:
$problems"
