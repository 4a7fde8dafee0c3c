#!/usr/bin/env bash
# Fails if golangci-lint reports a problem, in any module.
exec "$(dirname "${BASH_SOURCE[0]}")/lint.sh"
