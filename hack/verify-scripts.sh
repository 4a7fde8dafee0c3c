#!/usr/bin/env bash
# Fails when a shell script does not parse or can't be run, when something is
# generated that nothing verifies, when a link leads nowhere, or when make warns.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

problems=""
mapfile -t scripts < <(find . \( -name vendor -o -name .git -o -name bin -o -name dist \) -prune -o \( -name '*.sh' -o -path ./.ci/run \) -print | cut -c3-)
for script in "${scripts[@]}"; do
	bash -n "$script" || problems+="$script: does not parse"$'\n'
	# What lies in hack/lib is sourced.
	if [[ $script != hack/lib/* && ! -x $script ]]; then
		problems+="$script: not executable: chmod +x $script"$'\n'
	fi
done
for update in hack/update-*.sh; do
	verify="${update/update-/verify-}"
	[[ -e $verify ]] || problems+="$update: there is no $verify"$'\n'
done
dangling="$(find . \( -name vendor -o -name .git -o -name bin -o -name dist \) -prune -o -xtype l -print)"
[[ -z $dangling ]] || problems+="links that lead nowhere: $dangling"$'\n'
# Such as a target that is there twice: the first would be left out in silence.
warnings="$(make -n help 2>&1 >/dev/null)"
[[ -z $warnings ]] || problems+="$warnings"$'\n'
[[ -z $problems ]] || fail "$problems"
