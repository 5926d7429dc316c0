{{/* Namespaces in which the shim creates runs: those of its tenants, and no others. JSON, for fromJsonArray. */}}
{{- define "tuf-recovery.shim.namespaces" -}}
{{- $tenants := .Values.shim.tenants -}}
{{- $namespaces := list (default (include "tuf-recovery.namespace" .) $tenants.default.namespace) -}}
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
- --namespace={{ default (include "tuf-recovery.namespace" .) $shim.tenants.default.namespace }}
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

{{/* Values that only go together; refused with what to set, which a schema can't say. */}}
{{- define "tuf-recovery.shim.validate" -}}
{{- $auth := .Values.shim.auth -}}
{{- $admins := .Values.shim.admins -}}
{{- $ways := list -}}
{{- if $admins.names -}}{{- $ways = append $ways "shim.admins.names" -}}{{- end -}}
{{- if $admins.claim.name -}}{{- $ways = append $ways "shim.admins.claim" -}}{{- end -}}
{{- if $admins.serverURL -}}{{- $ways = append $ways "shim.admins.serverURL" -}}{{- end -}}
{{- if not $ways -}}
{{- fail "shim.enabled needs to know who is an admin: set shim.admins.names to their names, shim.admins.claim.name and .value to a claim of their tokens, or shim.admins.serverURL to the server that knows them (for example http://faynosync.faynosync.svc:9000)" -}}
{{- end -}}
{{- if gt (len $ways) 1 -}}
{{- fail (printf "%s both say who is an admin: keep one of them" (join " and " $ways)) -}}
{{- end -}}
{{- if and $admins.claim.name (not $admins.claim.value) -}}
{{- fail "shim.admins.claim.value is missing: set the value of the claim that makes an admin" -}}
{{- end -}}
{{- if and (eq $auth.mode "SharedSecret") (not $auth.sharedSecret.existingSecret) -}}
{{- fail "shim.enabled needs the secret the server signs its tokens with: create a Secret with the server's JWT_SECRET and set shim.auth.sharedSecret.existingSecret to its name, or set shim.auth.mode to JWKS or OIDC" -}}
{{- end -}}
{{- if and (eq $auth.mode "JWKS") (not (and $auth.jwks.url $auth.issuer $auth.audience)) -}}
{{- fail "shim.auth.mode JWKS needs shim.auth.jwks.url, shim.auth.issuer and shim.auth.audience: set all three" -}}
{{- end -}}
{{- if and (eq $auth.mode "OIDC") (not (and (hasPrefix "http" $auth.issuer) $auth.audience)) -}}
{{- fail "shim.auth.mode OIDC needs shim.auth.issuer, a URL, and shim.auth.audience: set both" -}}
{{- end -}}
{{- end -}}
