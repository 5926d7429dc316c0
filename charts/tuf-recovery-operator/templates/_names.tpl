{{/* Base name of everything in the release. At most 52 characters, so that "-controller" and "-shim" still fit a label. */}}
{{- define "tuf-recovery.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
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

{{/* A digest, when given, wins over the tag: it is what was really pulled. */}}
{{- define "tuf-recovery.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that select pods; they never change over the life of a release. Call with (dict "root" $ "component" "shim"). */}}
{{- define "tuf-recovery.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "tuf-recovery.labels" -}}
{{ include "tuf-recovery.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: tuf-recovery-operator
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
