{{/* The manager's arguments, as a list in YAML; empty if there are none. */}}
{{- define "hourglass-operator.args" -}}
{{- $args := list -}}
{{- if .Values.operator.env.leaderElection -}}
{{- $args = append $args "--leader-elect" -}}
{{- end -}}
{{- with .Values.namespaces -}}
{{- $args = append $args (printf "--namespaces=%s" (join "," .)) -}}
{{- end -}}
{{- with .Values.operator.clusterDomain -}}
{{- $args = append $args (printf "--cluster-domain=%s" .) -}}
{{- end -}}
{{- with .Values.operator.drainTaints -}}
{{- $args = append $args (printf "--drain-taints=%s" (join "," .)) -}}
{{- end -}}
{{- with .Values.operator.maxFailovers | toString -}}
{{- $args = append $args (printf "--max-failovers=%s" .) -}}
{{- end -}}
{{- if .Values.operator.evictionResponder -}}
{{- $args = append $args "--eviction-responder" -}}
{{- end -}}
{{- if .Values.operator.tees -}}
{{- $args = append $args "--tee-config=/etc/hourglass-operator/tees/tees.yaml" -}}
{{- end -}}
{{- $port := include "hourglass-operator.metricsPort" . | int -}}
{{- if not .Values.metrics.enabled -}}
{{- $args = append $args "--metrics-bind-address=0" -}}
{{- else -}}
{{- if .Values.metrics.secure -}}
{{- $args = append $args "--metrics-secure" -}}
{{- end -}}
{{- if ne $port 8080 -}}
{{- $args = append $args (printf "--metrics-bind-address=:%d" $port) -}}
{{- end -}}
{{- if .Values.metrics.certificateSecret -}}
{{- $args = append $args (printf "--metrics-cert-dir=%s" (include "hourglass-operator.metricsCertDir" .)) -}}
{{- end -}}
{{- end -}}
{{- if ne (int .Values.operator.env.healthCheckPort) 8081 -}}
{{- $args = append $args (printf "--health-probe-bind-address=:%d" (int .Values.operator.env.healthCheckPort)) -}}
{{- end -}}
{{- if .Values.webhook.enabled -}}
{{- $args = concat $args (include "hourglass-operator.webhookArgs" . | fromYamlArray) -}}
{{- end -}}
{{- with concat $args .Values.operator.extraArgs }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- define "hourglass-operator.metricsCertDir" -}}
/etc/hourglass-operator/metrics
{{- end -}}

{{/* The arguments for admission webhooks. Arguments that equal the manager's defaults are left out. */}}
{{- define "hourglass-operator.webhookArgs" -}}
- --enable-webhooks
{{- if ne (int .Values.operator.env.webhookPort) 9443 }}
- --webhook-port={{ .Values.operator.env.webhookPort }}
{{- end }}
{{- if include "hourglass-operator.mountsCertificates" . }}
- --cert-dir={{ include "hourglass-operator.webhookCertDir" . }}
{{- end }}
{{- if ne (include "hourglass-operator.fullname" .) "hourglass-operator" }}
- --webhook-service={{ include "hourglass-operator.webhookService" . }}
- --webhook-configuration={{ include "hourglass-operator.webhookConfiguration" . }}
- --webhook-ca-secret={{ include "hourglass-operator.name" (list . "-webhook-ca") }}
{{- end }}
{{- end -}}

{{- define "hourglass-operator.webhookService" -}}
{{- include "hourglass-operator.name" (list . "-webhook-service") -}}
{{- end -}}

{{- define "hourglass-operator.webhookConfiguration" -}}
{{- include "hourglass-operator.name" (list . "-webhook") -}}
{{- end -}}

{{- define "hourglass-operator.webhookCertDir" -}}
{{- .Values.operator.env.certDir | default "/etc/hourglass-operator/webhook" -}}
{{- end -}}

{{/* "true" if the webhooks' certificate comes from a Secret, otherwise empty. */}}
{{- define "hourglass-operator.mountsCertificates" -}}
{{- if and .Values.webhook.enabled (ne .Values.webhook.certificate.provider "self-managed") }}true{{ end -}}
{{- end -}}

{{- define "hourglass-operator.webhookCertificateSecret" -}}
{{- .Values.webhook.certificate.secretName | default (include "hourglass-operator.name" (list . "-webhook-certificate")) -}}
{{- end -}}
