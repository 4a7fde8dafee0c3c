// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"strings"
	"testing"
)

// refusals are invalid values, each with a part of Helm's error.
var refusals = []struct {
	// value is the key in values.yaml.
	value string
	set   []string
	want  string
}{
	{"", []string{"nosuchvalue=1"}, "additional properties 'nosuchvalue' not allowed"},
	{"operator.env", []string{"operator.env.logLvl=debug"}, "at '/operator/env': additional properties 'logLvl' not allowed"},
	{"operator.env", []string{"operator.env.webhookPort=null"}, "at '/operator/env': missing property 'webhookPort'"},
	{"operator.env.logLevel", []string{"operator.env.logLevel=verbose"}, "at '/operator/env/logLevel': value must be one of '', 'debug', 'info', 'warn', 'error'"},
	{"operator.env.logFormat", []string{"operator.env.logFormat=xml"}, "at '/operator/env/logFormat': value must be one of '', 'text', 'json'"},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=70000"}, "at '/operator/env/metricsPort': maximum: got 70,000, want 65,535"},
	{"operator.image.digest", []string{"operator.image.digest=abc"}, "at '/operator/image/digest': 'abc' does not match pattern"},
	{"operator.image.pullPolicy", []string{"operator.image.pullPolicy=never"}, "at '/operator/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"},
	{"operator.replicaCount", []string{"operator.replicaCount=two"}, "at '/operator/replicaCount': got string, want integer"},
	{"fullnameOverride", []string{"fullnameOverride=Hourglass"}, "at '/fullnameOverride': 'Hourglass' does not match pattern"},
	{"commonLabels", []string{"commonLabels.a=1"}, "at '/commonLabels/a': got number, want string"},
	{"service.type", []string{"service.type=ExternalName"}, "at '/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"},
	{"healthChecks.livenessProbe", []string{"healthChecks.livenessProbe.httpGet.path=/x"}, "additional properties 'httpGet' not allowed"},
	{"webhook.certificate.provider", []string{"webhook.certificate.provider=vault"}, "at '/webhook/certificate/provider': value must be one of 'self-managed', 'cert-manager', 'manual'"},

	// Values that are passed on to Kubernetes, which would silently drop an unknown field.
	{"operator.resources", []string{"operator.resources.limit.cpu=1"}, "at '/operator/resources': additional properties 'limit' not allowed"},
	{"operator.extraEnv", []string{"operator.extraEnv[0].name=A", "operator.extraEnv[0].value=1"}, "at '/operator/extraEnv/0/value': got number, want string"},
	{"operator.extraEnv", []string{"operator.extraEnv[0].value=a"}, "at '/operator/extraEnv/0': missing property 'name'"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClas=kata"}, "at '/operator/tees/sgx': additional properties 'runtimeClas' not allowed"},
	{"pod.securityContext", []string{"pod.securityContext.readOnlyRootFilesystem=true"}, "additional properties 'readOnlyRootFilesystem' not allowed"},
	{"pod.securityContext", []string{"pod.securityContext.seccompProfile.typ=Unconfined"}, "additional properties 'typ' not allowed"},
	{"pod.containerSecurityContext", []string{"pod.containerSecurityContext.capabilities.drops={ALL}"}, "additional properties 'drops' not allowed"},
	{"scheduling.affinity", []string{"scheduling.affinity.nodeAfinity.x=y"}, "at '/scheduling/affinity': additional properties 'nodeAfinity' not allowed"},
	{"scheduling.tolerations", []string{"scheduling.tolerations[0].operater=Exists"}, "additional properties 'operater' not allowed"},
	{"scheduling.topologySpreadConstraints", []string{spread + "topologyKey=k"}, "missing properties 'maxSkew', 'whenUnsatisfiable'"},
	{"networkPolicy.ingress", []string{"networkPolicy.ingress[0].port=1"}, "at '/networkPolicy/ingress/0': additional properties 'port' not allowed"},
	{"networkPolicy.egress", []string{"networkPolicy.egress[0].to[0].ipBlock.except={a}"}, "at '/networkPolicy/egress/0/to/0/ipBlock': missing property 'cidr'"},
	{"networkPolicy.performers.callers", []string{"networkPolicy.performers.callers[0].podselector.a=b"}, "additional properties 'podselector' not allowed"},
	{"metrics.serviceMonitor.tlsConfig", []string{"metrics.serviceMonitor.tlsConfig.insecure=true"}, "additional properties 'insecure' not allowed"},

	{"operator.env.leaderElection", []string{"operator.env.leaderElection=false"},
		"operator.replicaCount: 2 replicas without leader election would all reconcile at once: set operator.env.leaderElection=true"},
	{"metrics.port", []string{"metrics.port=9090", "operator.env.metricsPort=9091"},
		"metrics.port: 9090 differs from operator.env.metricsPort=9091, which is the same port: set one of them"},
	{"operator.env.healthCheckPort", []string{"operator.env.healthCheckPort=8080"},
		"operator.env.metricsPort: port 8080 is already used by operator.env.healthCheckPort: set a different port"},
	{"operator.env.webhookPort", []string{"webhook.enabled=true", "operator.env.webhookPort=8081"},
		"operator.env.webhookPort: port 8081 is already used by operator.env.healthCheckPort: set a different port"},
	{"metrics.path", []string{"metrics.path=/stats"}, "metrics.path: /stats is not supported, because the operator serves metrics at /metrics: leave metrics.path out"},
	{"metrics.secure", []string{"metrics.secure=true", "metrics.enabled=false"},
		"metrics.secure: true has no effect with metrics.enabled=false: change one of them"},
	{"metrics.certificateSecret", []string{"metrics.certificateSecret=tls"},
		"metrics.certificateSecret: tls has no effect without metrics.secure=true: set both or neither"},
	{"serviceAccount.create", []string{"serviceAccount.create=false"},
		"serviceAccount.name: required with serviceAccount.create=false: set the name of an existing service account"},
	{"namespaces", []string{"namespaces={a,b,a}"}, "namespaces: a,b,a lists a namespace twice: list each namespace once"},
	{"podDisruptionBudget.maxUnavailable", []string{"podDisruptionBudget.maxUnavailable=null"},
		"podDisruptionBudget: neither maxUnavailable nor minAvailable is set: set one of them, or set podDisruptionBudget.enabled=false"},
	{"operator.extraArgs", []string{"operator.extraArgs={--workers=2,--leader-elect=false}"},
		"operator.extraArgs: --leader-elect is set by the chart: set operator.env.leaderElection instead"},
	{"operator.extraArgs", []string{"operator.extraArgs={-v=4}"}, "operator.extraArgs: -v is set by the chart: set operator.env.logLevel instead"},
	{"operator.extraArgs", []string{"operator.extraArgs={workers}"}, "at '/operator/extraArgs/0': 'workers' does not match pattern"},
	{"operator.extraEnv", []string{"operator.extraEnv[0].name=NAMESPACE"}, "operator.extraEnv: NAMESPACE is set by the chart: set namespaces instead"},
	{"webhook", []string{"webhook.validatingWebhooks[0].name=x"},
		"webhook.validatingWebhooks: only an earlier chart had this value: leave it out, and set webhook.failurePolicy if that should not be Ignore"},
	{"webhook", []string{"webhook.mutatingWebhooks[0].name=x"},
		"webhook.mutatingWebhooks: only an earlier chart had this value: leave it out, and set webhook.failurePolicy if that should not be Ignore"},
	{"operator.env.certDir", []string{"webhook.enabled=true", "operator.env.certDir=/certs"},
		"operator.env.certDir: /certs has no effect with webhook.certificate.provider=self-managed: leave it empty"},
	{"webhook.certificate.duration", []string{"webhook.enabled=true", "webhook.certificate.duration=8760h"},
		"webhook.certificate.duration: no effect with provider self-managed: leave it out, or set webhook.certificate.provider=cert-manager"},
	{"webhook.certificate.secretName", []string{"webhook.enabled=true", "webhook.certificate.secretName=x"},
		"webhook.certificate.secretName: no effect with provider self-managed: leave it out, or set webhook.certificate.provider=cert-manager or manual"},
	{"webhook.certificate.caBundle", certManager("webhook.certificate.caBundle=YQ=="),
		"webhook.certificate.caBundle: no effect with provider cert-manager: leave it out, or set webhook.certificate.provider=manual"},
	{"webhook.certificate.secretName", []string{"webhook.enabled=true", "webhook.certificate.provider=manual"},
		"webhook.certificate.secretName: required with webhook.certificate.provider=manual: set it"},
	{"operator.image.repository", []string{"operator.image.repository=registry.example.org/operator:v1"}, "at '/operator/image/repository': 'registry.example.org/operator:v1' does not match pattern"},
	{"operator.image.repository", []string{"operator.image.repository=my operator"}, "'my operator' does not match pattern"},
	{"operator.clusterDomain", []string{"operator.clusterDomain=cluster..local"}, "at '/operator/clusterDomain'"},
	{"operator.clusterDomain", []string{"operator.clusterDomain=.cluster.local"}, "at '/operator/clusterDomain'"},
	{"operator.drainTaints", []string{"operator.drainTaints={a:NoSchedule}"}, "at '/operator/drainTaints/0': 'a:NoSchedule' does not match pattern"},
	{"operator.maxFailovers", []string{"operator.maxFailovers=0%"}, "at '/operator/maxFailovers': '0%' does not match pattern"},
	{"namespaces", []string{`namespaces={a\.b}`}, "at '/namespaces/0': 'a.b' does not match pattern"},
	{"networkPolicy.performers.namespaces", []string{"networkPolicy.performers.namespaces={a,a}"},
		"networkPolicy.performers.namespaces: a,a lists a namespace twice: list each namespace once"},
	{"networkPolicy.performers.callers", []string{"networkPolicy.performers.callers[0].podSelector.matchLabels.a=b"},
		"networkPolicy.performers.callers: no effect without networkPolicy.performers.namespaces: set the namespaces of the performers"},
	{"networkPolicy.performers.namespaces", []string{`networkPolicy.performers.namespaces={a\.b}`}, "'a.b' does not match pattern"},
	{"fullnameOverride", []string{"fullnameOverride=1st"}, "at '/fullnameOverride': '1st' does not match pattern"},
	{"serviceAccount.annotations", []string{"serviceAccount.create=false", "serviceAccount.name=x", "serviceAccount.annotations.a=b"},
		"serviceAccount.annotations: no effect with serviceAccount.create=false: set them on the existing service account"},
	{"service.type", []string{"metrics.enabled=false", "service.type=NodePort"},
		"service.type: NodePort has no effect without a Service, which needs metrics.enabled=true or service.ports.health: leave it out"},
	{"service.annotations", []string{"metrics.enabled=false", "service.annotations.a=b"},
		"service.annotations: no effect without a Service, which needs metrics.enabled=true or service.ports.health: leave them out"},
	{"service.ports.metrics", []string{"metrics.enabled=false", "service.ports.metrics=80"},
		"service.ports.metrics: 80 has no effect with metrics.enabled=false: leave it out"},
	{"service.ports.health", []string{"service.ports.health=8080"}, "service.ports.health: port 8080 is already used by service.ports.metrics: set a different port"},
	{"service.ports.health", []string{"service.ports.metrics=81", "service.ports.health=81"},
		"service.ports.health: port 81 is already used by service.ports.metrics: set a different port"},
	{"metrics.port", []string{"metrics.enabled=false", "metrics.port=9090"}, "metrics.port: 9090 has no effect with metrics.enabled=false: leave it out"},
	{"operator.env.metricsPort", []string{"metrics.enabled=false", "operator.env.metricsPort=9090"},
		"operator.env.metricsPort: 9090 has no effect with metrics.enabled=false: leave it out"},
	{"metrics.prometheusRule.enabled", []string{"metrics.prometheusRule.enabled=true", "metrics.enabled=false"},
		"metrics.prometheusRule.enabled: true has no effect with metrics.enabled=false: change one of them"},
	{"metrics.dashboard.enabled", []string{"metrics.dashboard.enabled=true", "metrics.enabled=false"},
		"metrics.dashboard.enabled: true has no effect with metrics.enabled=false: change one of them"},
	{"podDisruptionBudget.maxUnavailable", []string{"podDisruptionBudget.maxUnavailable=0"},
		"podDisruptionBudget.maxUnavailable: 0 allows no eviction, so no node could be drained: raise it, or set podDisruptionBudget.enabled=false"},
	{"podDisruptionBudget.maxUnavailable", []string{"podDisruptionBudget.maxUnavailable=0%"}, "podDisruptionBudget.maxUnavailable: 0% allows no eviction, so no node could be drained"},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=2"},
		"podDisruptionBudget.minAvailable: 2 allows no eviction with 2 replicas, so no node could be drained: lower it, or set podDisruptionBudget.enabled=false"},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=51%"}, "podDisruptionBudget.minAvailable: 51% allows no eviction with 2 replicas, so no node could be drained"},
	{"commonLabels", []string{`commonLabels.app\.kubernetes\.io/name=x`}, "commonLabels: app.kubernetes.io/name is set by the chart: leave it out"},
	{"commonLabels", []string{`commonLabels.helm\.sh/chart=x`}, "commonLabels: helm.sh/chart is set by the chart: leave it out"},
	{"commonLabels", []string{`commonLabels.rbac\.authorization\.k8s\.io/aggregate-to-edit=x`}, "aggregate-to-edit is set by the chart: leave it out"},
	{"pod.labels", []string{`pod.labels.app\.kubernetes\.io/component=x`}, "pod.labels: app.kubernetes.io/component is set by the chart, because the Deployment selects its pods by it: leave it out"},
	{"pod.annotations", []string{"pod.annotations.checksum/tees=x"}, "pod.annotations: checksum/tees is set by the chart: leave it out"},
	{"pod.annotations", []string{`pod.annotations.helm\.sh/hook=x`}, "pod.annotations: helm.sh/hook is set by the chart: leave it out"},
	{"webhook.certificate.issuerRef", certManager(issuerRef + "kind=Issuer"), "webhook.certificate.issuerRef: name is missing: set it, or leave issuerRef out and the chart creates an issuer"},
	{"webhook.certificate.issuerRef", certManager(issuerRef+"name=x", issuerRef+"kind=Vault"),
		"webhook.certificate.issuerRef: cert-manager has no kind Vault: set kind to Issuer or ClusterIssuer, or set the group of the kind"},
	{"policies.imageTag.validationActions", []string{"policies.imageTag.validationActions={Deny,Warn}"},
		"policies.imageTag.validationActions: Deny and Warn report the same violation twice: set one of them"},
	{"policies.imageTag.validationActions", []string{"policies.imageTag.validationActions={Audit,Audit}"}, "at '/policies/imageTag/validationActions': items at"},
	{"metrics.serviceMonitor.enabled", []string{"metrics.serviceMonitor.enabled=true", "metrics.enabled=false"},
		"metrics.serviceMonitor.enabled: true has no effect with metrics.enabled=false: change one of them"},
	{"policies.resourceCeilings.parameters", parameter("resourceCeilings", "max-cpus=4k"),
		"policies.resourceCeilings.parameters: unknown parameter max-cpus: known parameters are max-cpu, max-ephemeral-storage, max-gpus, max-memory"},
	{"policies.imageDigest", parameter("imageDigest", "x=y"), "at '/policies/imageDigest': additional properties 'parameters' not allowed"},
	{"policies.imageTag.validationActions", []string{"policies.imageTag.validationActions={deny}"}, "value must be one of 'Deny', 'Warn', 'Audit'"},
}

