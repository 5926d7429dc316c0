{{/*
One egress rule per destination {ports, to}; an empty `to` means any address at these ports. Call with
(dict "dns" destination "destinations" list "extra" list).
*/}}
{{- define "tuf-recovery.egress" -}}
{{- range prepend .destinations (merge (dict "udp" true) .dns) }}
{{- $udp := .udp }}
- ports:
    {{- range .ports }}
    {{- if $udp }}
    - {port: {{ . }}, protocol: UDP}
    {{- end }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with .extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}
