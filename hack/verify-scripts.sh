#!/usr/bin/env bash
# Fails if a shell script does not parse or is not executable, if nothing verifies what
# an update script generates, if a symbolic link is broken, or if make prints warnings.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

problems=""
mapfile -t scripts < <(find . \( -name vendor -o -name .git -o -name bin -o -name dist \) -prune -o \( -name '*.sh' -o -path ./.ci/run \) -print | cut -c3-)
for script in "${scripts[@]}"; do
	bash -n "$script" || problems+="$script: syntax error (see above)"$'\n'
	# The files in hack/lib are sourced, not run.
	if [[ $script != hack/lib/* && ! -x $script ]]; then
		problems+="$script: not executable: run chmod +x $script"$'\n'
	fi
done
checks=" $(hack/verify.sh --list | tr '\n' ' ')"
for update in hack/update-*.sh; do
	name="${update#hack/update-}"
	[[ $checks == *" ${name%.sh} "* ]] || problems+="$update: no check ${name%.sh}: add it to hack/verify.sh"$'\n'
done
dangling="$(find . \( -name vendor -o -name .git -o -name bin -o -name dist \) -prune -o -xtype l -print)"
[[ -z $dangling ]] || problems+="broken symbolic links, to be removed or fixed: $dangling"$'\n'
# Make only warns if a target is defined twice, and ignores the first definition.
warnings="$(make -n help 2>&1 >/dev/null)"
[[ -z $warnings ]] || problems+="make prints warnings, to be fixed in the Makefile: $warnings"$'\n'
[[ -z $problems ]] || fail "$problems"