func TestInvalidValues(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		for _, r := range refusals {
			given := strings.Join(r.set, " ")
			_, refusal := helmTemplate(t, helm, usualRelease, sets(r.set)...)
			if refusal == "" {
				t.Errorf("%s is accepted, want an error with %q", given, r.want)
			} else if !strings.Contains(refusal, r.want) {
				t.Errorf("%s is rejected with %q, want an error with %q", given, refusal, r.want)
			}
		}
	})
}

// TestValidValues has values that are similar to rejected ones, but valid.
func TestValidValues(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{
		{"operator.image.repository=localhost:5000/a/b_c--d__e.f"},
		{"operator.image.repository=[fd00::1]:5000/operator"},
		{"podDisruptionBudget.minAvailable=50%"},
		{"podDisruptionBudget.maxUnavailable=1%"},
		{"operator.replicaCount=1", "podDisruptionBudget.minAvailable=1"}, // a single replica has no PodDisruptionBudget
		{"podDisruptionBudget.enabled=false", "podDisruptionBudget.maxUnavailable=0"},
		{"metrics.enabled=false", "service.ports.health=8080", "service.type=NodePort"},
		{"policies.imageTag.validationActions={Deny,Audit}"},
		{`pod.labels.app\.kubernetes\.io/instance=x`},
		// Values that the earlier chart had by default.
		{"metrics.enabled=false", "metrics.port=8080", "operator.env.metricsPort=8080", "service.ports.metrics=8080"},
		{"webhook.enabled=false", "webhook.certificate.secretName=x", "operator.env.certDir=/certs"},
	} {
		if _, refusal := helmTemplate(t, helms["helm4"], usualRelease, append(sets(values), "--set", "crd.install=false")...); refusal != "" {
			t.Errorf("%s is rejected: %s", values, refusal)
		}
	}
}
