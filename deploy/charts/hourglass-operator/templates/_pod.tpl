{{/* The fields that all pods of the manager have in common. */}}
{{- define "hourglass-operator.pod" -}}
serviceAccountName: {{ include "hourglass-operator.serviceAccount" . | quote }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scheduling.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scheduling.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scheduling.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The container `manager` without its probes. The argument is (list . ARGS). */}}
{{- define "hourglass-operator.container" -}}
{{- $args := index . 1 -}}
{{- $mounts := dict
  "tees" "/etc/hourglass-operator/tees"
  "metrics-certificate" (include "hourglass-operator.metricsCertDir" (index . 0))
  "webhook-certificate" (include "hourglass-operator.webhookCertDir" (index . 0)) -}}
{{- with index . 0 -}}
image: {{ include "hourglass-operator.image" . | quote }}
imagePullPolicy: {{ .Values.operator.image.pullPolicy }}
command: [/manager]
{{- with $args }}
args:
  {{- . | nindent 2 }}
{{- end }}
{{- if or (include "hourglass-operator.logLevel" .) .Values.operator.env.logFormat .Values.operator.extraEnv }}
env:
  {{- with include "hourglass-operator.logLevel" . }}
  - name: LOG_LEVEL
    value: {{ . | quote }}
  {{- end }}
  {{- with .Values.operator.env.logFormat }}
  - name: LOG_FORMAT
    value: {{ . }}
  {{- end }}
  {{- with .Values.operator.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
ports:
  {{- if .Values.metrics.enabled }}
  - name: metrics
    containerPort: {{ include "hourglass-operator.metricsPort" . }}
    protocol: TCP
  {{- end }}
  - name: health
    containerPort: {{ .Values.operator.env.healthCheckPort }}
    protocol: TCP
  {{- if .Values.webhook.enabled }}
  - name: webhooks
    containerPort: {{ .Values.operator.env.webhookPort }}
    protocol: TCP
  {{- end }}
{{- with .Values.operator.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "hourglass-operator.volumes" . | fromYamlArray }}
volumeMounts:
  {{- range . }}
  - name: {{ .name }}
    mountPath: {{ get $mounts .name }}
    readOnly: true
  {{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* The volumes of the container, as a list in YAML; empty if there are none. */}}
{{- define "hourglass-operator.volumes" -}}
{{- if .Values.operator.tees }}
- name: tees
  configMap:
    name: {{ include "hourglass-operator.name" (list . "-tees") | quote }}
{{- end }}
{{- with .Values.metrics.certificateSecret }}
- name: metrics-certificate
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- if include "hourglass-operator.mountsCertificates" . }}
- name: webhook-certificate
  secret:
    secretName: {{ include "hourglass-operator.webhookCertificateSecret" . | quote }}
{{- end }}
{{- end -}}
