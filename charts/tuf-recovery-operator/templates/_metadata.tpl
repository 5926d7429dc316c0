{{/* Labels that select pods; they never change over the life of a release. Call with (dict "root" $ "component" "shim"). */}}
{{- define "tuf-recovery.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* All labels; the chart's own win over commonLabels, as selectors must not change. `labels`: further ones. */}}
{{- define "tuf-recovery.labels" -}}
{{- $own := include "tuf-recovery.selector" . | fromYaml -}}
{{- $about := dict
      "app.kubernetes.io/version" .root.Chart.AppVersion
      "app.kubernetes.io/managed-by" .root.Release.Service
      "app.kubernetes.io/part-of" "tuf-recovery-operator"
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- toYaml (merge $own $about (default dict .labels) .root.Values.commonLabels) -}}
{{- end -}}

{{/*
The metadata of an object. Call with (dict "root" $ "component" "shim" "name" …), and where they apply
"clusterWide" true, "namespace" …, "labels" dict, "annotations" dict.
*/}}
{{- define "tuf-recovery.metadata" -}}
name: {{ .name }}
{{- if not .clusterWide }}
namespace: {{ default (include "tuf-recovery.namespace" .root) .namespace }}
{{- end }}
labels:
  {{- include "tuf-recovery.labels" . | nindent 2 }}
{{- with merge (dict) (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The annotations of a CustomResourceDefinition. */}}
{{- define "tuf-recovery.crd.annotations" -}}
{{- $own := ternary (dict "helm.sh/resource-policy" "keep") dict .Values.crds.keep -}}
{{- with merge $own .Values.crds.annotations .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
