{{/*
What the containers of controller and shim have in common. Call with
(dict "root" $ "values" .Values.controller "port" "health"), and where they apply "env" list, "mounts" list.
*/}}
{{- define "tuf-recovery.container" -}}
image: {{ include "tuf-recovery.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- with concat (default list .env) (include "tuf-recovery.network.env" .root | fromYamlArray) .values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $name, $path := dict "startupProbe" "/healthz" "livenessProbe" "/healthz" "readinessProbe" "/readyz" }}
{{- with index $.values $name }}
{{ $name }}:
  {{- toYaml (merge (dict "httpGet" (dict "path" $path "port" $.port)) .) | nindent 2 }}
{{- end }}
{{- end }}
{{- with .values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
# Why it stopped is in the pod's status, too.
terminationMessagePolicy: FallbackToLogsOnError
{{- with concat (default list .mounts) (include "tuf-recovery.network.mounts" .root | fromYamlArray) .values.extraVolumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
