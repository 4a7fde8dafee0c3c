{{/* A monitoring object with the namespace, labels and annotations of VALUES. The argument is (list . OBJECT VALUES). */}}
{{- define "hourglass-operator.monitoringObject" -}}
{{- $root := index . 0 -}}
{{- $object := index . 1 -}}
{{- $values := index . 2 -}}
{{- $_ := set $object.metadata "namespace" ($values.namespace | default $root.Release.Namespace) -}}
{{- with $values.labels }}{{ $_ := set $object.metadata "labels" . }}{{ end -}}
{{- with $values.annotations }}{{ $_ := set $object.metadata "annotations" . }}{{ end -}}
{{- include "hourglass-operator.object" (list $root $object) -}}
{{- end -}}
