{{/*
What the pods of the chart have in common. Call each with
(dict "root" $ "values" .Values.controller "component" "controller").
*/}}
{{- define "tuf-recovery.pod.metadata" -}}
labels:
  {{- include "tuf-recovery.labels" (dict "root" .root "component" .component "labels" .values.podLabels) | nindent 2 }}
{{- with merge (dict) .values.podAnnotations .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Of every pod, the one of `helm test` included. */}}
{{- define "tuf-recovery.pod.environment" -}}
{{- with concat .root.Values.imagePullSecrets .root.Values.global.imagePullSecrets | uniq }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .root.Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .root.Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tuf-recovery.pod.placement" -}}
{{- include "tuf-recovery.pod.environment" . }}
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
{{- $affinity := .values.affinity }}
{{- if not (hasKey $affinity "podAntiAffinity") }}
{{- $affinity = merge (include "tuf-recovery.pod.antiAffinity" . | fromYaml) $affinity }}
{{- end }}
affinity:
  {{- toYaml $affinity | nindent 2 }}
{{- with .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
All new pods at once: a rollout takes as long as one start, and the lease changes hands once. Not a default among the
values: Helm would merge it into a user's `type: Recreate`, and the API server refuses the sum.
*/}}
{{- define "tuf-recovery.pod.strategy" -}}
{{- with .strategy }}
{{- toYaml . }}
{{- else -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 100%
  maxUnavailable: 0
{{- end }}
{{- end -}}

{{/*
Another node than its peers', then another zone. Not spread constraints: their score leaves out every node that lacks
one of the labels, so that on nodes without a zone all replicas may end up together.
*/}}
{{- define "tuf-recovery.pod.antiAffinity" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    {{- range $key, $weight := dict "kubernetes.io/hostname" 100 "topology.kubernetes.io/zone" 50 }}
    - weight: {{ $weight }}
      podAffinityTerm:
        topologyKey: {{ $key }}
        labelSelector:
          matchLabels:
            {{- include "tuf-recovery.selector" $ | nindent 12 }}
    {{- end }}
{{- end -}}
