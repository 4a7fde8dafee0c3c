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

	podSpec = "spec.template.spec."
	manager = podSpec + "containers.0."
)

// effect is what a value does to one field, in words of the installation.
type effect struct {
	// value is the key in values.yaml.
	value string
	// set is what is given, as for --set; more than the value itself where it needs others.
	set []string
	// object and path are the field, want what it then is: nil for none. An empty path is the whole object, of which
	// want is whether it is there.
	object, path string
	want         any
}

// effects has one of each value at least; a test makes sure.
var effects = []effect{
	{"fullnameOverride", []string{"fullnameOverride=x"}, "Deployment hourglass-system/x-controller-manager", "metadata.name", "x-controller-manager"},
	{"fullnameOverride", []string{"fullnameOverride=x"}, "ClusterRole x-manager", "", true},
	{"commonLabels", []string{"commonLabels.team=avs"}, budget, "metadata.labels.team", "avs"},
	{"commonLabels", []string{"commonLabels.team=avs"}, "ClusterRole hourglass-operator-performer-viewer", "metadata.labels.team", "avs"},
	{"commonLabels", []string{"commonLabels.team=avs"}, deployment, "spec.template.metadata.labels.team", "avs"},
	{"imagePullSecrets", []string{"imagePullSecrets[0].name=registry"}, deployment, podSpec + "imagePullSecrets.0.name", "registry"},
	{"namespaces", []string{"namespaces={a,b}"}, deployment, manager + "args.1", "--namespaces=a,b"},

	{"operator.image.repository", []string{"operator.image.repository=r.example/x"}, deployment, manager + "image", "r.example/x:dev"},
	{"operator.image.tag", []string{"operator.image.tag=v1"}, deployment, manager + "image", "hourglass-operator:v1"},
	{"operator.image.digest", []string{"operator.image.tag=v1", "operator.image.digest=" + digest}, deployment, manager + "image", "hourglass-operator@" + digest},
	{"operator.image.pullPolicy", []string{"operator.image.pullPolicy=Never"}, deployment, manager + "imagePullPolicy", "Never"},
	{"operator.replicaCount", []string{"operator.replicaCount=3"}, deployment, "spec.replicas", 3},
	{"operator.replicaCount", []string{"operator.replicaCount=0"}, deployment, "spec.replicas", 0},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, budget, "", false},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, deployment, podSpec + "affinity", nil},
	{"operator.replicaCount", []string{"operator.replicaCount=1"}, deployment, podSpec + "topologySpreadConstraints", nil},
	{"operator.resources", []string{"operator.resources.limits.cpu=2"}, deployment, manager + "resources.limits.cpu", 2},
	{"operator.env.logLevel", []string{"operator.env.logLevel=warn"}, deployment, manager + "env.1", map[string]any{"name": "LOG_LEVEL", "value": "warn"}},
	{"operator.env.logLevel", []string{"operator.env.logLevel=4"}, deployment, manager + "env.1", map[string]any{"name": "LOG_LEVEL", "value": "4"}},
	{"operator.env.logFormat", []string{"operator.env.logFormat=json"}, deployment, manager + "env.1", map[string]any{"name": "LOG_FORMAT", "value": "json"}},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, deployment, manager + "args.1", "--metrics-bind-address=:9090"},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, deployment, manager + "ports.0.containerPort", 9090},
	{"operator.env.metricsPort", []string{"operator.env.metricsPort=9090"}, metricsService, "spec.ports.0.port", 9090},
	{"operator.env.healthCheckPort", []string{"operator.env.healthCheckPort=9091"}, deployment, manager + "args.1", "--health-probe-bind-address=:9091"},
	{"operator.env.healthCheckPort", []string{"operator.env.healthCheckPort=9091"}, deployment, manager + "ports.1.containerPort", 9091},
	{"operator.env.leaderElection", one("operator.env.leaderElection=false"), deployment, manager + "args", nil},
	{"operator.env.leaderElection", one("operator.env.leaderElection=false"), deployment, "spec.strategy.rollingUpdate.maxSurge", 0},
	{"operator.env.leaderElection", one("operator.env.leaderElection=false"), "Role hourglass-system/hourglass-operator-leader-election", "", false},
	{"operator.env.leaderElection", one("operator.env.leaderElection=false"), "RoleBinding hourglass-system/hourglass-operator-leader-election", "", false},
	{"operator.env.webhookPort", []string{"operator.env.webhookPort=9444", "webhook.enabled=true"}, deployment, manager + "args.2", "--webhook-port=9444"},
	{"operator.env.webhookPort", []string{"operator.env.webhookPort=9444", "webhook.enabled=true"}, deployment, manager + "ports.2.containerPort", 9444},
	{"operator.env.certDir", certManager("operator.env.certDir=/certs"), deployment, manager + "volumeMounts.0.mountPath", "/certs"},
	{"operator.env.certDir", certManager("operator.env.certDir=/certs"), deployment, manager + "args.2", "--cert-dir=/certs"},
	{"operator.clusterDomain", []string{"operator.clusterDomain=cluster.example"}, deployment, manager + "args.1", "--cluster-domain=cluster.example"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, tees, "data.[tees.yaml]", "sgx:\n  runtimeClass: kata\n"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, manager + "args.1", "--tee-config=/etc/hourglass-operator/tees.yaml"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, manager + "volumeMounts.0.mountPath", "/etc/hourglass-operator"},
	{"operator.tees", []string{"operator.tees.sgx.runtimeClass=kata"}, deployment, podSpec + "volumes.0.configMap.name", "hourglass-operator-tees"},
	{"operator.extraArgs", []string{"operator.extraArgs={--workers=4}"}, deployment, manager + "args.1", "--workers=4"},
	{"operator.extraEnv", []string{"operator.extraEnv[0].name=A", "operator.extraEnv[0].value=b"}, deployment, manager + "env.1", map[string]any{"name": "A", "value": "b"}},

	{"serviceAccount.create", []string{"serviceAccount.create=false", "serviceAccount.name=theirs"}, "ServiceAccount hourglass-system/theirs", "", false},
	{"serviceAccount.create", []string{"serviceAccount.create=false", "serviceAccount.name=theirs"}, deployment, podSpec + "serviceAccountName", "theirs"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "ServiceAccount hourglass-system/x", "", true},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, deployment, podSpec + "serviceAccountName", "x"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "ClusterRoleBinding hourglass-operator-manager", "subjects.0.name", "x"},
	{"serviceAccount.name", []string{"serviceAccount.name=x"}, "RoleBinding hourglass-system/hourglass-operator-leader-election", "subjects.0.name", "x"},
	{"serviceAccount.annotations", []string{"serviceAccount.annotations.role=r"}, serviceAccount, "metadata.annotations.role", "r"},
	{"rbac.create", []string{"rbac.create=false"}, "ClusterRole hourglass-operator-manager", "", false},
	{"rbac.create", []string{"rbac.create=false"}, "RoleBinding hourglass-system/hourglass-operator-leader-election", "", false},
	{"rbac.aggregate", []string{"rbac.aggregate=false"}, "ClusterRole hourglass-operator-performer-editor", "", false},
	{"rbac.aggregate", []string{"rbac.aggregate=false"}, "ClusterRole hourglass-operator-performer-viewer", "", false},
	{"crd.install", []string{"crd.install=true"}, crd, "metadata.annotations.[helm.sh/resource-policy]", "keep"},
	{"crd.install", []string{"crd.install=false"}, crd, "", false},

	{"service.type", []string{"service.type=NodePort"}, metricsService, "spec.type", "NodePort"},
	{"service.ports.metrics", []string{"service.ports.metrics=80"}, metricsService, "spec.ports.0", servicePort("metrics", 80)},
	{"service.ports.health", []string{"service.ports.health=81"}, metricsService, "spec.ports.1", servicePort("health", 81)},
	{"service.annotations", []string{"service.annotations.a=b"}, metricsService, "metadata.annotations.a", "b"},

	{"metrics.enabled", []string{"metrics.enabled=false"}, metricsService, "", false},
	{"metrics.enabled", []string{"metrics.enabled=false"}, deployment, manager + "args.1", "--metrics-bind-address=0"},
	{"metrics.enabled", []string{"metrics.enabled=false"}, deployment, manager + "ports.0.name", "health"},
	{"metrics.enabled", []string{"metrics.enabled=false", "service.ports.health=81"}, metricsService, "spec.ports.0", servicePort("health", 81)},
	{"metrics.port", []string{"metrics.port=9090"}, deployment, manager + "args.1", "--metrics-bind-address=:9090"},
	{"metrics.port", []string{"metrics.port=9090", "operator.env.metricsPort=9090"}, metricsService, "spec.ports.0.port", 9090},
	{"metrics.path", []string{"metrics.path=/metrics"}, deployment, manager + "args.1", nil},
	{"metrics.secure", []string{"metrics.secure=true"}, deployment, manager + "args", []any{"--leader-elect", "--metrics-secure", "--metrics-bind-address=:8443"}},
	{"metrics.secure", []string{"metrics.secure=true", "metrics.port=8080"}, deployment, manager + "args", []any{"--leader-elect", "--metrics-secure"}},
	{"metrics.secure", []string{"metrics.secure=true"}, metricsService, "spec.ports.0.name", "https"},
	{"metrics.secure", []string{"metrics.secure=true"}, metricsService, "spec.ports.0.port", 8443},
	{"metrics.secure", []string{"metrics.secure=true"}, "ClusterRole hourglass-operator-metrics-reader", "rules.0.nonResourceURLs.0", "/metrics"},
	{"metrics.secure", []string{"metrics.secure=true"}, "ClusterRoleBinding hourglass-operator-metrics-auth", "roleRef.name", "hourglass-operator-metrics-auth"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, podSpec + "volumes.0.secret.secretName", "tls"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, manager + "args.3", "--metrics-cert-dir=/etc/hourglass-operator-metrics"},
	{"metrics.certificateSecret", []string{"metrics.secure=true", "metrics.certificateSecret=tls"}, deployment, manager + "volumeMounts.0.mountPath", "/etc/hourglass-operator-metrics"},

	{"healthChecks.enabled", []string{"healthChecks.enabled=false"}, deployment, manager + "livenessProbe", nil},
	{"healthChecks.enabled", []string{"healthChecks.enabled=false"}, deployment, manager + "readinessProbe", nil},
	{"healthChecks.livenessProbe", []string{"healthChecks.livenessProbe.failureThreshold=7"}, deployment, manager + "livenessProbe.failureThreshold", 7},
	{"healthChecks.readinessProbe", []string{"healthChecks.readinessProbe.timeoutSeconds=7"}, deployment, manager + "readinessProbe.timeoutSeconds", 7},
	{"podDisruptionBudget.enabled", []string{"podDisruptionBudget.enabled=false"}, budget, "", false},
	{"podDisruptionBudget.maxUnavailable", []string{"podDisruptionBudget.maxUnavailable=50%"}, budget, "spec.maxUnavailable", "50%"},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=1"}, budget, "spec.minAvailable", 1},
	{"podDisruptionBudget.minAvailable", []string{"podDisruptionBudget.minAvailable=1"}, budget, "spec.maxUnavailable", nil},

	{"pod.annotations", []string{"pod.annotations.a=b"}, deployment, "spec.template.metadata.annotations.a", "b"},
	{"pod.labels", []string{"pod.labels.a=b"}, deployment, "spec.template.metadata.labels.a", "b"},
	{"pod.securityContext", []string{"pod.securityContext.fsGroup=1"}, deployment, podSpec + "securityContext.fsGroup", 1},
	{"pod.containerSecurityContext", []string{"pod.containerSecurityContext.runAsNonRoot=true"}, deployment, manager + "securityContext.runAsNonRoot", true},
	{"scheduling.nodeSelector", []string{"scheduling.nodeSelector.a=b"}, deployment, podSpec + "nodeSelector.a", "b"},
	{"scheduling.tolerations", []string{"scheduling.tolerations[0].operator=Exists"}, deployment, podSpec + "tolerations.0.operator", "Exists"},
	{"scheduling.affinity", []string{"scheduling.affinity.nodeAffinity.x=y"}, deployment, podSpec + "affinity", map[string]any{"nodeAffinity": map[string]any{"x": "y"}}},
	{"scheduling.topologySpreadConstraints", []string{"scheduling.topologySpreadConstraints[0].maxSkew=2"}, deployment, podSpec + "topologySpreadConstraints", []any{map[string]any{"maxSkew": float64(2)}}},
	{"scheduling.priorityClassName", []string{"scheduling.priorityClassName=system-cluster-critical"}, deployment, podSpec + "priorityClassName", "system-cluster-critical"},

	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true"}, networkPolicy, "spec.ingress.0.ports", policyPorts("metrics")},
	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true", "webhook.enabled=true", "service.ports.health=81"}, networkPolicy, "spec.ingress.0.ports", policyPorts("metrics", "webhook", "health")},
	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true", "metrics.enabled=false"}, networkPolicy, "spec.ingress", nil},
	{"networkPolicy.enabled", []string{"networkPolicy.enabled=true"}, networkPolicy, "spec.policyTypes", []any{"Ingress", "Egress"}},
	{"networkPolicy.ingress", []string{"networkPolicy.enabled=true", "networkPolicy.ingress[0].ports[0].port=1"}, networkPolicy, "spec.ingress", []any{map[string]any{"ports": []any{map[string]any{"port": float64(1)}}}}},
	{"networkPolicy.egress", []string{"networkPolicy.enabled=true", "networkPolicy.egress[0].ports[0].port=1"}, networkPolicy, "spec.egress", []any{map[string]any{"ports": []any{map[string]any{"port": float64(1)}}}}},

	{"development.enabled", []string{"development.enabled=true"}, deployment, manager + "env.1", map[string]any{"name": "LOG_LEVEL", "value": "debug"}},
	{"development.enabled", []string{"development.enabled=true", "operator.env.logLevel=error"}, deployment, manager + "env.1", map[string]any{"name": "LOG_LEVEL", "value": "error"}},
}

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// one is for values that only a single replica can have.
func one(values ...string) []string { return append(values, "operator.replicaCount=1") }

