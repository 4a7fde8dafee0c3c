# Sourced by the verify scripts: what an update script would write is made in a
# temporary copy and compared with what is here, which is left as it is.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# verify_generated UPDATE_SCRIPT PATH... fails, with the difference and with the
# command that mends it, when the script would change one of the paths.
verify_generated() {
	local update=$1 copy path log drift=0
	shift
	copy="$(mktemp -d)"
	# shellcheck disable=SC2064 # the folder of now is meant
	trap "rm -rf '$copy'" EXIT
	tar --exclude=./.git --exclude=./bin --exclude=./dist -cf - . | tar -xf - -C "$copy"
	log="$copy/.update.log"
	if ! (cd "$copy" && TOOLS_BIN="${TOOLS_BIN:-$ROOT/bin/tools}" "$update") >"$log" 2>&1; then
		cat "$log" >&2
		fail "$update failed"
	fi
	for path in "$@"; do
		if ! diff -ruN "$path" "$copy/$path" >"$copy/.diff"; then
			drift=1
			sed "s#$copy/##" "$copy/.diff" | head -n 60 >&2
		fi
	done
	((drift == 0)) || fail "out of date (see above): run $update"
}
