// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	deployment     = "Deployment hourglass-system/hourglass-operator-controller-manager"
	serviceAccount = "ServiceAccount hourglass-system/hourglass-operator-controller-manager"
	metricsService = "Service hourglass-system/hourglass-operator-controller-manager-metrics-service"
	budget         = "PodDisruptionBudget hourglass-system/hourglass-operator-controller-manager"
	networkPolicy  = "NetworkPolicy hourglass-system/hourglass-operator-controller-manager"
	crd            = "CustomResourceDefinition performers.hourglass.eigenlayer.io"
	tees           = "ConfigMap hourglass-system/hourglass-operator-tees"
	webhookService = "Service hourglass-system/hourglass-operator-webhook-service"
	validating     = "ValidatingWebhookConfiguration hourglass-operator-webhook"
	mutating       = "MutatingWebhookConfiguration hourglass-operator-webhook"
	certificate    = "Certificate hourglass-system/hourglass-operator-webhook"
	serviceMonitor = "ServiceMonitor hourglass-system/hourglass-operator-controller-manager"
	dashboard      = "ConfigMap hourglass-system/hourglass-operator-dashboard"

	podSpec    = "spec.template.spec."
	issuerRef  = "webhook.certificate.issuerRef."
	spread     = "scheduling.topologySpreadConstraints[0]."
	container0 = podSpec + "containers.0."
)

// effect is the effect of a value on one field of a rendered object.
type effect struct {
	// value is the key in values.yaml.
	value string
	// set are the arguments of --set: the value, and other values that it requires.
	set []string
	// want is the value of the field at path in object, or nil if the field must not exist. With an
	// empty path, want is whether the object exists.
	object, path string
	want         any
}

