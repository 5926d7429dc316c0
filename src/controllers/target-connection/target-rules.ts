import { lookup } from 'node:dns/promises';
import { TerminalError } from '../../errors.ts';
import { isLinkLocal } from '../../net/link-local.ts';

/** What an installation allows targets, no matter who writes them. */
export interface TargetRules {
  /** The namespace of the controller's pod; undefined outside a cluster. */
  readonly podNamespace: string | undefined;
  /** Namespaces whose targets may use the controller's own cloud identity; `*` allows all. */
  readonly ambientNamespaces: readonly string[];
  /** The API server: the controller may reach it where tenants may not. */
  readonly apiServer: () => { readonly host: string; readonly port: number };
}

/**
 * Refuses hosts that a target must not send the controller to: it has a place in the network and an identity
 * that those who write targets don't have. A name is judged by what it resolves to; one that does not resolve
 * is left to the connection.
 *
 * @throws TerminalError `InvalidReference`
 */
export async function assertReachable(host: string, port: number, rules: TargetRules): Promise<void> {
  const addresses = await addressesOf(host);
  if (addresses.some(isLinkLocal)) {
    throw refused(host, 'a link-local or metadata address');
  }
  const server = rules.apiServer();
  if (port === server.port) {
    const own = new Set(await addressesOf(server.host));
    if (addresses.some((address) => own.has(address))) {
      throw refused(host, 'the API server');
    }
  }
}

function refused(host: string, what: string): TerminalError {
  return new TerminalError(
    'InvalidReference',
    `${host} is ${what}, which no target may name. Put the address of the Redis or the S3 server into the RecoveryTarget.`,
  );
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    // Reported by the connection, with what to do about it.
    return [];
  }
}

/**
 * The controller's own cloud identity is for namespaces that the installation names, and for AWS itself: a
 * server of a tenant's choice must not be handed tokens.
 *
 * @throws TerminalError `InvalidReference`
 */
export function assertAmbientAllowed(
  namespace: string,
  endpoint: string | undefined,
  { ambientNamespaces }: TargetRules,
): void {
  if (!ambientNamespaces.includes(namespace) && !ambientNamespaces.includes('*')) {
    throw new TerminalError(
      'InvalidReference',
      `storage.ambient: targets in namespace ${namespace} may not use the controller's own identity. Set storage.credentialsSecretRef, or allow the namespace with --ambient-identity-namespaces (chart: controller.ambientIdentityNamespaces).`,
    );
  }
  if (endpoint !== undefined) {
    throw new TerminalError(
      'InvalidReference',
      "storage.ambient: the controller's own identity is for AWS alone and never goes to storage.endpoint. Set storage.credentialsSecretRef.",
    );
  }
}
