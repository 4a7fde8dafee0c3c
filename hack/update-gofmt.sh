#!/usr/bin/env bash
# Formats the Go code of every module here.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

go_files | xargs -0 gofmt -s -w