// effects has at least one effect of each value, which TestEveryValueIsTested checks.
var effects = []effect{
	{"fullnameOverride", []string{"fullnameOverride=x"}, "Deployment hourglass-system/x-controller-manager", "metadata.name", "x-controller-manager"},
	{"fullnameOverride", []string{"fullnameOverride=x"}, "ClusterRole x-manager", "", true},
	{"commonLabels", []string{"commonLabels.team=avs"}, budget, "metadata.labels.team", "avs"},
	{"commonLabels", []string{"commonLabels.team=avs"}, "ClusterRole hourglass-operator-performer-viewer", "metadata.labels.team", "avs"},
	{"commonLabels", []string{"commonLabels.team=avs"}, deployment, "spec.template.metadata.labels.team", "avs"},
	{"imagePullSecrets", []string{"imagePullSecrets[0].name=registry"}, deployment, podSpec + "imagePullSecrets.0.name", "registry"},
	{"namespaces", []string{"namespaces={a,b}"}, deployment, container0 + "args.1", "--namespaces=a,b"},
	{"namespaces", []string{"namespaces={a,b}", "webhook.enabled=true"}, validating, "webhooks.0.namespaceSelector.matchExpressions.1", only("a", "b")},
	{"namespaces", []string{"namespaces={a,b}", "webhook.enabled=true"}, mutating, "webhooks.0.namespaceSelector.matchExpressions.1", only("a", "b")},
	{"namespaces", append(policies(), "namespaces={a,b}"), binding("image-digest"), "spec.matchResources.namespaceSelector.matchExpressions.2", only("a", "b")},
	{"namespaces", append(policies(), "namespaces={a,b}"), binding("resource-ceilings"), "spec.matchResources.namespaceSelector.matchExpressions.2", only("a", "b")},

	{"operator.image.repository", []string{"operator.image.repository=r.example/x"}, deployment, container0 + "image", "r.example/x:dev"},
	{"operator.image.tag", []string{"operator.image.tag=v1"}, deployment, container0 + "image", "hourglass-operator:v1"},
	{"operator.image.digest", []string{"operator.image.tag=v1", "operator.image.digest=" + digest}, deployment, container0 + "image", "hourglass-operator@" + digest},
	{"operator.image.pullPolicy", []string{"operator.image.pullPolicy=Never"}, deployment, container0 + "imagePullPolicy", "Never"},
	{"operator.replicaCount", []string{"operator.replicaCount=3"}, deployment, "spec.replicas", 3},
	{"operator.replicaCount", []string{"operator.replicaCount=0"}, deployment, "spec.replicas", 0},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, budget, "", false},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, deployment, podSpec + "affinity", nil},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, deployment, podSpec + "topologySpreadConstraints", nil},
	{"operator.resources", []string{"operator.resources.limits.cpu=2"}, deployment, container0 + "resources.limits.cpu", 2},
	{"operator.env.logLevel", []string{"operator.env.logLevel=warn"}, deployment, container0 + "env.0", map[string]any{"name": "LOG_LEVEL", "value": "warn"}},
	{"operator.env.logLevel", []string{"operator.env.logLevel=4"}, deployment, container0 + "env.0", map[string]any{"name": "LOG_LEVEL", "value": "4"}},
	{"operator.env.logFormat", []string{"operator.env.logFormat=json"}, deployment, container0 + "env.0", map[string]any{"name": "LOG_FORMAT", "value": "json"}},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, deployment, container0 + "args.1", "--metrics-bind-address=:9090"},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, deployment, container0 + "ports.0.containerPort", 9090},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, metricsService, "spec.ports.0.port", 9090},
	{"operator.env.healthCheckPort", []string{"operator.env.healthCheckPort=9091"}, deployment, container0 + "args.1", "--health-probe-bind-address=:9091"},
	{"operator.env.healthCheckPort", []string{"operator.env.healthCheckPort=9091"}, deployment, container0 + "ports.1.containerPort", 9091},
	{"operator.env.leaderElection", singleReplica("operator.env.leaderElection=false"), deployment, container0 + "args", nil},
	{"operator.env.leaderElection", singleReplica("operator.env.leaderElection=false"), deployment, "spec.strategy", map[string]any{"type": "Recreate"}},
	{"operator.env.leaderElection", singleReplica("operator.env.leaderElection=false"), "Role hourglass-system/hourglass-operator-leader-election", "", false},
	{"operator.env.leaderElection", singleReplica("operator.env.leaderElection=false"), "RoleBinding hourglass-system/hourglass-operator-leader-election", "", false},
	{"operator.env.webhookPort", []string{"operator.env.webhookPort=9444", "webhook.enabled=true"}, deployment, container0 + "args.2", "--webhook-port=9444"},
	{"operator.env.webhookPort", []string{"operator.env.webhookPort=9444", "webhook.enabled=true"}, deployment, container0 + "ports.2.containerPort", 9444},
	{"operator.env.certDir", certManager("operator.env.certDir=/certs"), deployment, container0 + "volumeMounts.0.mountPath", "/certs"},
	{"operator.env.certDir", certManager("operator.env.certDir=/certs"), deployment, container0 + "args.2", "--cert-dir=/certs"},
	{"operator.clusterDomain", []string{"operator.clusterDomain=cluster.example"}, deployment, container0 + "args.1", "--cluster-domain=cluster.example"},
	{"operator.drainTaints", []string{"operator.drainTaints={a.example/b,C}"}, deployment, container0 + "args.1", "--drain-taints=a.example/b,C"},
	{"operator.maxFailovers", []string{"operator.maxFailovers=25%"}, deployment, container0 + "args.1", "--max-failovers=25%"},
	{"operator.maxFailovers", []string{"operator.maxFailovers=0"}, deployment, container0 + "args.1", "--max-failovers=0"},
	{"operator.evictionResponder", []string{"operator.evictionResponder=true"}, deployment, container0 + "args.1", "--eviction-responder"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, tees, "data.[tees.yaml]", "sgx:\n  runtimeClass: kata\n"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, container0 + "args.1", "--tee-config=/etc/hourglass-operator/tees/tees.yaml"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, container0 + "volumeMounts.0.mountPath", "/etc/hourglass-operator/tees"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, podSpec + "volumes.0.configMap.name", "hourglass-operator-tees"},
	{"operator.extraArgs", []string{"operator.extraArgs={--workers=4}"}, deployment, container0 + "args.1", "--workers=4"},
	{"operator.extraEnv", []string{"operator.extraEnv[0].name=A", "operator.extraEnv[0].value=b"}, deployment, container0 + "env.0", map[string]any{"name": "A", "value": "b"}},

	{"serviceAccount.create", []string{"serviceAccount.create=false", "serviceAccount.name=theirs"}, "ServiceAccount hourglass-system/theirs", "", false},
	{"serviceAccount.create", []string{"serviceAccount.create=false", "serviceAccount.name=theirs"}, deployment, podSpec + "serviceAccountName", "theirs"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "ServiceAccount hourglass-system/x", "", true},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, deployment, podSpec + "serviceAccountName", "x"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "ClusterRoleBinding hourglass-operator-manager", "subjects.0.name", "x"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "RoleBinding hourglass-system/hourglass-operator-leader-election", "subjects.0.name", "x"},
	{"serviceAccount.annotations", []string{"serviceAccount.annotations.role=r"}, serviceAccount, "metadata.annotations.role", "r"},
	{"rbac.create", []string{"rbac.create=false"}, "ClusterRole hourglass-operator-manager", "", false},
	{"rbac.create", []string{"rbac.create=false"}, "RoleBinding hourglass-system/hourglass-operator-leader-election", "", false},
	{"rbac.aggregate", []string{"rbac.aggregate=false"}, "ClusterRole hourglass-operator-performer-admin", "", false},
	{"rbac.aggregate", []string{"rbac.aggregate=false"}, "ClusterRole hourglass-operator-performer-editor", "", false},
	{"rbac.aggregate", []string{"rbac.aggregate=false"}, "ClusterRole hourglass-operator-performer-viewer", "", false},
	{"crd.install", []string{"crd.install=true"}, crd, "metadata.annotations.[helm.sh/resource-policy]", "keep"},
	{"crd.install", []string{"crd.install=false"}, crd, "", false},

	{"service.type", []string{"service.type=NodePort"}, metricsService, "spec.type", "NodePort"},
	{"service.ports.metrics", []string{"service.ports.metrics=80"}, metricsService, "spec.ports.0", servicePort("metrics", 80)},
	{"service.ports.health", []string{"service.ports.health=81"}, metricsService, "spec.ports.1", servicePort("health", 81)},
	{"service.annotations", []string{"service.annotations.a=b"}, metricsService, "metadata.annotations.a", "b"},

	{"metrics.enabled", []string{"metrics.enabled=false"}, metricsService, "", false},
	{"metrics.enabled", []string{"metrics.enabled=false"}, deployment, container0 + "args.1", "--metrics-bind-address=0"},
	{"metrics.enabled", []string{"metrics.enabled=false"}, deployment, container0 + "ports.0.name", "health"},
	{"metrics.enabled", []string{"metrics.enabled=false", "service.ports.health=81"}, metricsService, "spec.ports.0", servicePort("health", 81)},
	{"metrics.port", []string{"metrics.port=9090"}, deployment, container0 + "args.1", "--metrics-bind-address=:9090"},
	{"metrics.port", []string{"metrics.port=9090", "operator.env.metricsPort=9090"}, metricsService, "spec.ports.0.port", 9090},
	{"metrics.path", []string{"metrics.path=/metrics"}, deployment, container0 + "args.1", nil},
	{"metrics.secure", []string{"metrics.secure=true"}, deployment, container0 + "args", []any{"--leader-elect", "--metrics-secure", "--metrics-bind-address=:8443"}},
	{"metrics.secure", []string{"metrics.secure=true", "metrics.port=8080"}, deployment, container0 + "args", []any{"--leader-elect", "--metrics-secure"}},
	{"metrics.secure", []string{"metrics.secure=true"}, metricsService, "spec.ports.0.name", "https"},
	{"metrics.secure", []string{"metrics.secure=true"}, metricsService, "spec.ports.0.port", 8443},
	{"metrics.secure", []string{"metrics.secure=true"}, "ClusterRole hourglass-operator-metrics-reader", "rules.0.nonResourceURLs.0", "/metrics"},
	{"metrics.secure", []string{"metrics.secure=true"}, "ClusterRoleBinding hourglass-operator-metrics-auth", "roleRef.name", "hourglass-operator-metrics-auth"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, podSpec + "volumes.0.secret.secretName", "tls"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, container0 + "args.3", "--metrics-cert-dir=/etc/hourglass-operator/metrics"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, container0 + "volumeMounts.0.mountPath", "/etc/hourglass-operator/metrics"},

	{"healthChecks.enabled", []string{"healthChecks.enabled=false"}, deployment, container0 + "livenessProbe", nil},
	{"healthChecks.enabled", []string{"healthChecks.enabled=false"}, deployment, container0 + "readinessProbe", nil},
	{"healthChecks.livenessProbe", []string{"healthChecks.livenessProbe.failureThreshold=7"}, deployment, container0 + "livenessProbe.failureThreshold", 7},
	{"healthChecks.readinessProbe", []string{"healthChecks.readinessProbe.timeoutSeconds=7"}, deployment, container0 + "readinessProbe.timeoutSeconds", 7},
	{"podDisruptionBudget.enabled", []string{"podDisruptionBudget.enabled=false"}, budget, "", false},
	{"podDisruptionBudget.maxUnavailable", []string{"podDisruptionBudget.maxUnavailable=50%"}, budget, "spec.maxUnavailable", "50%"},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=1"}, budget, "spec.minAvailable", 1},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=1"}, budget, "spec.maxUnavailable", nil},

	{"pod.annotations", []string{"pod.annotations.a=b"}, deployment, "spec.template.metadata.annotations.a", "b"},
	{"pod.labels", []string{"pod.labels.a=b"}, deployment, "spec.template.metadata.labels.a", "b"},
	{"pod.securityContext", []string{"pod.securityContext.fsGroup=1"}, deployment, podSpec + "securityContext.fsGroup", 1},
	{"pod.containerSecurityContext", []string{"pod.containerSecurityContext.runAsNonRoot=true"}, deployment, container0 + "securityContext.runAsNonRoot", true},
	{"scheduling.nodeSelector", []string{"scheduling.nodeSelector.a=b"}, deployment, podSpec + "nodeSelector.a", "b"},
	{"scheduling.tolerations", []string{"scheduling.tolerations[0].operator=Exists"}, deployment, podSpec + "tolerations.0.operator", "Exists"},
	{"scheduling.affinity", []string{"scheduling.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey=k"}, deployment, podSpec + "affinity",
		map[string]any{"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{"topologyKey": "k"}}}}},
	{"scheduling.topologySpreadConstraints", []string{spread + "maxSkew=2", spread + "topologyKey=k", spread + "whenUnsatisfiable=DoNotSchedule"}, deployment, podSpec + "topologySpreadConstraints",
		[]any{map[string]any{"maxSkew": float64(2), "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}}},
	{"scheduling.priorityClassName", []string{"scheduling.priorityClassName=system-cluster-critical"}, deployment, podSpec + "priorityClassName", "system-cluster-critical"},

	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true"}, networkPolicy, "spec.ingress.0.ports", policyPorts("metrics", "webhooks")},
	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true", "service.ports.health=81"}, networkPolicy, "spec.ingress.0.ports", policyPorts("metrics", "webhooks", "health")},
	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true"}, networkPolicy, "spec.policyTypes", []any{"Ingress", "Egress"}},
	{"networkPolicy.performers.namespaces", []string{"networkPolicy.performers.namespaces={a}"}, "NetworkPolicy a/hourglass-operator-performers", "spec.podSelector.matchLabels.app", "hourglass-performer"},
	{"networkPolicy.performers.callers", []string{"networkPolicy.performers.namespaces={a}", "networkPolicy.performers.callers[0].podSelector.matchLabels.x=y"}, "NetworkPolicy a/hourglass-operator-performers", "spec.ingress.0.from", []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"x": "y"}}}}},
	{"networkPolicy.ingress", []string{"networkPolicy.enabled=true", "networkPolicy.ingress[0].ports[0].port=1"}, networkPolicy, "spec.ingress", []any{map[string]any{"ports": []any{map[string]any{"port": float64(1)}}}}},
	{"networkPolicy.egress", []string{"networkPolicy.enabled=true", "networkPolicy.egress[0].ports[0].port=1"}, networkPolicy, "spec.egress", []any{map[string]any{"ports": []any{map[string]any{"port": float64(1)}}}}},

	{"service.ports.webhook", []string{"webhook.enabled=true", "service.ports.webhook=9443"}, webhookService, "spec.ports.0.port", 9443},
	{"service.ports.webhook", []string{"webhook.enabled=true", "service.ports.webhook=9443"}, validating, "webhooks.0.clientConfig.service.port", 9443},
	{"service.ports.webhook", []string{"webhook.enabled=true", "service.ports.webhook=9443"}, mutating, "webhooks.0.clientConfig.service.port", 9443},
	{"webhook.enabled", []string{"webhook.enabled=true"}, deployment, container0 + "args", []any{"--leader-elect", "--enable-webhooks"}},
	{"webhook.enabled", []string{"webhook.enabled=true", "fullnameOverride=x"}, "Deployment hourglass-system/x-controller-manager", container0 + "args",
		[]any{"--leader-elect", "--enable-webhooks", "--webhook-service=x-webhook-service", "--webhook-configuration=x-webhook", "--webhook-ca-secret=x-webhook-ca"}},
	{"webhook.enabled", []string{"webhook.enabled=true", "fullnameOverride=x"}, "ValidatingWebhookConfiguration x-webhook", "webhooks.0.clientConfig.service.name", "x-webhook-service"},
	{"webhook.enabled", []string{"webhook.enabled=true", "fullnameOverride=x"}, "Role hourglass-system/x-webhook-ca", "rules.1.resourceNames", []any{"x-webhook-ca"}},
	{"webhook.enabled", []string{"webhook.enabled=true", "fullnameOverride=x"}, "ClusterRole x-webhook-trust", "rules.0.resourceNames", []any{"x-webhook"}},
	{"webhook.failurePolicy", []string{"webhook.enabled=true", "webhook.failurePolicy=Fail"}, validating, "webhooks.0.failurePolicy", "Fail"},
	{"webhook.failurePolicy", []string{"webhook.enabled=true", "webhook.failurePolicy=Fail"}, mutating, "webhooks.0.failurePolicy", "Fail"},
	{"webhook.certificate.provider", certManager(), deployment, container0 + "args.2", "--cert-dir=/etc/hourglass-operator/webhook"},
	{"webhook.certificate.provider", certManager(), deployment, podSpec + "volumes.0.secret.secretName", "hourglass-operator-webhook-certificate"},
	{"webhook.certificate.provider", certManager(), validating, "metadata.annotations.[cert-manager.io/inject-ca-from]", "hourglass-system/hourglass-operator-webhook"},
	{"webhook.certificate.provider", certManager(), "Role hourglass-system/hourglass-operator-webhook-ca", "", false},
	{"webhook.certificate.provider", certManager(), "Issuer hourglass-system/hourglass-operator-webhook", "", true},
	{"webhook.certificate.duration", certManager("webhook.certificate.duration=8760h"), certificate, "spec.duration", "8760h"},
	{"webhook.certificate.renewBefore", certManager("webhook.certificate.renewBefore=720h"), certificate, "spec.renewBefore", "720h"},
	{"webhook.certificate.issuerRef", certManager(issuerRef+"name=theirs", issuerRef+"kind=AWSPCAIssuer", issuerRef+"group=awspca.cert-manager.io"), certificate, "spec.issuerRef",
		map[string]any{"name": "theirs", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}},
	{"webhook.certificate.issuerRef", certManager("webhook.certificate.issuerRef.name=theirs"), certificate, "spec.issuerRef", map[string]any{"name": "theirs"}},
	{"webhook.certificate.issuerRef", certManager("webhook.certificate.issuerRef.name=theirs"), "Issuer hourglass-system/hourglass-operator-webhook", "", false},
	{"webhook.certificate.issuerRef", certManager("webhook.certificate.issuerRef.name=theirs"), "Certificate hourglass-system/hourglass-operator-webhook-authority", "", false},
	{"webhook.certificate.secretName", certManager("webhook.certificate.secretName=s"), certificate, "spec.secretName", "s"},
	{"webhook.certificate.secretName", manual(), deployment, podSpec + "volumes.0.secret.secretName", "s"},
	{"webhook.certificate.caBundle", manual(), validating, "webhooks.0.clientConfig.caBundle", "YQ=="},
	{"webhook.certificate.caBundle", manual(), mutating, "webhooks.0.clientConfig.caBundle", "YQ=="},
	{"webhook.certificate.caBundle", manual(), certificate, "", false},

	{"metrics.serviceMonitor.enabled", []string{"metrics.serviceMonitor.enabled=true"}, serviceMonitor, "spec.endpoints.0.port", "metrics"},
	{"metrics.serviceMonitor.namespace", []string{"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.namespace=m"}, "ServiceMonitor m/hourglass-operator-controller-manager", "spec.namespaceSelector.matchNames", []any{namespace}},
	{"metrics.serviceMonitor.interval", []string{"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.interval=7s"}, serviceMonitor, "spec.endpoints.0.interval", "7s"},
	{"metrics.serviceMonitor.scrapeTimeout", []string{"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.scrapeTimeout=7s"}, serviceMonitor, "spec.endpoints.0.scrapeTimeout", "7s"},
	{"metrics.serviceMonitor.tlsConfig", []string{"metrics.serviceMonitor.enabled=true", "metrics.secure=true", "metrics.serviceMonitor.tlsConfig.serverName=x"}, serviceMonitor, "spec.endpoints.0.tlsConfig", map[string]any{"insecureSkipVerify": true, "serverName": "x"}},
	{"metrics.serviceMonitor.labels", []string{"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.labels.a=b"}, serviceMonitor, "metadata.labels.a", "b"},
	{"metrics.serviceMonitor.annotations", []string{"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.annotations.a=b"}, serviceMonitor, "metadata.annotations.a", "b"},
	{"metrics.prometheusRule.enabled", []string{"metrics.prometheusRule.enabled=true"}, "PrometheusRule hourglass-system/hourglass-operator", "", true},
	{"metrics.prometheusRule.namespace", []string{"metrics.prometheusRule.enabled=true", "metrics.prometheusRule.namespace=m"}, "PrometheusRule m/hourglass-operator", "", true},
	{"metrics.prometheusRule.labels", []string{"metrics.prometheusRule.enabled=true", "metrics.prometheusRule.labels.a=b"}, "PrometheusRule hourglass-system/hourglass-operator", "metadata.labels.a", "b"},
	{"metrics.prometheusRule.annotations", []string{"metrics.prometheusRule.enabled=true", "metrics.prometheusRule.annotations.a=b"}, "PrometheusRule hourglass-system/hourglass-operator", "metadata.annotations.a", "b"},
	{"metrics.dashboard.enabled", []string{"metrics.dashboard.enabled=true"}, dashboard, "metadata.labels.grafana_dashboard", "1"},
	{"metrics.dashboard.namespace", []string{"metrics.dashboard.enabled=true", "metrics.dashboard.namespace=m"}, "ConfigMap m/hourglass-operator-dashboard", "", true},
	{"metrics.dashboard.labels", []string{"metrics.dashboard.enabled=true", "metrics.dashboard.labels.a=b"}, dashboard, "metadata.labels.a", "b"},
	{"metrics.dashboard.annotations", []string{"metrics.dashboard.enabled=true", "metrics.dashboard.annotations.a=b"}, dashboard, "metadata.annotations.a", "b"},

	{"policies.allowedRegistries.enabled", []string{"policies.allowedRegistries.enabled=true"}, policy("allowed-registries"), "", true},
	{"policies.allowedRegistries.parameters", parameter("allowedRegistries", "allowed-registries=r.example"), binding("allowed-registries"), "metadata.annotations.[hourglass.eigenlayer.io/allowed-registries]", "r.example"},
	{"policies.allowedRegistries.validationActions", []string{"policies.allowedRegistries.enabled=true", "policies.allowedRegistries.validationActions={Warn,Audit}"}, binding("allowed-registries"), "spec.validationActions", []any{"Warn", "Audit"}},
	{"policies.imageDigest.enabled", []string{"policies.imageDigest.enabled=true"}, policy("image-digest"), "", true},
	{"policies.imageDigest.validationActions", []string{"policies.imageDigest.enabled=true", "policies.imageDigest.validationActions={Warn}"}, binding("image-digest"), "spec.validationActions", []any{"Warn"}},
	{"policies.imageTag.enabled", []string{"policies.imageTag.enabled=true"}, policy("image-tag"), "", true},
	{"policies.imageTag.parameters", parameter("imageTag", "forbidden-tags=main"), binding("image-tag"), "metadata.annotations.[hourglass.eigenlayer.io/forbidden-tags]", "main"},
	{"policies.imageTag.validationActions", []string{"policies.imageTag.enabled=true", "policies.imageTag.validationActions={Warn}"}, binding("image-tag"), "spec.validationActions", []any{"Warn"}},
	{"policies.resourceCeilings.enabled", []string{"policies.resourceCeilings.enabled=true"}, policy("resource-ceilings"), "", true},
	{"policies.resourceCeilings.enabled", []string{"policies.resourceCeilings.enabled=true", "fullnameOverride=x"}, "ValidatingAdmissionPolicyBinding x-resource-ceilings", "spec.paramRef.name", "x-resource-ceilings"},
	{"policies.resourceCeilings.parameters", parameter("resourceCeilings", "max-cpu=4k"), binding("resource-ceilings"), "metadata.annotations.[hourglass.eigenlayer.io/max-cpu]", "4k"},
	{"policies.resourceCeilings.validationActions", []string{"policies.resourceCeilings.enabled=true", "policies.resourceCeilings.validationActions={Warn}"}, binding("resource-ceilings"), "spec.validationActions", []any{"Warn"}},
	{"policies.runtimeClasses.enabled", []string{"policies.runtimeClasses.enabled=true"}, policy("runtime-classes"), "", true},
	{"policies.runtimeClasses.parameters", parameter("runtimeClasses", "allowed-runtime-classes=gvisor"), binding("runtime-classes"), "metadata.annotations.[hourglass.eigenlayer.io/allowed-runtime-classes]", "gvisor"},
	{"policies.runtimeClasses.validationActions", []string{"policies.runtimeClasses.enabled=true", "policies.runtimeClasses.validationActions={Warn}"}, binding("runtime-classes"), "spec.validationActions", []any{"Warn"}},
	{"policies.serviceAccounts.enabled", []string{"policies.serviceAccounts.enabled=true"}, policy("service-accounts"), "", true},
	{"policies.serviceAccounts.parameters", parameter("serviceAccounts", "allowed-service-accounts=avs"), binding("service-accounts"), "metadata.annotations.[hourglass.eigenlayer.io/allowed-service-accounts]", "avs"},
	{"policies.serviceAccounts.validationActions", []string{"policies.serviceAccounts.enabled=true", "policies.serviceAccounts.validationActions={Warn}"}, binding("service-accounts"), "spec.validationActions", []any{"Warn"}},

	{"development.enabled", []string{"development.enabled=true"}, deployment, container0 + "env.0", map[string]any{"name": "LOG_LEVEL", "value": "debug"}},
	{"development.enabled", []string{"development.enabled=true", "operator.env.logLevel=error"}, deployment, container0 + "env.0", map[string]any{"name": "LOG_LEVEL", "value": "error"}},
}

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// singleReplica adds replicaCount=1 to values that require it.
func singleReplica(values ...string) []string { return append(values, "operator.replicaCount=1") }

