import { systemErrorCode } from '../errors.ts';

/** Two namespaces of a cluster that a short host name can mean a Service of. */
export interface ServiceNameNamespaces {
  /** Where names are looked up from: the namespace of this pod. */
  readonly lookedUpFrom: string;
  /** Where the host was written down: the namespace of the object that names it. */
  readonly namedIn: string;
}

/**
 * Why a Service's short name did not resolve, and the name that would. DNS completes a name without dots with
 * the namespace of the pod that asks, which is seldom that of the object the name stands in.
 *
 * @param error what the connection failed with; a getaddrinfo failure names its host
 * @param scope undefined outside a cluster
 * @returns one or two sentences; undefined for any other failure and for names with dots
 */
export function explainUnresolvedName(
  error: unknown,
  scope: ServiceNameNamespaces | undefined,
): string | undefined {
  const host = unresolvedHost(error);
  if (host === undefined || host.includes('.') || scope === undefined) {
    return undefined;
  }
  const { lookedUpFrom, namedIn } = scope;
  return lookedUpFrom === namedIn
    ? `The name ${host} was looked up in namespace ${lookedUpFrom}, which has no such Service. Correct the name, or create the Service.`
    : `The name ${host} was looked up in namespace ${lookedUpFrom}, where the controller runs. If it is a Service of namespace ${namedIn}, call it ${host}.${namedIn}.svc.`;
}

function unresolvedHost(error: unknown): string | undefined {
  const code = systemErrorCode(error);
  const unresolved = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  return unresolved && error instanceof Error && 'hostname' in error && typeof error.hostname === 'string'
    ? error.hostname
    : undefined;
}
