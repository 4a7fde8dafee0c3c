{{/* Rejects what values.schema.json can't: combinations of values, and values that only earlier charts had. */}}
{{- define "hourglass-operator.validate" -}}
{{- with .Values -}}

{{- if and (gt (int .operator.replicaCount) 1) (not .operator.env.leaderElection) -}}
{{- fail (printf "operator.replicaCount: %d replicas without leader election would all reconcile at once: set operator.env.leaderElection=true" (int .operator.replicaCount)) -}}
{{- end -}}
{{- if and .operator.env.metricsPort .metrics.port (ne (int .operator.env.metricsPort) (int .metrics.port)) -}}
{{- fail (printf "metrics.port: %d differs from operator.env.metricsPort=%d, which is the same port: set one of them" (int .metrics.port) (int .operator.env.metricsPort)) -}}
{{- end -}}
{{- $metricsPort := include "hourglass-operator.metricsPort" $ | int -}}
{{- $ports := list (dict "what" "operator.env.healthCheckPort" "port" (int .operator.env.healthCheckPort)) -}}
{{- if .metrics.enabled }}{{ $ports = append $ports (dict "what" "operator.env.metricsPort" "port" $metricsPort) }}{{ end -}}
{{- if .webhook.enabled }}{{ $ports = append $ports (dict "what" "operator.env.webhookPort" "port" (int .operator.env.webhookPort)) }}{{ end -}}
{{- $taken := dict -}}
{{- range $ports -}}
{{- $port := toString .port -}}
{{- if hasKey $taken $port -}}
{{- fail (printf "%s: port %s is already used by %s: set a different port" .what $port (get $taken $port)) -}}
{{- end -}}
{{- $_ := set $taken $port .what -}}
{{- end -}}

