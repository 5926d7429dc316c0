{{/*
A role with its binding: cluster-wide when no namespaces are given, else one pair per namespace. Call with
(dict "root" $ "component" "controller" "name" … "serviceAccount" … "rules" … "namespaces" list).
*/}}
{{- define "tuf-recovery.rbac" -}}
{{- $everywhere := empty .namespaces -}}
{{- range $namespace := (ternary (list "") .namespaces $everywhere) }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRole" "Role" $everywhere }}
metadata:
  {{- include "tuf-recovery.metadata" (dict
        "root" $.root
        "component" $.component
        "name" $.name
        "namespace" $namespace
        "clusterWide" $everywhere) | nindent 2 }}
rules:
  {{- $.rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "ClusterRoleBinding" "RoleBinding" $everywhere }}
metadata:
  {{- include "tuf-recovery.metadata" (dict
        "root" $.root
        "component" $.component
        "name" $.name
        "namespace" $namespace
        "clusterWide" $everywhere) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "ClusterRole" "Role" $everywhere }}
  name: {{ $.name }}
subjects:
  - kind: ServiceAccount
    name: {{ $.serviceAccount }}
    namespace: {{ include "tuf-recovery.namespace" $.root }}
{{- end }}
{{- end -}}
