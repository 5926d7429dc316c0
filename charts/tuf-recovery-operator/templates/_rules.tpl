{{/*
Everything the controller may do in the namespaces it watches. The one place that says so: the plain manifest, the
tests' ServiceAccount and the permissions page come from here.
*/}}
{{- define "tuf-recovery.controller.rules" -}}
# Runs: read them, hold and release the finalizer (patch), create those a policy asks for, delete those past their time
# to live or beyond a policy's history.
- apiGroups: [tuf-recovery.dev]
  resources: [bootstraprecoveries]
  verbs: [get, list, watch, create, patch, delete]
# Targets and policies are only read; people and Git own them.
- apiGroups: [tuf-recovery.dev]
  resources: [recoverytargets, recoverypolicies]
  verbs: [get, list, watch]
# One for each app that a policy guards. Never deleted: what they remember is for a person to forget.
- apiGroups: [tuf-recovery.dev]
  resources: [bootstrapstates]
  verbs: [get, list, watch, create]
# By server-side apply.
- apiGroups: [tuf-recovery.dev]
  resources: [bootstraprecoveries/status, bootstrapstates/status, recoverytargets/status, recoverypolicies/status]
  verbs: [patch]
# Credentials, read fresh at each run; never listed, never watched, never written.
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secretNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
  verbs: [get]
# Pinned roots (read), reports and captured settings (written by server-side apply, owned by their run or app).
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/*
What the controller may do in a watched namespace that is being deleted: its Role there may be gone while a run still
waits for the finalizer to be removed. RBAC can't say that; admission confines it to the watched namespaces.
*/}}
{{- define "tuf-recovery.controller.finalizerRules" -}}
- apiGroups: [tuf-recovery.dev]
  resources: [bootstraprecoveries]
  verbs: [get, patch]
{{- end -}}

{{/* Leader election, in the controller's own namespace. */}}
{{- define "tuf-recovery.controller.leaseRules" -}}
# A Lease can't be restricted by name at creation, so creating stands alone.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "tuf-recovery.controller.leaseName" . }}]
  # It deletes nothing: OpenShift lets only who may delete an object change its owner.
  verbs: [get, watch, update, delete]
{{- end -}}

{{- define "tuf-recovery.controller.leaseName" -}}
{{ include "tuf-recovery.controller.name" . }}
{{- end -}}

{{/*
The shim creates runs, reads them, and patches the one whose caller was refused: it is cancelled and soon deleted. It
can't read a Secret, a target or anything else.
*/}}
{{- define "tuf-recovery.shim.rules" -}}
- apiGroups: [tuf-recovery.dev]
  resources: [bootstraprecoveries]
  verbs: [get, list, watch, create, patch]
{{- end -}}
