#!/usr/bin/env bash
# Fails when golangci-lint objects to something, in any module.
exec "$(dirname "${BASH_SOURCE[0]}")/lint.sh"
