#!/usr/bin/env bash
# Looks in the Go vulnerability database for what the manager, or the packages
# named, call, and fails when they call something that is known to be vulnerable, or
# when the database can't be read: what was not checked must not pass for checked.
#
#   hack/vulncheck.sh [PACKAGE...]     fails without a database
#   hack/vulncheck.sh --if-reachable   says "NOT RUN" without one, and succeeds:
#                                      for where there is no way to the outside
#
# VULNDB: the address of the database (https://vuln.go.dev).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

must=true
if [[ ${1:-} == --if-reachable ]]; then
	must=false
	shift
fi
[[ $# -gt 0 ]] || set -- ./cmd/manager
db="${VULNDB:-https://vuln.go.dev}"
govulncheck="$(tool govulncheck)"

# It asks the database how old it is, and tells only if it got an answer. A folder
# that holds no database is told to be of the year 1.
about="$("$govulncheck" -db "$db" -version 2>&1 || true)"
if ! grep '^DB updated: [^0]' <<<"$about"; then
	cat <<-END
		###############################################################
		# NOT RUN: the check for known vulnerabilities.
		# The database $db does not answer here.
		# Set VULNDB to one that does, or run it on a machine that can reach it.
		###############################################################
	END
	[[ $must == false ]] || fail "no vulnerability database at $db"
	exit
fi
"$govulncheck" -db "$db" "$@" || fail "govulncheck objects"
