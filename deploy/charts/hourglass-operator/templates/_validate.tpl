{{/* Refuses what values.schema.json can't: combinations, and what earlier charts had and this one hasn't. */}}
{{- define "hourglass-operator.validate" -}}
{{- with .Values -}}

{{- if and (gt (int .operator.replicaCount) 1) (not .operator.env.leaderElection) -}}
{{- fail (printf "operator.replicaCount=%d needs operator.env.leaderElection=true: without it all replicas would work at once" (int .operator.replicaCount)) -}}
{{- end -}}
{{- if and .operator.env.metricsPort .metrics.port (ne (int .operator.env.metricsPort) (int .metrics.port)) -}}
{{- fail (printf "metrics.port=%d and operator.env.metricsPort=%d are two names of one port: set one of them" (int .metrics.port) (int .operator.env.metricsPort)) -}}
{{- end -}}
{{- $metricsPort := include "hourglass-operator.metricsPort" $ | int -}}
{{- $ports := list (dict "what" "operator.env.healthCheckPort" "port" (int .operator.env.healthCheckPort)) -}}
{{- if .metrics.enabled }}{{ $ports = append $ports (dict "what" "operator.env.metricsPort" "port" $metricsPort) }}{{ end -}}
{{- if .webhook.enabled }}{{ $ports = append $ports (dict "what" "operator.env.webhookPort" "port" (int .operator.env.webhookPort)) }}{{ end -}}
{{- $taken := dict -}}
{{- range $ports -}}
{{- $port := toString .port -}}
{{- if hasKey $taken $port -}}
{{- fail (printf "%s and %s are both %s: give them different ports" (get $taken $port) .what $port) -}}
{{- end -}}
{{- $_ := set $taken $port .what -}}
{{- end -}}

