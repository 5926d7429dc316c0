{{/* One egress rule per destination {ports, to}; an empty `to` means any address at these ports. */}}
{{- define "tuf-recovery.egress" -}}
{{- range .destinations }}
- ports:
    {{- range .ports }}
    {{- if eq (int .) 53 }}
    - {port: 53, protocol: UDP}
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
