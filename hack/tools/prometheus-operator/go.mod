// The Prometheus Operator, of which nothing is built: test/integration/api takes its
// CRDs out of it, to hold deploy/monitoring against them.
module github.com/Layr-Labs/hourglass-operator/hack/tools/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