{{- if ne .metrics.path "/metrics" -}}
{{- fail (printf "metrics.path: %s is not supported, because the operator serves metrics at /metrics: leave metrics.path out" .metrics.path) -}}
{{- end -}}
{{- if not .metrics.enabled -}}
{{- range $key := list "serviceMonitor" "prometheusRule" "dashboard" -}}
{{- if (get $.Values.metrics $key).enabled -}}
{{- fail (printf "metrics.%s.enabled: true has no effect with metrics.enabled=false: change one of them" $key) -}}
{{- end -}}
{{- end -}}
{{- if .metrics.secure -}}
{{- fail "metrics.secure: true has no effect with metrics.enabled=false: change one of them" -}}
{{- end -}}
{{- /* Values for the earlier chart set the default port. */ -}}
{{- range $key, $port := dict "metrics.port" .metrics.port "operator.env.metricsPort" .operator.env.metricsPort "service.ports.metrics" .service.ports.metrics -}}
{{- if not (has (int $port) (list 0 8080)) -}}
{{- fail (printf "%s: %d has no effect with metrics.enabled=false: leave it out" $key (int $port)) -}}
{{- end -}}
{{- end -}}
{{- if not .service.ports.health -}}
{{- if ne .service.type "ClusterIP" -}}
{{- fail (printf "service.type: %s has no effect without a Service, which needs metrics.enabled=true or service.ports.health: leave it out" .service.type) -}}
{{- end -}}
{{- if .service.annotations -}}
{{- fail "service.annotations: no effect without a Service, which needs metrics.enabled=true or service.ports.health: leave them out" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .metrics.certificateSecret (not .metrics.secure) -}}
{{- fail (printf "metrics.certificateSecret: %s has no effect without metrics.secure=true: set both or neither" .metrics.certificateSecret) -}}
{{- end -}}
{{- $servicePort := .service.ports.metrics | default $metricsPort -}}
{{- if and .metrics.enabled (eq (int $servicePort) (int .service.ports.health)) -}}
{{- fail (printf "service.ports.health: port %d is already used by service.ports.metrics: set a different port" (int $servicePort)) -}}
{{- end -}}
{{- if and (not .serviceAccount.create) .serviceAccount.annotations -}}
{{- fail "serviceAccount.annotations: no effect with serviceAccount.create=false: set them on the existing service account" -}}
{{- end -}}
{{- if and (not .serviceAccount.create) (not .serviceAccount.name) -}}
{{- fail "serviceAccount.name: required with serviceAccount.create=false: set the name of an existing service account" -}}
{{- end -}}
{{- with .podDisruptionBudget -}}
{{- if and .enabled (kindIs "invalid" .maxUnavailable) (kindIs "invalid" .minAvailable) -}}
{{- fail "podDisruptionBudget: neither maxUnavailable nor minAvailable is set: set one of them, or set podDisruptionBudget.enabled=false" -}}
{{- end -}}
{{- if and .enabled (gt (int $.Values.operator.replicaCount) 1) -}}
{{- include "hourglass-operator.validateBudget" $ -}}
{{- end -}}
{{- end -}}
{{- if and .namespaces (ne (len .namespaces) (len (uniq .namespaces))) -}}
{{- fail (printf "namespaces: %s lists a namespace twice: list each namespace once" (join "," .namespaces)) -}}
{{- end -}}
{{- with .networkPolicy.performers -}}
{{- if and .callers (not .namespaces) -}}
{{- fail "networkPolicy.performers.callers: no effect without networkPolicy.performers.namespaces: set the namespaces of the performers" -}}
{{- end -}}
{{- end -}}
{{- with .networkPolicy.performers.namespaces -}}
{{- if ne (len .) (len (uniq .)) -}}
{{- fail (printf "networkPolicy.performers.namespaces: %s lists a namespace twice: list each namespace once" (join "," .)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .commonLabels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $key) (hasPrefix "helm.sh/" $key) (hasPrefix "rbac.authorization.k8s.io/" $key) -}}
{{- fail (printf "commonLabels: %s is set by the chart: leave it out" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .pod.labels -}}
{{- if hasKey (include "hourglass-operator.selector" $ | fromYaml) $key -}}
{{- fail (printf "pod.labels: %s is set by the chart, because the Deployment selects its pods by it: leave it out" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .pod.annotations -}}
{{- if or (hasPrefix "helm.sh/" $key) (has $key (list "kubectl.kubernetes.io/default-container" "checksum/tees")) -}}
{{- fail (printf "pod.annotations: %s is set by the chart: leave it out" $key) -}}
{{- end -}}
{{- end -}}
{{- range $policy, $values := .policies -}}
{{- if and (has "Deny" $values.validationActions) (has "Warn" $values.validationActions) -}}
{{- fail (printf "policies.%s.validationActions: Deny and Warn report the same violation twice: set one of them" $policy) -}}
{{- end -}}
{{- end -}}
{{- range .operator.extraArgs -}}
{{- $flag := regexFind "^--?[a-z0-9-]+" . -}}
{{- $owner := get (include "hourglass-operator.flags" $ | fromYaml) (trimAll "-" $flag) -}}
{{- if $owner -}}
{{- fail (printf "operator.extraArgs: %s is set by the chart: set %s instead" $flag $owner) -}}
{{- end -}}
{{- end -}}
{{- range .operator.extraEnv -}}
{{- $owner := get (include "hourglass-operator.variables" $ | fromYaml) .name -}}
{{- if $owner -}}
{{- fail (printf "operator.extraEnv: %s is set by the chart: set %s instead" .name $owner) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "hourglass-operator.validateWebhook" . -}}
{{- include "hourglass-operator.validateRelease" . -}}
{{- end -}}

{{/* A budget that allows no eviction would block the drain of a node forever. */}}
{{- define "hourglass-operator.validateBudget" -}}
{{- $replicas := int .Values.operator.replicaCount -}}
{{- with .Values.podDisruptionBudget -}}
{{- if kindIs "invalid" .minAvailable -}}
{{- if eq (trimSuffix "%" (toString .maxUnavailable) | int) 0 -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable: %v allows no eviction, so no node could be drained: raise it, or set podDisruptionBudget.enabled=false" .maxUnavailable) -}}
{{- end -}}
{{- else -}}
{{- $kept := trimSuffix "%" (toString .minAvailable) | int -}}
{{- if hasSuffix "%" (toString .minAvailable) -}}
{{- /* Kubernetes rounds up. */ -}}
{{- $kept = div (add (mul $replicas $kept) 99) 100 | int -}}
{{- end -}}
{{- if ge $kept $replicas -}}
{{- fail (printf "podDisruptionBudget.minAvailable: %v allows no eviction with %d replicas, so no node could be drained: lower it, or set podDisruptionBudget.enabled=false" .minAvailable $replicas) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hourglass-operator.validateWebhook" -}}
{{- range $key, $instead := dict "validatingWebhooks" "webhook.failurePolicy" "mutatingWebhooks" "webhook.failurePolicy" -}}
{{- if hasKey $.Values.webhook $key -}}
{{- fail (printf "webhook.%s: only an earlier chart had this value: leave it out, and set %s if that should not be Ignore" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- $provider := .Values.webhook.certificate.provider -}}
{{- if .Values.webhook.enabled -}}
{{- range $key, $needs := dict "duration" "cert-manager" "renewBefore" "cert-manager" "issuerRef" "cert-manager" "caBundle" "manual" -}}
{{- if and (get $.Values.webhook.certificate $key) (ne $provider $needs) -}}
{{- fail (printf "webhook.certificate.%s: no effect with provider %s: leave it out, or set webhook.certificate.provider=%s" $key $provider $needs) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.webhook.certificate.secretName -}}
{{- fail "webhook.certificate.secretName: no effect with provider self-managed: leave it out, or set webhook.certificate.provider=cert-manager or manual" -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.operator.env.certDir -}}
{{- fail (printf "operator.env.certDir: %s has no effect with webhook.certificate.provider=self-managed: leave it empty" .Values.operator.env.certDir) -}}
{{- end -}}
{{- with .Values.webhook.certificate.issuerRef -}}
{{- if not .name -}}
{{- fail "webhook.certificate.issuerRef: name is missing: set it, or leave issuerRef out and the chart creates an issuer" -}}
{{- end -}}
{{- if not (or (has .kind (list nil "" "Issuer" "ClusterIssuer")) (not (has .group (list nil "" "cert-manager.io")))) -}}
{{- fail (printf "webhook.certificate.issuerRef: cert-manager has no kind %s: set kind to Issuer or ClusterIssuer, or set the group of the kind" .kind) -}}
{{- end -}}
{{- end -}}
{{- if eq $provider "manual" -}}
{{- range $key := list "secretName" "caBundle" -}}
{{- if not (get $.Values.webhook.certificate $key) -}}
{{- fail (printf "webhook.certificate.%s: required with webhook.certificate.provider=manual: set it" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hourglass-operator.validateRelease" -}}
{{- $fullname := include "hourglass-operator.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) -}}
{{- fail (printf "fullnameOverride: Services can't have names that begin with %s: set a prefix of lower-case letters, digits and - that begins with a letter" $fullname) -}}
{{- end -}}
{{- /* Without a cluster, as in helm template, lookup returns nothing. */ -}}
{{- with lookup "apps/v1" "Deployment" .Release.Namespace (include "hourglass-operator.manager" .) -}}
{{- if ne (toJson .spec.selector) (dict "matchLabels" (include "hourglass-operator.selector" $ | fromYaml) | toJson) -}}
{{- fail (printf "Deployment %s belongs to an earlier operator: its selector differs and can't be changed: docs/migration.md describes the migration" .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The manager's flags that the chart sets, each with its value. operator.extraArgs must not set them again. */}}
{{- define "hourglass-operator.flags" -}}
leader-elect: operator.env.leaderElection
namespaces: namespaces
cluster-domain: operator.clusterDomain
drain-taints: operator.drainTaints
max-failovers: operator.maxFailovers
eviction-responder: operator.evictionResponder
tee-config: operator.tees
metrics-bind-address: operator.env.metricsPort
metrics-secure: metrics.secure
metrics-cert-dir: metrics.certificateSecret
health-probe-bind-address: operator.env.healthCheckPort
enable-webhooks: webhook.enabled
webhook-port: operator.env.webhookPort
cert-dir: operator.env.certDir
webhook-service: fullnameOverride
webhook-configuration: fullnameOverride
webhook-ca-secret: fullnameOverride
v: operator.env.logLevel
logging-format: operator.env.logFormat
{{- end -}}

{{/* The same for the manager's environment variables. */}}
{{- define "hourglass-operator.variables" -}}
NAMESPACE: namespaces
ENABLE_WEBHOOKS: webhook.enabled
LOG_LEVEL: operator.env.logLevel
LOG_FORMAT: operator.env.logFormat
{{- end -}}
