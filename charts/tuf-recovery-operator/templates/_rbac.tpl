{{/*
A role with its binding: cluster-wide when no namespaces are given, else one pair per namespace. Call with
(dict "root" $ "component" "controller" "name" … "serviceAccount" … "rules" … "namespaces" list).
*/}}
{{- define "tuf-recovery.rbac" -}}
{{- $labels := include "tuf-recovery.labels" (dict "root" .root "component" .component) -}}
{{- $everywhere := empty .namespaces -}}
{{- range $namespace := (ternary (list "") .namespaces $everywhere) }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRole" "Role" $everywhere }}
metadata:
  name: {{ $.name }}
  {{- if not $everywhere }}
  namespace: {{ $namespace }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
rules:
  {{- $.rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRoleBinding" "RoleBinding" $everywhere }}
metadata:
  name: {{ $.name }}
  {{- if not $everywhere }}
  namespace: {{ $namespace }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "ClusterRole" "Role" $everywhere }}
  name: {{ $.name }}
subjects:
  - kind: ServiceAccount
    name: {{ $.serviceAccount }}
    namespace: {{ $.root.Release.Namespace }}
{{- end }}
{{- end -}}
