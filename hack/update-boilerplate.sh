#!/usr/bin/env bash
# Adds the header of hack/boilerplate.go.txt to the Go files without it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

without_header | while IFS= read -r file; do
	{ cat "$HEADER" && echo && cat "$file"; } >"$file.new"
	mv "$file.new" "$file"
	echo "$file"
done