// certManager adds the values for webhooks whose certificate comes from cert-manager.
func certManager(values ...string) []string {
	return append(values, "webhook.enabled=true", "webhook.certificate.provider=cert-manager")
}

// manual returns the values for webhooks whose certificate the user creates.
func manual() []string {
	return []string{
		"webhook.enabled=true", "webhook.certificate.provider=manual", "webhook.certificate.secretName=s", "webhook.certificate.caBundle=YQ==",
	}
}

func policy(name string) string { return "ValidatingAdmissionPolicy hourglass-operator-" + name }
func binding(name string) string {
	return "ValidatingAdmissionPolicyBinding hourglass-operator-" + name
}

func parameter(policy, parameter string) []string {
	return []string{"policies." + policy + ".enabled=true", "policies." + policy + ".parameters." + parameter}
}

// only returns the match expression of a namespace selector that selects just these namespaces.
func only(namespaces ...any) map[string]any {
	return map[string]any{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}
}

func servicePort(name string, port int) map[string]any {
	return map[string]any{"name": name, "port": float64(port), "targetPort": name, "protocol": "TCP"}
}

func policyPorts(names ...string) (ports []any) {
	for _, name := range names {
		ports = append(ports, map[string]any{"port": name, "protocol": "TCP"})
	}
	return ports
}

