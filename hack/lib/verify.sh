# Sourced by the verify scripts: what an update script would write is made in a
# temporary copy and compared with what is here, which is left as it is.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# verify_generated UPDATE_SCRIPT PATH... fails, with the difference and with the
# command that mends it, when the script would change one of the paths.
verify_generated() {
	local update=$1 copy path log drift
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
	drift="$copy/.drift"
	for path in "$@"; do
		diff -ruN "$path" "$copy/$path" >>"$drift" || true
	done
	[[ -s $drift ]] || return 0
	# The first lines tell what it is about; a new module alone would have thousands.
	head -n 60 "$drift" | sed "s#$copy/##" >&2
	grep -c '^diff ' "$drift" | sed 's/$/ files differ/' >&2
	fail "out of date (see above): run $update"
}
