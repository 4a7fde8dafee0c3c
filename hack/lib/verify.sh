# Sourced by hack/verify.sh and verify scripts: runs an update script in a temporary
# copy of the repository and compares the result, so that no file here changes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# verify_generated UPDATE_SCRIPT PATH... fails if the script would change one of the
# paths. It prints the difference and the command that fixes it.
verify_generated() {
	local update=$1 copy path log drift
	shift
	copy="$(mktemp -d)"
	# shellcheck disable=SC2064 # expanded now, since $copy is local
	trap "rm -rf '$copy'" EXIT
	tar --exclude=./.git --exclude=./bin --exclude=./dist --exclude=./vendor -cf - . | tar -xf - -C "$copy"
	# Nine tenths of all files. Nothing writes to it: `go mod vendor` replaces the link.
	ln -s "$ROOT/vendor" "$copy/vendor"
	log="$copy/.update.log"
	if ! (cd "$copy" && TOOLS_BIN="${TOOLS_BIN:-$ROOT/bin/tools}" "$update") >"$log" 2>&1; then
		cat "$log" >&2
		fail "$update failed (see above)"
	fi
	drift="$copy/.drift"
	for path in "$@"; do
		diff -ruN "$path" "$copy/$path" >>"$drift" || true
	done
	[[ -s $drift ]] || return 0
	# The first lines are enough to see the cause: a new module alone has thousands.
	head -n 60 "$drift" | sed "s#$copy/##" >&2
	grep -c '^diff ' "$drift" | sed 's/$/ files differ/' >&2
	fail "out of date (see above): run $update"
}
