{{/* Proxy and certificate authorities, as a container's environment, its mounts and its pod's volumes (YAML lists). */}}
{{- define "tuf-recovery.network.env" -}}
{{- with .Values.proxy }}
{{- if or .http .https }}
{{- with .http }}
- {name: HTTP_PROXY, value: {{ . | quote }}}
{{- end }}
{{- with .https }}
- {name: HTTPS_PROXY, value: {{ . | quote }}}
{{- end }}
# The API server is reached by its address, services by their names; neither lies behind a proxy.
- name: NO_PROXY
  value: {{ concat (list "$(KUBERNETES_SERVICE_HOST)" "localhost" "127.0.0.1" ".svc" ".cluster.local") .exceptions | join "," | quote }}
{{- end }}
{{- end }}
{{- if or .Values.caBundle.configMap .Values.caBundle.secret }}
- {name: NODE_EXTRA_CA_CERTS, value: /etc/tuf-recovery/ca/{{ .Values.caBundle.key }}}
{{- end }}
{{- end -}}

{{- define "tuf-recovery.network.mounts" -}}
{{- if or .Values.caBundle.configMap .Values.caBundle.secret }}
- {name: ca-bundle, mountPath: /etc/tuf-recovery/ca, readOnly: true}
{{- end }}
{{- end -}}

{{- define "tuf-recovery.network.volumes" -}}
{{- with .Values.caBundle }}
{{- if and .configMap .secret }}
{{- fail "caBundle.configMap and caBundle.secret both name the certificate authorities: give one of them" }}
{{- end }}
{{- $items := list (dict "key" .key "path" .key) }}
{{- if .configMap }}
- {{ toJson (dict "name" "ca-bundle" "configMap" (dict "name" .configMap "items" $items)) }}
{{- else if .secret }}
- {{ toJson (dict "name" "ca-bundle" "secret" (dict "secretName" .secret "items" $items)) }}
{{- end }}
{{- end }}
{{- end -}}