// certManager is for values of webhooks whose certificate cert-manager makes.
func certManager(values ...string) []string {
	return append(values, "webhook.enabled=true", "webhook.certificate.provider=cert-manager")
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

func TestEachValueDoesSomething(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		// The CRD takes most of the time, and only its own value is about it.
		byDefault, rendered := render(t, helm), map[string]objects{}
		for _, e := range effects {
			given := strings.Join(e.set, " ")
			set := e.set
			if e.value != "crd.install" {
				set = append([]string{"crd.install=false"}, set...)
			}
			if rendered[given] == nil {
				rendered[given] = render(t, helm, set...)
			}
			o, there := rendered[given][e.object]
			if e.path == "" {
				if there != e.want {
					t.Errorf("%s: %s is there: %t", given, e.object, there)
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
			// What the test wants must not be there anyway.
			was, there := byDefault[e.object]
			if there && reflect.DeepEqual(get(was, e.path), want) && !slices.Contains(asByDefault, e.value) {
				t.Errorf("%s: %s of %s is %#v without it too", given, e.path, e.object, want)
			}
		}
	})
}

// asByDefault are the values of which an effect above is the default's.
var asByDefault = []string{"crd.install", "metrics.path"}

// TestNoValueIsForgotten makes sure that the tests above know all values, and that those of values.yaml are those of
// values.schema.json.
func TestNoValueIsForgotten(t *testing.T) {
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
	// Helm's own, and those of an earlier chart that are refused with a better message than the schema has.
	others := []string{"global", "webhook.validatingWebhooks", "webhook.mutatingWebhooks"}
	var walk func(path string, values any, schema node)
	walk = func(path string, values any, schema node) {
		in, ok := values.(map[string]any)
		if !ok || len(schema.Properties) == 0 || tested[path] {
			if !tested[path] {
				t.Errorf("no test sets %s", path)
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
				t.Errorf("values.schema.json knows %s and values.yaml does not", below)
				continue
			}
			walk(below, value, schema.Properties[key])
		}
		for key := range in {
			if _, ok := schema.Properties[key]; !ok {
				t.Errorf("values.yaml knows %s.%s and values.schema.json does not", path, key)
			}
		}
	}
	walk("", values, schema)
}

// node is the part of a JSON schema that is looked at here.
type node struct {
	Properties map[string]node `json:"properties"`
}

// UnmarshalJSON lets a schema be true, which allows anything.
func (n *node) UnmarshalJSON(data []byte) error {
	if string(data) == "true" {
		return nil
	}
	type plain node
	return json.Unmarshal(data, (*plain)(n))
}

// TestBothHelmsRenderTheSame compares what the two make of each set of values above.
func TestBothHelmsRenderTheSame(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]string{
		"by default": nil,
		"namespaces": {"namespaces={a,b}", "metrics.secure=true", "commonLabels.a=b"},
		"webhooks":   certManager("networkPolicy.enabled=true"),
	} {
		three, four := render(t, helms["helm3"], set...), render(t, helms["helm4"], set...)
		for _, key := range slices.Sorted(maps.Keys(three)) {
			for _, difference := range differences("", map[string]any(three[key]), map[string]any(four[key])) {
				t.Errorf("%s: Helm 3 and 4: %s: %s", name, key, difference)
			}
		}
		if len(three) != len(four) {
			t.Errorf("%s: Helm 3 makes %d objects, Helm 4 %d", name, len(three), len(four))
		}
	}
}