// TestValueEffects renders with Helm 4 only, to save time. TestHelmVersionsMatch compares Helm 3
// with it.
func TestValueEffects(t *testing.T) {
	t.Parallel()
	helm := helms["helm4"]
	byDefault, rendered := renderChart(t, helm), map[string]objects{}
	for _, e := range effects {
		given := strings.Join(e.set, " ")
		set := e.set
		if e.value != "crd.install" {
			// Rendering the CRD takes most of the time, and no other value affects it.
			set = append([]string{"crd.install=false"}, set...)
		}
		if rendered[given] == nil {
			rendered[given] = renderChart(t, helm, set...)
		}
		o, there := rendered[given][e.object]
		if e.path == "" {
			if there != e.want {
				t.Errorf("%s: %s exists: %t, want %v", given, e.object, there, e.want)
			}
			continue
		}
		if !there {
			t.Errorf("%s: there is no %s", given, e.object)
			continue
		}
		want := e.want
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		if got := get(o, e.path); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s of %s is %#v, want %#v", given, e.path, e.object, got, want)
		}
		// The field must not have this value by default, unless the value is the default.
		was, there := byDefault[e.object]
		if there && reflect.DeepEqual(get(was, e.path), want) && !slices.Contains(testedWithDefault, e.value) {
			t.Errorf("%s: %s of %s is %#v by default too, so the test proves nothing", given, e.path, e.object, want)
		}
	}
}

