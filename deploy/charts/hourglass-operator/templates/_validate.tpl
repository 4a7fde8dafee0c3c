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
{{- range $key, $on := dict "secure" .metrics.secure "serviceMonitor.enabled" .metrics.serviceMonitor.enabled -}}
{{- if $on -}}
{{- fail (printf "metrics.%s=true has no meaning with metrics.enabled=false: set one of them otherwise" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .metrics.certificateSecret (not .metrics.secure) -}}
{{- fail (printf "metrics.certificateSecret=%s has no meaning without metrics.secure=true: set both or neither" .metrics.certificateSecret) -}}
{{- end -}}
{{- if and (not .serviceAccount.create) (not .serviceAccount.name) -}}
{{- fail "serviceAccount.create=false needs serviceAccount.name: the service account that is there already" -}}
{{- end -}}
{{- with .podDisruptionBudget -}}
{{- if and .enabled (kindIs "invalid" .maxUnavailable) (kindIs "invalid" .minAvailable) -}}
{{- fail "podDisruptionBudget: set maxUnavailable or minAvailable, or enabled=false" -}}
{{- end -}}
{{- end -}}
{{- if and .namespaces (ne (len .namespaces) (len (uniq .namespaces))) -}}
{{- fail (printf "namespaces=%s: one is named twice" (join "," .namespaces)) -}}
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
{{- end -}}

{{- define "hourglass-operator.validateWebhook" -}}
{{- range $key, $instead := dict "validatingWebhooks" "webhook.failurePolicy" "mutatingWebhooks" "webhook.failurePolicy" -}}
{{- if hasKey $.Values.webhook $key -}}
{{- fail (printf "webhook.%s is of an earlier chart: leave it out, and set %s if it is not to be Ignore" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- $provider := .Values.webhook.certificate.provider -}}
{{- if .Values.webhook.enabled -}}
{{- range $key, $needs := dict "duration" "cert-manager" "renewBefore" "cert-manager" "issuerRef" "cert-manager" "caBundle" "manual" -}}
{{- if and (get $.Values.webhook.certificate $key) (ne $provider $needs) -}}
{{- fail (printf "webhook.certificate.%s has no meaning with provider %s: it is for %s" $key $provider $needs) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.webhook.certificate.secretName -}}
{{- fail "webhook.certificate.secretName has no meaning with provider self-managed: it is for cert-manager and manual" -}}
{{- end -}}
{{- if and (eq $provider "self-managed") .Values.operator.env.certDir -}}
{{- fail (printf "operator.env.certDir=%s has no meaning with webhook.certificate.provider self-managed: leave it empty" .Values.operator.env.certDir) -}}
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
