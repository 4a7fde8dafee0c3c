#!/usr/bin/env bash
# Fails if the manager, or one of the packages given, calls code with a known
# vulnerability, or if the Go vulnerability database can't be read.
#
#   hack/vulncheck.sh [PACKAGE...]     fails without a database
#   hack/vulncheck.sh --if-reachable   prints "NOT RUN" without one, and succeeds; for
#                                      machines without access to the internet
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

# govulncheck prints the age of the database only if it could read it. For a folder
# without a database it prints the year 1.
about="$("$govulncheck" -db "$db" -version 2>&1 || true)"
if ! grep '^DB updated: [^0]' <<<"$about"; then
	cat <<-END
		###############################################################
		# NOT RUN: the check for known vulnerabilities.
		# The database $db does not answer.
		# Set VULNDB to another one, or run this on a machine that can reach it.
		###############################################################
	END
	[[ $must == false ]] || fail "no vulnerability database at $db: set VULNDB to another one"
	exit
fi
"$govulncheck" -db "$db" "$@" || fail "govulncheck reports vulnerabilities (see above): update the modules"
