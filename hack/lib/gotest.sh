# Sourced by the scripts that run tests, after common.sh: what failed is the last thing they print.
gotestsum="$(tool gotestsum)"
results="$(mktemp -d)"

# go_test FORMAT ARGUMENT... runs go test. FORMAT is one of gotestsum: standard-quiet, standard-verbose.
go_test() {
	"$gotestsum" --format "$1" --hide-summary all --jsonfile "$(mktemp "$results/XXXXXX.json")" -- "${@:2}"
}

# sum_up repeats the output of the tests that failed, then their names.
sum_up() {
	local hidden
	for hidden in skipped skipped,output; do
		# It fails if tests failed, which the caller knows already.
		"$gotestsum" --format none --hide-summary "$hidden" --raw-command -- cat "$results"/*.json || true
	done
	rm -rf "$results"
}
trap sum_up EXIT
