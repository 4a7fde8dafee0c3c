#!/usr/bin/env bash
# Stops the demo's cluster, with everything that ran in it, and deletes what it
# left. DEMO_CLUSTER names the cluster, "hourglass" unless set.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

make --no-print-directory localcluster
bin/localcluster down --name "${DEMO_CLUSTER:-hourglass}"
