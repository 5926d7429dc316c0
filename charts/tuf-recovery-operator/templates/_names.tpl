{{/* Namespace of everything that belongs to one. */}}
{{- define "tuf-recovery.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end -}}

{{/*
Base name of everything in the release. At most 52 characters, so that "-controller" and "-shim" still fit a label. A
release that is called tuf-recovery, or after the chart, is name enough.
*/}}
{{- define "tuf-recovery.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $known := list $name -}}
{{- if not .Values.nameOverride -}}
{{- $known = append $known "tuf-recovery" -}}
{{- end -}}
{{- $fullname := printf "%s-%s" .Release.Name $name -}}
{{- range $known -}}
{{- if contains . $.Release.Name -}}
{{- $fullname = $.Release.Name -}}
{{- end -}}
{{- end -}}
{{- default $fullname .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "tuf-recovery.controller.name" -}}
{{ include "tuf-recovery.fullname" . }}-controller
{{- end -}}

{{- define "tuf-recovery.shim.name" -}}
{{ include "tuf-recovery.fullname" . }}-shim
{{- end -}}

{{- define "tuf-recovery.controller.serviceAccount" -}}
{{- if .Values.controller.serviceAccount.create -}}
{{ default (include "tuf-recovery.controller.name" .) .Values.controller.serviceAccount.name }}
{{- else -}}
{{ required "controller.serviceAccount.name is needed when controller.serviceAccount.create is false" .Values.controller.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "tuf-recovery.shim.serviceAccount" -}}
{{- if .Values.shim.serviceAccount.create -}}
{{ default (include "tuf-recovery.shim.name" .) .Values.shim.serviceAccount.name }}
{{- else -}}
{{ required "shim.serviceAccount.name is needed when shim.serviceAccount.create is false" .Values.shim.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{/*
A digest, when given, wins over the tag: it is what was really pulled. A registry takes the place of the one that the
repository names; the parent chart's comes first.
*/}}
{{- define "tuf-recovery.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with default .Values.image.registry .Values.global.imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}
