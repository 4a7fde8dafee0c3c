{{/* The prefix of all names. */}}
{{- define "hourglass-operator.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- end -}}
{{/* Labels and DNS names have at most 63 characters; the longest suffix is "-webhook-self-signed". */}}
{{- $name | trunc 43 | trimSuffix "-" -}}
{{- end -}}

{{/* A name of this release. The argument is, for example, (list . "-controller-manager"). */}}
{{- define "hourglass-operator.name" -}}
{{- printf "%s%s" (include "hourglass-operator.fullname" (index . 0)) (index . 1) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "hourglass-operator.manager" -}}
{{- include "hourglass-operator.name" (list . "-controller-manager") -}}
{{- end -}}

{{- define "hourglass-operator.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "hourglass-operator.manager" .) -}}
{{- end -}}

{{/* The labels by which the Deployment, its Service and its budget select the operator's pods. A Deployment's selector can't be changed. */}}
{{- define "hourglass-operator.selector" -}}
app.kubernetes.io/name: hourglass-operator
app.kubernetes.io/component: controller-manager
{{- end -}}

{{- define "hourglass-operator.labels" -}}
app.kubernetes.io/name: hourglass-operator
app.kubernetes.io/part-of: hourglass
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "hourglass-operator.metadata" -}}
{{/* Metadata of an object in the release's namespace. The argument is (list . NAME). */ -}}
name: {{ index . 1 | quote }}
namespace: {{ (index . 0).Release.Namespace | quote }}
labels:
  {{- include "hourglass-operator.labels" (index . 0) | nindent 2 }}
{{- end -}}

{{/*
A file of files/, which hack/update-chart.sh copies from manifests/, with the names and the namespace of this release.
The argument is (list . PATH).
*/}}
{{- define "hourglass-operator.source" -}}
{{- $root := index . 0 -}}
{{- /* Placeholders that no name can contain come first, because this release's names may contain the replaced text. The namespace is quoted because it may consist of digits. */ -}}
{{- $root.Files.Get (printf "files/%s" (index . 1))
  | replace "hourglass-operator-" "<<fullname>>-"
  | replace ": hourglass-system\n" ": \"<<namespace>>\"\n"
  | replace "[hourglass-system]" "[\"<<namespace>>\"]"
  | replace "hourglass-system" "<<namespace>>"
  | replace "<<fullname>>" (include "hourglass-operator.fullname" $root)
  | replace "<<namespace>>" $root.Release.Namespace -}}
{{- end -}}

{{/* All objects of such a file. The argument is (list . PATH). */}}
{{- define "hourglass-operator.objects" -}}
{{- $root := index . 0 -}}
{{- range splitList "\n---\n" (include "hourglass-operator.source" .) }}
---
{{ include "hourglass-operator.object" (list $root (fromYaml .)) }}
{{- end }}
{{- end -}}

{{/* An object with this release's labels, namespace and service account. The argument is (list . OBJECT). */}}
{{- define "hourglass-operator.object" -}}
{{- $root := index . 0 -}}
{{- $object := index . 1 -}}
{{- $meta := $object.metadata -}}
{{- $_ := set $meta "labels" (merge (include "hourglass-operator.labels" $root | fromYaml) ($meta.labels | default dict)) -}}
{{- if and (has $object.kind (list "Role" "RoleBinding")) (not $meta.namespace) -}}
{{- $_ := set $meta "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- range $object.subjects -}}
{{- $_ := set . "name" (include "hourglass-operator.serviceAccount" $root) -}}
{{- $_ := set . "namespace" $root.Release.Namespace -}}
{{- end -}}
{{- toYaml $object -}}
{{- end -}}

{{/*
Limits a namespaceSelector to the watched namespaces, if not all are watched. Another operator is responsible for the rest.
The argument is (list . SELECTOR).
*/}}
{{- define "hourglass-operator.onlyWatched" -}}
{{- $selector := index . 1 -}}
{{- with (index . 0).Values.namespaces -}}
{{- $only := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" . -}}
{{- $_ := set $selector "matchExpressions" (append $selector.matchExpressions $only) -}}
{{- end -}}
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

{{/* The container's port for metrics, which two values can set. */}}
{{- define "hourglass-operator.metricsPort" -}}
{{- coalesce .Values.operator.env.metricsPort .Values.metrics.port (.Values.metrics.secure | ternary 8443 8080) | int -}}
{{- end -}}

{{- define "hourglass-operator.logLevel" -}}
{{- .Values.operator.env.logLevel | default (.Values.development.enabled | ternary "debug" "") -}}
{{- end -}}
