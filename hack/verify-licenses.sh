#!/usr/bin/env bash
# Prints the license of every vendored module, and fails if one is unknown or must not
# be shipped. Code that is built but never shipped (tools, the local cluster, the
# sample performer) is not checked.
#
#   hack/verify-licenses.sh            of vendor/
#   hack/verify-licenses.sh FOLDER     of another folder with a modules.txt
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

vendor="${1:-vendor}"
[[ -f $vendor/modules.txt ]] || fail "$vendor has no modules.txt: run hack/update-vendor.sh"

# licenses_in FILE prints the licenses in the file, which may have several. A license is
# recognized by a sentence that no other license has.
licenses_in() {
	local text clause=0
	text="$(tr -s '[:space:]' ' ' <"$1")"
	[[ ! $text =~ "Apache License"(,)?" Version 2.0" ]] || echo Apache-2.0
	[[ $text != *"Permission is hereby granted, free of charge, to any person obtaining a copy"* ]] || echo MIT
	[[ $text != *"Permission to use, copy, modify, and"*" distribute this software for any purpose with or without fee"* ]] || echo ISC
	if [[ $text == *"Redistribution and use in source and binary forms"* ]]; then
		clause=2
		[[ $text != *"endorse or promote products"* ]] || clause=3
		[[ $text != *"All advertising materials"* ]] || clause=4
		echo "BSD-$clause-Clause"
	fi
	# Someone must read a license with one of these words, whatever else it says.
	grep -oiE 'GNU (Lesser |Affero |Library )?General Public|Mozilla Public|Eclipse Public|Server Side Public|Business Source|Commons Clause|non-?commercial' \
		<<<"$text" | sort -uf || true
}

allowed=(Apache-2.0 MIT ISC BSD-2-Clause BSD-3-Clause)
problems=""
while read -r module version; do
	mapfile -t files < <(find "$vendor/$module" -type f ! -name '*.go' \( -iname 'licen[cs]e*' -o -iname 'copying*' \) 2>/dev/null | sort)
	names=""
	for file in "${files[@]}"; do
		mapfile -t found < <(licenses_in "$file")
		[[ ${#found[@]} -gt 0 ]] || problems+="  $module: unknown license in $file"$'\n'
		for name in "${found[@]}"; do
			[[ " ${allowed[*]} " == *" $name "* ]] || problems+="  $module: \"$name\" in $file is not one of: ${allowed[*]}"$'\n'
			[[ ", $names, " == *", $name, "* ]] || names+="${names:+, }$name"
		done
	done
	# The module itself must have a license file, not only a package in it.
	[[ -n $(find "$vendor/$module" -maxdepth 1 -type f ! -name '*.go' \( -iname 'licen[cs]e*' -o -iname 'copying*' \) 2>/dev/null) ]] ||
		problems+="  $module: no license file in $vendor/$module"$'\n'
	printf '%-45s %-40s %s\n' "$module" "$version" "${names:-none}"
done < <(awk '$1 == "#" && NF >= 3 { print $2, $3 }' "$vendor/modules.txt")

[[ -z $problems ]] || fail "these modules need a decision: replace the module, or add its license to hack/verify-licenses.sh
$problems"
