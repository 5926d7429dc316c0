{{/* Namespaces in which the shim creates runs: those of its tenants, and no others. JSON, for fromJsonArray. */}}
{{- define "tuf-recovery.shim.namespaces" -}}
{{- $tenants := .Values.shim.tenants -}}
{{- $namespaces := list (default .Release.Namespace $tenants.default.namespace) -}}
{{- range $tenants.byAdmin -}}
{{- $namespaces = append $namespaces .namespace -}}
{{- end -}}
{{- $namespaces | uniq | toJson -}}
{{- end -}}

{{- define "tuf-recovery.shim.args" -}}
{{- $shim := .Values.shim -}}
{{- $auth := $shim.auth -}}
- shim
- --address=:8000
- --metrics-address=:8080
- --namespace={{ default .Release.Namespace $shim.tenants.default.namespace }}
- --target={{ $shim.tenants.default.target }}
{{- range $shim.tenants.byAdmin }}
- {{ printf "--tenant=%s=%s/%s" .admin .namespace .target | quote }}
{{- end }}
{{- if eq $auth.mode "SharedSecret" }}
{{- range $auth.sharedSecret.keys }}
- --jwt-secret-file=/etc/tuf-recovery/jwt/{{ . }}
{{- end }}
{{- else if eq $auth.mode "JWKS" }}
- --jwks-url={{ $auth.jwks.url }}
{{- else }}
- --oidc
{{- end }}
{{- with $auth.issuer }}
- --issuer={{ . }}
{{- end }}
{{- with $auth.audience }}
- --audience={{ . }}
{{- end }}
{{- range $auth.algorithms }}
- --jwt-algorithm={{ . }}
{{- end }}
- --username-claim={{ $auth.usernameClaim }}
- --clock-tolerance={{ $auth.clockToleranceSeconds }}
{{- if $auth.allowTokensWithoutExpiry }}
- --allow-tokens-without-expiry
{{- end }}
{{- range $shim.admins.names }}
- {{ printf "--admin=%s" . | quote }}
{{- end }}
{{- with $shim.admins.claim }}
{{- if .name }}
- {{ printf "--admin-claim=%s=%s" .name .value | quote }}
{{- end }}
{{- end }}
{{- with $shim.admins.serverURL }}
- --server-url={{ . }}
{{- end }}
- --rate-limit={{ $shim.rateLimitPerMinute }}
- --decision-timeout={{ $shim.decisionTimeoutSeconds }}
- --drain-delay={{ $shim.drainDelaySeconds }}
- --shutdown-grace={{ max 1 (sub (int $shim.terminationGracePeriodSeconds) (add 10 (int $shim.drainDelaySeconds))) }}
- --ttl-after-finished={{ $shim.ttlSecondsAfterFinished }}
{{- range $shim.allowedOrigins }}
- --allowed-origin={{ . }}
{{- end }}
- --log-level={{ $shim.logLevel }}
{{- end -}}
