#!/usr/bin/env bash
# Stops the demo's cluster with everything in it, and deletes its files.
# DEMO_CLUSTER: the name of the cluster (hourglass).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

make --no-print-directory localcluster
bin/localcluster down --name "${DEMO_CLUSTER:-hourglass}"