// testedWithDefault are the values for which effects sets the default.
var testedWithDefault = []string{"crd.install", "metrics.path"}

// TestEveryValueIsTested checks that effects has every value, and that values.yaml and
// values.schema.json have the same values.
func TestEveryValueIsTested(t *testing.T) {
	t.Parallel()
	var values map[string]any
	if err := yaml.Unmarshal(read(t, "deploy/charts/hourglass-operator/values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	var schema node
	if err := json.Unmarshal(read(t, "deploy/charts/hourglass-operator/values.schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, e := range effects {
		tested[e.value] = true
	}
	// Values that Helm sets, and values of an earlier chart, for which the chart has a better error
	// than the schema.
	others := []string{"enabled", "global", "webhook.validatingWebhooks", "webhook.mutatingWebhooks"}
	var walk func(path string, values any, schema node)
	walk = func(path string, values any, schema node) {
		in, ok := values.(map[string]any)
		if !ok || len(schema.Properties) == 0 || tested[path] {
			if !tested[path] {
				t.Errorf("effects has no test of %s: add one", path)
			}
			return
		}
		for _, key := range slices.Sorted(maps.Keys(schema.Properties)) {
			below := strings.TrimPrefix(path+"."+key, ".")
			value, ok := in[key]
			if slices.Contains(others, below) {
				continue
			}
			if !ok {
				t.Errorf("%s is in values.schema.json, but not in values.yaml", below)
				continue
			}
			walk(below, value, schema.Properties[key])
		}
		for key := range in {
			if _, ok := schema.Properties[key]; !ok {
				t.Errorf("%s.%s is in values.yaml, but not in values.schema.json", path, key)
			}
		}
	}
	walk("", values, schema)
}

// node is the part of a JSON schema that the test uses.
type node struct {
	Properties map[string]node `json:"properties"`
}

// UnmarshalJSON accepts the schema true, which allows any value.
func (n *node) UnmarshalJSON(data []byte) error {
	if string(data) == "true" {
		return nil
	}
	type plain node
	return json.Unmarshal(data, (*plain)(n))
}

// TestHelmVersionsMatch compares the objects that Helm 3 and Helm 4 render with values of all
// kinds.
func TestHelmVersionsMatch(t *testing.T) {
	t.Parallel()
	everything := slices.Concat(monitoring, policies(), certManager(
		"namespaces={a,b}", "metrics.secure=true", "commonLabels.a=b", "networkPolicy.enabled=true", "networkPolicy.egress[0].ports[0].port=1",
		"operator.tees.sgx.runtimeClass=kata", "operator.env.logLevel=4", "operator.extraArgs={--workers=4}", "operator.extraEnv[0].name=A",
		"podDisruptionBudget.minAvailable=50%", "scheduling.tolerations[0].operator=Exists", "service.ports.health=81",
		"pod.securityContext.runAsUser=null", "healthChecks.livenessProbe.initialDelaySeconds=null",
	))
	three, four := renderChart(t, helms["helm3"], everything...), renderChart(t, helms["helm4"], everything...)
	compare(t, three, four)
}

// TestNamespacedInstallation checks that an operator that watches some namespaces needs no
// cluster-scoped objects.
func TestNamespacedInstallation(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		everywhere := renderChart(t, helm)
		some := renderChart(t, helm, "namespaces={a,b}", "crd.install=false", "rbac.aggregate=false")
		for key, o := range some {
			if get(o, "metadata.namespace") == nil {
				t.Errorf("%s has no namespace", key)
			}
		}
		rules, _ := get(everywhere["ClusterRole hourglass-operator-manager"], "rules").([]any)
		without := func(resources ...string) any {
			var remaining []any
			for _, resource := range resources {
				if !slices.ContainsFunc(rules, func(rule any) bool { return get(rule.(map[string]any), "resources.0") == resource }) {
					t.Errorf("the ClusterRole grants no access to %s", resource)
				}
			}
			for _, rule := range rules {
				if !slices.Contains(resources, fmt.Sprint(get(rule.(map[string]any), "resources.0"))) {
					remaining = append(remaining, rule)
				}
			}
			return remaining
		}
		responder := renderChart(t, helm, "namespaces={a,b}", "operator.evictionResponder=true")
		for _, ns := range []string{"a", "b"} {
			role, binding := some["Role "+ns+"/hourglass-operator-manager"], some["RoleBinding "+ns+"/hourglass-operator-manager"]
			// A Role can't grant access to nodes. Who installs it may have no access to Evictions.
			if want := without("nodes", "evictions", "evictions/status"); !reflect.DeepEqual(get(role, "rules"), want) {
				t.Errorf("the rules of the Role in %s are %v, want %v", ns, get(role, "rules"), want)
			}
			if want := without("nodes"); !reflect.DeepEqual(get(responder["Role "+ns+"/hourglass-operator-manager"], "rules"), want) {
				t.Errorf("with evictionResponder, the rules of the Role in %s are not %v", ns, want)
			}
			wantRef := map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "hourglass-operator-manager"}
			wantSubject := map[string]any{"kind": "ServiceAccount", "name": "hourglass-operator-controller-manager", "namespace": namespace}
			if !reflect.DeepEqual(get(binding, "roleRef"), wantRef) || !reflect.DeepEqual(get(binding, "subjects.0"), wantSubject) {
				t.Errorf("the RoleBinding in %s binds %v, want the Role and the operator's service account", ns, binding)
			}
		}
	})
}

// TestNotes checks that the notes list the permissions to grant if the chart creates no roles. helm
// template does not print the notes, and Helm 3 needs a cluster to print them.
func TestNotes(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"rbac.create=true":  false,
		"rbac.create=false": true,
		"rbac.create=false,operator.env.leaderElection=false,operator.replicaCount=1": true,
	} {
		printed := string(output(t, helms["helm4"], "install", usualRelease, chartDir, "--dry-run=client", "--set", given))
		_, notes, found := strings.Cut(printed, "NOTES:")
		if lists := strings.Contains(notes, "grant service account hourglass-operator-controller-manager"); !found || lists != want {
			t.Errorf("%s: the notes list the permissions to grant: %t, want %t:\n%s", given, lists, want, notes)
		}
	}
}
