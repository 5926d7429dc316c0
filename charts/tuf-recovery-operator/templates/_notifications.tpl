{{/* The URL of the webhook, as a mount of the controller's container and a volume of its pod (YAML lists). */}}
{{- define "tuf-recovery.notifications.mounts" -}}
{{- if .Values.notifications.existingSecret }}
- {name: notifications, mountPath: /etc/tuf-recovery/notifications, readOnly: true}
{{- end }}
{{- end -}}

{{- define "tuf-recovery.notifications.volumes" -}}
{{- with .Values.notifications }}
{{- if .existingSecret }}
{{- $items := list (dict "key" .key "path" "url") }}
# Optional: recoveries must not wait for the Secret of an extra.
- {{ toJson (dict "name" "notifications" "secret" (dict "secretName" .existingSecret "items" $items "optional" true)) }}
{{- end }}
{{- end }}
{{- end -}}
