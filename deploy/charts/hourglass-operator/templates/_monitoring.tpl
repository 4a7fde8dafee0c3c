{{/* An object for what watches the operator: of (list . OBJECT VALUES), with the namespace, labels and annotations of VALUES. */}}
{{- define "hourglass-operator.monitoringObject" -}}
{{- $root := index . 0 -}}
{{- $object := index . 1 -}}
{{- $values := index . 2 -}}
{{- $_ := set $object.metadata "namespace" ($values.namespace | default $root.Release.Namespace) -}}
{{- with $values.labels }}{{ $_ := set $object.metadata "labels" . }}{{ end -}}
{{- with $values.annotations }}{{ $_ := set $object.metadata "annotations" . }}{{ end -}}
{{- include "hourglass-operator.object" (list $root $object) -}}
{{- end -}}
