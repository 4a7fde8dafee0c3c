{{/* The beginning of all names. */}}
{{- define "hourglass-operator.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- end -}}
{{/* Room for the longest ending of a name that becomes a label or a DNS name, "-controller-manager". */}}
{{- $name | trunc 44 | trimSuffix "-" -}}
{{- end -}}

{{/* A name of this release: of (list . "-controller-manager"). */}}
{{- define "hourglass-operator.name" -}}
{{- printf "%s%s" (include "hourglass-operator.fullname" (index . 0)) (index . 1) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "hourglass-operator.manager" -}}
{{- include "hourglass-operator.name" (list . "-controller-manager") -}}
{{- end -}}

{{- define "hourglass-operator.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "hourglass-operator.manager" .) -}}
{{- end -}}

{{/* What the Deployment, its Service and its budget select the operator's pods by. A Deployment's can't be changed. */}}
{{- define "hourglass-operator.selector" -}}
app.kubernetes.io/name: hourglass-operator
app.kubernetes.io/component: controller-manager
{{- end -}}

{{- define "hourglass-operator.labels" -}}
app.kubernetes.io/name: hourglass-operator
app.kubernetes.io/part-of: hourglass
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "hourglass-operator.metadata" -}}
{{/* Of (list . NAME), for what lies in the release's namespace. */ -}}
name: {{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "hourglass-operator.labels" (index . 0) | nindent 2 }}
{{- end -}}

{{/*
An object of files/, which hack/update-chart.sh copies from manifests/, with this release's name and labels: of
(dict "root" . "file" PATH), where need be with "namespace", and with "set", top-level fields in place of the file's.
*/}}
{{- define "hourglass-operator.object" -}}
{{- $object := .root.Files.Get .file | fromYaml -}}
{{- $name := regexReplaceAll "^hourglass-operator" $object.metadata.name (include "hourglass-operator.fullname" .root) -}}
{{- $labels := merge (include "hourglass-operator.labels" .root | fromYaml) ($object.metadata.labels | default dict) -}}
{{- $metadata := merge (dict "name" $name "labels" $labels) $object.metadata -}}
{{- with .namespace }}{{ $metadata = set $metadata "namespace" . }}{{ end -}}
{{- merge (.set | default dict) (dict "metadata" $metadata) $object | toYaml -}}
{{- end -}}

{{- define "hourglass-operator.image" -}}
{{- with .Values.operator.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The container's port for metrics, which has two names among the values. */}}
{{- define "hourglass-operator.metricsPort" -}}
{{- coalesce .Values.operator.env.metricsPort .Values.metrics.port (.Values.metrics.secure | ternary 8443 8080) | int -}}
{{- end -}}

{{- define "hourglass-operator.logLevel" -}}
{{- .Values.operator.env.logLevel | default (.Values.development.enabled | ternary "debug" "") -}}
{{- end -}}

{{/* Where a role binding points to: of (list . KIND NAME). */}}
{{- define "hourglass-operator.binding" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 1 }}
  name: {{ index . 2 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "hourglass-operator.serviceAccount" (index . 0) }}
    namespace: {{ (index . 0).Release.Namespace }}
{{- end -}}