{{- if ne .metrics.path "/metrics" -}}
{{- fail (printf "metrics.path=%s: the operator serves metrics at /metrics only: leave it out" .metrics.path) -}}
{{- end -}}
{{- if not .metrics.enabled -}}
{{- range $key := list "serviceMonitor" "prometheusRule" "dashboard" -}}
{{- if (get $.Values.metrics $key).enabled -}}
{{- fail (printf "metrics.%s.enabled=true has no effect with metrics.enabled=false: change one of them" $key) -}}
{{- end -}}
{{- end -}}
{{- if .metrics.secure -}}
{{- fail "metrics.secure=true has no effect with metrics.enabled=false: change one of them" -}}
{{- end -}}
{{- /* The earlier chart's values name the port that is the default. */ -}}
{{- range $key, $port := dict "metrics.port" .metrics.port "operator.env.metricsPort" .operator.env.metricsPort "service.ports.metrics" .service.ports.metrics -}}
{{- if not (has (int $port) (list 0 8080)) -}}
{{- fail (printf "%s=%d has no effect with metrics.enabled=false: leave it out" $key (int $port)) -}}
{{- end -}}
{{- end -}}
{{- if not .service.ports.health -}}
{{- if ne .service.type "ClusterIP" -}}
{{- fail (printf "service.type=%s has no effect with metrics.enabled=false and no service.ports.health: there is no Service" .service.type) -}}
{{- end -}}
{{- if .service.annotations -}}
{{- fail "service.annotations have no effect with metrics.enabled=false and no service.ports.health: there is no Service" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .metrics.certificateSecret (not .metrics.secure) -}}
{{- fail (printf "metrics.certificateSecret=%s has no effect without metrics.secure=true: set both or neither" .metrics.certificateSecret) -}}
{{- end -}}
{{- $servicePort := .service.ports.metrics | default $metricsPort -}}
{{- if and .metrics.enabled (eq (int $servicePort) (int .service.ports.health)) -}}
{{- fail (printf "service.ports.metrics and service.ports.health are both %d: give them different ports" (int $servicePort)) -}}
{{- end -}}
{{- if and (not .serviceAccount.create) .serviceAccount.annotations -}}
{{- fail "serviceAccount.annotations have no effect with serviceAccount.create=false: set them on the existing one" -}}
{{- end -}}
{{- if and (not .serviceAccount.create) (not .serviceAccount.name) -}}
{{- fail "serviceAccount.create=false needs serviceAccount.name: the name of an existing service account" -}}
{{- end -}}
{{- with .podDisruptionBudget -}}
{{- if and .enabled (kindIs "invalid" .maxUnavailable) (kindIs "invalid" .minAvailable) -}}
{{- fail "podDisruptionBudget: set maxUnavailable or minAvailable, or enabled=false" -}}
{{- end -}}
{{- if and .enabled (gt (int $.Values.operator.replicaCount) 1) -}}
{{- include "hourglass-operator.validateBudget" $ -}}
{{- end -}}
{{- end -}}
{{- if and .namespaces (ne (len .namespaces) (len (uniq .namespaces))) -}}
{{- fail (printf "namespaces=%s: one is named twice" (join "," .namespaces)) -}}
{{- end -}}
{{- with .networkPolicy.performers -}}
{{- if and .callers (not .namespaces) -}}
{{- fail "networkPolicy.performers.callers have no effect without networkPolicy.performers.namespaces: name the namespaces of the performers" -}}
{{- end -}}
{{- end -}}
{{- with .networkPolicy.performers.namespaces -}}
{{- if ne (len .) (len (uniq .)) -}}
{{- fail (printf "networkPolicy.performers.namespaces=%s: one is named twice" (join "," .)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .commonLabels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $key) (hasPrefix "helm.sh/" $key) (hasPrefix "rbac.authorization.k8s.io/" $key) -}}
{{- fail (printf "commonLabels: %s is set by the chart" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .pod.labels -}}
{{- if hasKey (include "hourglass-operator.selector" $ | fromYaml) $key -}}
{{- fail (printf "pod.labels: %s is set by the chart: the Deployment selects by it" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .pod.annotations -}}
{{- if or (hasPrefix "helm.sh/" $key) (has $key (list "kubectl.kubernetes.io/default-container" "checksum/tees")) -}}
{{- fail (printf "pod.annotations: %s is set by the chart" $key) -}}
{{- end -}}
{{- end -}}
{{- range $policy, $values := .policies -}}
{{- if and (has "Deny" $values.validationActions) (has "Warn" $values.validationActions) -}}
{{- fail (printf "policies.%s.validationActions: Deny and Warn say the same twice: set one of them" $policy) -}}
{{- end -}}
{{- end -}}
{{- range .operator.extraArgs -}}
{{- $flag := regexFind "^--?[a-z0-9-]+" . -}}
{{- $owner := get (include "hourglass-operator.flags" $ | fromYaml) (trimAll "-" $flag) -}}
{{- if $owner -}}
{{- fail (printf "operator.extraArgs: %s: set %s instead" $flag $owner) -}}
{{- end -}}
{{- end -}}
{{- range .operator.extraEnv -}}
{{- $owner := get (include "hourglass-operator.variables" $ | fromYaml) .name -}}
{{- if $owner -}}
{{- fail (printf "operator.extraEnv: %s: set %s instead" .name $owner) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "hourglass-operator.validateWebhook" . -}}
{{- include "hourglass-operator.validateRelease" . -}}
{{- end -}}

{{/* A budget that lets no pod be evicted would hold up the drain of a node for ever. */}}
{{- define "hourglass-operator.validateBudget" -}}
{{- $replicas := int .Values.operator.replicaCount -}}
{{- with .Values.podDisruptionBudget -}}
{{- if kindIs "invalid" .minAvailable -}}
{{- if eq (trimSuffix "%" (toString .maxUnavailable) | int) 0 -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable=%v lets no node be drained: raise it, or set enabled=false" .maxUnavailable) -}}
{{- end -}}
{{- else -}}
{{- $kept := trimSuffix "%" (toString .minAvailable) | int -}}
{{- if hasSuffix "%" (toString .minAvailable) -}}
{{- /* Kubernetes rounds up. */ -}}
{{- $kept = div (add (mul $replicas $kept) 99) 100 | int -}}
{{- end -}}
{{- if ge $kept $replicas -}}
{{- fail (printf "podDisruptionBudget.minAvailable=%v lets no node be drained with %d replicas: lower it, or set enabled=false" .minAvailable $replicas) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hourglass-operator.validateWebhook" -}}
{{- range $key, $instead := dict "validatingWebhooks" "webhook.failurePolicy" "mutatingWebhooks" "webhook.failurePolicy" -}}
{{- if hasKey $.Values.webhook $key -}}
{{- fail (printf "webhook.%s is a value of an earlier chart: leave it out, and set %s if it should not be Ignore" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- $provider := .Values.webhook.certificate.provider -}}
{{- if .Values.webhook.enabled -}}
{{- range $key, $needs := dict "duration" "cert-manager" "renewBefore" "cert-manager" "issuerRef" "cert-manager" "caBundle" "manual" -}}
{{- if and (get $.Values.webhook.certificate $key) (ne $provider $needs) -}}
{{- fail (printf "webhook.certificate.%s has no effect with provider %s: it is for %s" $key $provider $needs) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.webhook.certificate.secretName -}}
{{- fail "webhook.certificate.secretName has no effect with provider self-managed: it is for cert-manager and manual" -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.operator.env.certDir -}}
{{- fail (printf "operator.env.certDir=%s has no effect with webhook.certificate.provider self-managed: leave it empty" .Values.operator.env.certDir) -}}
{{- end -}}
{{- with .Values.webhook.certificate.issuerRef -}}
{{- if not .name -}}
{{- fail "webhook.certificate.issuerRef needs a name: give one, or leave issuerRef out for an issuer of the chart's own" -}}
{{- end -}}
{{- if not (or (has .kind (list nil "" "Issuer" "ClusterIssuer")) (not (has .group (list nil "" "cert-manager.io")))) -}}
{{- fail (printf "webhook.certificate.issuerRef: cert-manager has no kind %s: set Issuer or ClusterIssuer, or the group that it is of" .kind) -}}
{{- end -}}
{{- end -}}
{{- if eq $provider "manual" -}}
{{- range $key := list "secretName" "caBundle" -}}
{{- if not (get $.Values.webhook.certificate $key) -}}
{{- fail (printf "webhook.certificate.provider=manual needs webhook.certificate.%s" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "hourglass-operator.validateRelease" -}}
{{- $fullname := include "hourglass-operator.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) -}}
{{- fail (printf "%s cannot begin the name of a Service, which is of lower-case letters, digits and -, and begins with a letter: set fullnameOverride" $fullname) -}}
{{- end -}}
{{- /* Without a cluster, as in helm template, there is none. */ -}}
{{- with lookup "apps/v1" "Deployment" .Release.Namespace (include "hourglass-operator.manager" .) -}}
{{- if ne (toJson .spec.selector) (dict "matchLabels" (include "hourglass-operator.selector" $ | fromYaml) | toJson) -}}
{{- fail (printf "Deployment %s has a different selector, which cannot be changed: it belongs to an earlier operator; docs/migration.md says how to migrate" .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The manager's flags that the chart sets, and the value by which. A flag given twice would be a riddle. */}}
{{- define "hourglass-operator.flags" -}}
leader-elect: operator.env.leaderElection
namespaces: namespaces
cluster-domain: operator.clusterDomain
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

{{/* The same for the manager's environment. */}}
{{- define "hourglass-operator.variables" -}}
NAMESPACE: namespaces
ENABLE_WEBHOOKS: webhook.enabled
LOG_LEVEL: operator.env.logLevel
LOG_FORMAT: operator.env.logFormat
GOMEMLIMIT: operator.resources.limits.memory
{{- end -}}