// TestOnlyRoles checks that an operator for some namespaces needs nothing that goes beyond them.
func TestOnlyRoles(t *testing.T) {
	t.Parallel()
	eachHelm(t, func(t *testing.T, helm string) {
		everywhere := render(t, helm)
		some := render(t, helm, "namespaces={a,b}", "crd.install=false", "rbac.aggregate=false")
		for key, o := range some {
			if get(o, "metadata.namespace") == nil {
				t.Errorf("%s lies in no namespace", key)
			}
		}
		rules := get(everywhere["ClusterRole hourglass-operator-manager"], "rules")
		for _, ns := range []string{"a", "b"} {
			role, binding := some["Role "+ns+"/hourglass-operator-manager"], some["RoleBinding "+ns+"/hourglass-operator-manager"]
			if rules == nil || !reflect.DeepEqual(get(role, "rules"), rules) {
				t.Errorf("the Role in %s has the rules %v, want those of the ClusterRole: %v", ns, get(role, "rules"), rules)
			}
			wantRef := map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "hourglass-operator-manager"}
			wantSubject := map[string]any{"kind": "ServiceAccount", "name": "hourglass-operator-controller-manager", "namespace": namespace}
			if !reflect.DeepEqual(get(binding, "roleRef"), wantRef) || !reflect.DeepEqual(get(binding, "subjects.0"), wantSubject) {
				t.Errorf("the RoleBinding in %s is %v", ns, binding)
			}
		}
	})
}

// TestNamesOfReleases checks what names become for a release that is called otherwise.
func TestNamesOfReleases(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]string{
		"hourglass-operator":    "hourglass-operator-controller-manager",
		"my-hourglass-operator": "my-hourglass-operator-controller-manager",
		"prod":                  "prod-hourglass-operator-controller-manager",
		strings.Repeat("x", 53): strings.Repeat("x", 44) + "-controller-manager",
	} {
		eachHelm(t, func(t *testing.T, helm string) {
			rendered, refusal := helmTemplate(t, helm, release)
			if refusal != "" {
				t.Fatalf("%s: %s", release, refusal)
			}
			if rendered["Deployment "+namespace+"/"+want] == nil {
				t.Errorf("%s: no Deployment %s, but %s", release, want, slices.Sorted(maps.Keys(rendered)))
			}
			for key, o := range rendered {
				if name := fmt.Sprint(get(o, "metadata.name")); len(name) > 63 {
					t.Errorf("%s: the name of %s has %d characters", release, key, len(name))
				}
			}
		})
	}
}
